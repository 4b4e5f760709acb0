"""Facts as columns: the rows of a batch, and their fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from fleetcore.domain.facts import Fact
from fleetcore.domain.fingerprint import FIELD_NUMBERS, word_of
from fleetcore_adapters.arrow.columns import Numbers, Words, number_words
from fleetcore_adapters.arrow.part_file import SCHEMA
from fleetcore_adapters.arrow.texts import text_words
from fleetcore_adapters.vectors.splitmix import mixed


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


def fingerprints_of(facts: Sequence[Fact]) -> Words:
    """What `fleetcore.domain.fingerprint.fingerprint_of` says of each."""
    total = np.zeros(len(facts), np.uint64)
    with np.errstate(invalid="ignore"):  # where bits are flipped there may be signalling NaNs
        for field, values in zip(FIELD_NUMBERS, zip(*facts, strict=True), strict=False):
            total += _words(field, values)
    return mixed(total)


def _words(field: str, values: tuple[Any, ...]) -> Words:
    """What each value of a field adds to the fingerprint of its fact."""
    match field:
        case "vehicle_id":
            return text_words(field, pa.array(values, pa.string()))
        case "observed_at":
            return number_words(field, Numbers(values=np.array(values, np.int64)))
        case "status" | "city":  # of few names
            words = {value: word_of(field, value) for value in set(values)}
            return np.array([words[value] for value in values], np.uint64)
        case _:
            valid = np.array([value is not None for value in values]) if None in values else None
            return number_words(field, Numbers(values=np.array(values, np.float64), valid=valid))


def _array(type_: pa.DataType, values: Sequence[object]) -> pa.Array:
    if pa.types.is_dictionary(type_):
        return pa.array(values, type=pa.string()).dictionary_encode()
    if pa.types.is_timestamp(type_):
        return pa.array(values, type=pa.int64()).view(type_)
    return pa.array(values, type=type_)
