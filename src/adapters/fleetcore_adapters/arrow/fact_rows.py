"""Facts as rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from fleetcore.domain.facts import Fact
from fleetcore_adapters.arrow.part_file import SCHEMA


def table_of(facts: Sequence[Fact], ingestion: str) -> pa.Table:
    """Facts as rows of an ingestion, without source, numbered from 1."""
    rows = len(facts)
    columns = list(zip(*facts, strict=True)) or [()] * len(Fact._fields)
    cells: dict[str, Sequence[object]] = {
        **dict(zip(Fact._fields, columns, strict=True)),
        "ingestion": [ingestion] * rows,
        "line": range(1, rows + 1),
    }
    return pa.table(
        [
            _array(field.type, cells[field.name])
            if field.name in cells
            else pa.nulls(rows, field.type)
            for field in SCHEMA
        ],
        schema=SCHEMA,
    )


def _array(type_: pa.DataType, values: Sequence[object]) -> pa.Array:
    if pa.types.is_dictionary(type_):
        return pa.array(values, type=pa.string()).dictionary_encode()
    if pa.types.is_timestamp(type_):
        return pa.array(values, type=pa.int64()).view(type_)
    return pa.array(values, type=type_)
