"""The tables of the lake describe the files that the library writes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest
from tests.infra.terraform import REPOSITORY
from tests.standins.missing import Missing

from fleetcore_adapters.arrow.part_file import SCHEMA
from fleetcore_entrypoints import open_local

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

PYTHON: Final = REPOSITORY / ".venv-checkov" / "bin" / "python"

HIVE: Final = {
    pa.float64(): "double",
    pa.int64(): "bigint",
    pa.timestamp("ms", tz="UTC"): "timestamp",
    pa.uint64(): "bigint",
    pa.dictionary(pa.int32(), pa.string()): "string",
}
"""What Athena calls a column of the files."""

DUCKDB: Final = {
    "bigint": {"BIGINT", "UBIGINT"},
    "double": {"DOUBLE"},
    "string": {"VARCHAR"},
    "timestamp": {"TIMESTAMP WITH TIME ZONE"},
    "array<string>": {"VARCHAR[]"},
}
"""What DuckDB calls the same."""

READ: Final = """
import json, sys, duckdb
told = {}
for name, source in json.loads(sys.argv[1]).items():
    rows = duckdb.sql(f"select * from {source}")
    told[name] = {
        "columns": dict(zip(rows.columns, map(str, rows.types))),
        "rows": duckdb.sql(f"select count(*) from {source}").fetchall()[0][0],
    }
print(json.dumps(told))
"""


@pytest.fixture(name="tables")
def _tables(built: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """Glue's tables by name."""
    resources = built["lake/lake"]["root_module"]["resources"]
    return {
        each["values"]["name"]: each["values"]
        for each in resources
        if each["type"] == "aws_glue_catalog_table"
    }


def _columns(table: Mapping[str, Any]) -> Mapping[str, str]:
    """A table's columns with those that are partitions, and their types."""
    columns = [*table["storage_descriptor"][0]["columns"], *(table["partition_keys"] or ())]
    return {each["name"]: each["type"] for each in columns}


@pytest.mark.parametrize("name", ["parts", "all_parts"])
def test_parts_have_the_columns_of_part_files(
    tables: Mapping[str, Mapping[str, Any]], name: str
) -> None:
    """Names and types are those of the Parquet files, the ingestion as partition or column."""
    assert {field.name: HIVE[field.type] for field in SCHEMA} == _columns(tables[name])


def test_duckdb_reads_the_layout(tables: Mapping[str, Mapping[str, Any]], tmp_path: Path) -> None:
    """In the folders that partitions are projected from lie files of the tables' columns."""
    if not PYTHON.is_file():
        raise Missing("DuckDB is not installed beside checkov: make check sets it up")
    upload = tmp_path / "fleet.csv"
    upload.write_text(_fleet())
    with open_local(tmp_path / "data") as fleet:
        rows = fleet.ingest(upload).ledger.rows
    folders = {
        name: tmp_path / "data" / table["parameters"]["storage.location.template"].split("/", 3)[3]
        for name, table in tables.items()
        if table["partition_keys"]
    }
    sources = {
        name: f"read_{'parquet' if name == 'parts' else 'json_auto'}"
        f"('{str(folder).replace('${ingestion}', '*')}/*', hive_partitioning=false)"
        for name, folder in folders.items()
    }
    done = subprocess.run(
        [str(PYTHON), "-c", READ, json.dumps(sources)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert (rows.accepted, rows.rejected) == (told["parts"]["rows"], told["rejects"]["rows"])
    for name, said in told.items():
        columns = dict(_columns(tables[name]))
        if name == "rejects":
            del columns["ingestion"]  # only the folder says it
        assert columns.keys() == said["columns"].keys()
        assert [] == [
            each for each, kind in columns.items() if said["columns"][each] not in DUCKDB[kind]
        ]


def _fleet() -> str:
    """A file with rows of both lanes, and one that is rejected."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["vehicle_id", "observed_at", "latitude", "longitude", "status"])
    for minute in range(20):
        status = "moving" if minute % 2 else "idle"
        rows.writerow(["cab-1", f"2023-11-14T22:{minute:02d}:00Z", 37.75, -122.4, status])
    rows.writerow(["cab-1", "2023-11-14T23:00:00Z", 91.0, -122.4, "idle"])
    return text.getvalue()
