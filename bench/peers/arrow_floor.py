"""No peer but a floor: the file read by Arrow and written as Parquet, with nothing in between."""

from __future__ import annotations

import sys

import pyarrow.csv
import pyarrow.parquet


def main(events: str, _vehicles: str, out: str) -> None:
    """Read and write."""
    table = pyarrow.csv.read_csv(events)
    pyarrow.parquet.write_table(table, out, compression="zstd", compression_level=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
