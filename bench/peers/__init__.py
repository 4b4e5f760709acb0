"""The same job in other engines, each a script for the environment `.venv-bench`.

Parse, check the ranges, drop repeated rows, add the distance from the vehicle's depot, write one
Parquet file with zstd: `python PEER.py EVENTS.csv VEHICLES.csv OUT.parquet`.
"""
