"""The comparisons of `make bench`: fleetcore beside DuckDB, Polars and pandas."""
