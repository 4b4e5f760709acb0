"""Columnar engine and Parquet log on Apache Arrow."""
