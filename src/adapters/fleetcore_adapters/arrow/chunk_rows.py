"""The rows of one chunk: sorted, deduplicated against the file so far, and made into tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from attrs import frozen
from numpy.typing import NDArray

from fleetcore.domain.ledger import RowCounts
from fleetcore_adapters.arrow.columns import (
    Codes,
    Column,
    Ints,
    Mask,
    Numbers,
    Texts,
    number_words,
)
from fleetcore_adapters.arrow.identities import Identities
from fleetcore_adapters.arrow.part_file import ROW_GROUP_ROWS, SCHEMA, times_of
from fleetcore_adapters.arrow.payloads import Payloads, TextTable
from fleetcore_adapters.arrow.rows import Rows
from fleetcore_adapters.arrow.vehicles import SortedIds, VehicleTable
from fleetcore_adapters.vectors.splitmix import mixed

_DIGIT_BITS = 16


@frozen(kw_only=True, slots=True, eq=False)
class Kept:
    """A chunk's rows that go to the log, in part order, and what became of all of them."""

    rows: Rows
    counts: RowCounts


def merged(blocks: Sequence[Rows], texts: Mapping[str, TextTable]) -> Rows:
    """The rows of several blocks, one behind the other."""
    starts = np.cumsum([0, *(len(rows.times) for rows in blocks)])
    return Rows(
        accepted=np.concatenate(
            [rows.accepted + start for rows, start in zip(blocks, starts, strict=False)]
        ),
        vehicles=np.concatenate([rows.vehicles for rows in blocks]),
        times=np.concatenate([rows.times for rows in blocks]),
        lines=np.concatenate([rows.lines for rows in blocks]),
        columns={
            name: _merged_column([rows.columns[name] for rows in blocks], texts.get(name))
            for name in blocks[0].columns
        },
        identity_words=np.concatenate([rows.identity_words for rows in blocks]),
        fingerprints=np.concatenate([rows.fingerprints for rows in blocks]),
    )


def _merged_column(columns: Sequence[Column], texts: TextTable | None) -> Column:
    if isinstance(columns[0], Texts):
        return (texts or TextTable()).merged([c for c in columns if isinstance(c, Texts)])
    numbers = [column for column in columns if isinstance(column, Numbers)]
    values = np.concatenate([column.values for column in numbers])
    if all(column.valid is None for column in numbers):
        return Numbers(values=values)
    valid = [
        np.ones(len(column.values), dtype=np.bool_) if column.valid is None else column.valid
        for column in numbers
    ]
    return Numbers(values=values, valid=np.concatenate(valid))


def deduplicated(rows: Rows, ranks: Codes, identities: Identities) -> Kept:
    """Sort the rows, drop the duplicates, and remember what is left."""
    payloads = Payloads(rows.columns, len(rows.times))
    order, later = _distinct(rows, ranks, payloads)
    met = identities.met(
        rows.identity_words[order], rows.vehicles[order], rows.times[order], order, payloads
    )
    if met.equal.any():
        fresh = ~met.equal
        order, later = order[fresh], later[fresh] | met.sibling[fresh]
    else:
        later |= met.sibling
    left = rows.take(order)
    identities.add(
        left.identity_words, left.vehicles, left.times, Payloads(left.columns, len(order))
    )
    return _kept(rows, left, later)


def deduplicated_alone(rows: Rows, ranks: Codes) -> Kept:
    """As `deduplicated`, where no rows came before."""
    order, later = _distinct(rows, ranks, Payloads(rows.columns, len(rows.times)))
    return _kept(rows, rows.take(order), later)


def _distinct(rows: Rows, ranks: Codes, payloads: Payloads) -> tuple[Ints, Mask]:
    """Accepted rows in part order without duplicates, and which come later in their identity."""
    order = _order(ranks, rows)
    kept, later = _inside(rows, order, payloads)
    return (order, later) if kept.all() else (order[kept], later[kept])


def _kept(rows: Rows, left: Rows, later: Mask) -> Kept:
    conflicting = int(later.sum())
    return Kept(
        rows=left,
        counts=RowCounts(
            read=len(rows.accepted),
            accepted=len(left.times) - conflicting,
            conflicting=conflicting,
            duplicate=len(rows.accepted) - len(left.times),
        ),
    )


def _order(ranks: Codes, rows: Rows) -> Ints:
    """Accepted rows by vehicle, then time, then line: a stable radix sort on 16-bit digits."""
    order = rows.accepted
    times = rows.times[order]
    if (times[1:] < times[:-1]).any():
        order = order[np.argsort(times, kind="stable")]
    for shift in range(0, max(len(ranks).bit_length(), 1), _DIGIT_BITS):
        digits = (ranks[rows.vehicles[order]] >> shift).astype(np.uint16)
        order = order[np.argsort(digits, kind="stable")]
    return order


def _inside(rows: Rows, order: Ints, payloads: Payloads) -> tuple[Mask, Mask]:
    """Of rows in order: which to keep, and which of these come later in their identity."""
    kept = np.ones(len(order), dtype=np.bool_)
    later = np.zeros(len(order), dtype=np.bool_)
    vehicles, times = rows.vehicles[order], rows.times[order]
    same = (vehicles[1:] == vehicles[:-1]) & (times[1:] == times[:-1])
    if not same.any():
        return kept, later
    begins = np.concatenate(([True], ~same))
    group = np.cumsum(begins)
    shared = np.flatnonzero(~begins | np.concatenate((same, [False])))
    prints = rows.fingerprints[order[shared]]
    by_print = shared[np.lexsort((shared, prints, group[shared]))]
    prints = rows.fingerprints[order[by_print]]
    repeats = (group[by_print][1:] == group[by_print][:-1]) & (prints[1:] == prints[:-1])
    if repeats.any():
        run = np.concatenate(([0], np.cumsum(~repeats)))
        first = by_print[np.flatnonzero(np.concatenate(([True], ~repeats)))][run]
        equal = payloads.equal(order[by_print], order[first])
        doubled = np.concatenate(([False], repeats))
        kept[by_print[doubled & equal]] = False
        _drop_equal_behind_collision(by_print[doubled & ~equal], group, order, payloads, kept)
    left = shared[kept[shared]]
    later[left[1:]] = group[left][1:] == group[left][:-1]
    return kept, later


def _drop_equal_behind_collision(
    rows: Ints, group: Ints, order: Ints, payloads: Payloads, kept: Mask
) -> None:
    """Settle rows whose fingerprint equals an earlier one's though the payload does not."""
    for row in rows.tolist():
        siblings = np.flatnonzero((group == group[row]) & kept)
        earlier = siblings[siblings < row]
        mine = np.full(len(earlier), order[row])
        kept[row] = not payloads.equal(order[earlier], mine).any()


def part_tables(rows: Rows, vehicles: SortedIds, ingestion: str) -> list[pa.Table]:
    """Sorted rows as the tables of a part, one a row group."""
    return [
        _table(rows, slice(at, at + ROW_GROUP_ROWS), vehicles, ingestion)
        for at in range(0, len(rows.times), ROW_GROUP_ROWS)
    ]


def _table(rows: Rows, group: slice, vehicles: SortedIds, ingestion: str) -> pa.Table:
    places = vehicles.ranks[rows.vehicles[group]]
    changes = np.concatenate(([True], places[1:] != places[:-1]))
    arrays = {
        "vehicle_id": _dictionary(
            np.cumsum(changes) - 1, vehicles.ids.take(pa.array(places[changes]))
        ),
        "observed_at": pa.array(rows.times[group]).view(SCHEMA.field("observed_at").type),
        "fingerprint": pa.array(rows.fingerprints[group]),
        "ingestion": _dictionary(
            np.zeros(len(places), dtype=np.int32), pa.array([ingestion], type=pa.string())
        ),
        "line": pa.array(rows.lines[group]),
        **{name: _array(column.take(group)) for name, column in rows.columns.items()},
    }
    return pa.table(
        [
            arrays[field.name] if field.name in arrays else pa.nulls(len(places), field.type)
            for field in SCHEMA
        ],
        schema=SCHEMA,
    )


def _array(column: Column) -> pa.Array:
    if isinstance(column, Numbers):
        mask = None if column.valid is None else ~column.valid
        return pa.array(column.values, mask=mask)
    used = np.flatnonzero(np.bincount(column.codes + 1, minlength=1)[1:])
    texts = sorted((column.values[code], code) for code in used.tolist())
    places = np.zeros(len(column.values) + 1, dtype=np.int32)
    places[[code for _, code in texts]] = np.arange(len(texts), dtype=np.int32)
    indices = pa.array(places[column.codes], mask=column.codes < 0)
    return pa.DictionaryArray.from_arrays(
        indices, pa.array([text for text, _ in texts], type=pa.string())
    )


def _dictionary(codes: NDArray[Any], values: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), values)


def remember(
    table: pa.Table,
    vehicles: VehicleTable,
    texts: Mapping[str, TextTable],
    names: Sequence[str],
    identities: Identities,
) -> None:
    """Take note of the rows of a committed part; `names` are the fields the file reports."""
    columns: dict[str, Column] = {
        name: _column(_whole(table.column(name)), texts.get(name)) for name in names
    }
    ids = _whole(table.column("vehicle_id"))
    codes = vehicles.codes(ids.cast(pa.string()).cast(pa.binary()))
    times = times_of(table)
    hashes = mixed(vehicles.words[codes] + number_words("observed_at", Numbers(values=times)))
    identities.add(hashes, codes, times, Payloads(columns, len(times)))


def _column(array: pa.Array, texts: TextTable | None) -> Column:
    if pa.types.is_dictionary(array.type):
        codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        column = Texts(codes=codes, values=tuple(array.dictionary.to_pylist()))
        return (texts or TextTable()).merged([column])
    values = array.fill_null(0).to_numpy(zero_copy_only=False)
    valid = None if not array.null_count else array.is_valid().to_numpy(zero_copy_only=False)
    return Numbers(values=values, valid=valid)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()
