"""The sums of the registers, and how far they followed, in SQLite.

The sums of all leaves are two arrays in one row: reading and writing it whole costs less than a
row a leaf, because a batch of some thousand events changes most of them.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import Final, cast

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from fleetcore.domain.digests import BUCKETS, LEAVES, LEAVES_A_BUCKET, Digest, Sum, Sums, leaves_of
from fleetcore_adapters.vectors.splitmix import register_words

TABLES: Final[Mapping[str, str]] = {
    "register_sums": """
        CREATE TABLE register_sums (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            cursor INTEGER NOT NULL,
            changes INTEGER NOT NULL,
            counts BLOB NOT NULL,
            words BLOB NOT NULL
        )""",
    "register_cities": """
        CREATE TABLE register_cities (
            city TEXT PRIMARY KEY,
            count INTEGER NOT NULL,
            words BLOB NOT NULL
        ) WITHOUT ROWID""",
}
"""Words are unsigned numbers of 8 bytes: in the machine's order in the array, else big-endian."""

_COUNTS: Final = "q"
_WORDS: Final = "Q"
_EMPTY: Final = bytes(8 * LEAVES)


@frozen(slots=True, eq=False)
class Summed:
    """What registers add to the sums: leaf and word of each, and the sums of their cities."""

    leaves: NDArray[np.int64]
    words: NDArray[np.uint64]
    cities: Mapping[str, Sum]


def cursor(connection: sqlite3.Connection) -> int:
    """How far the registers followed the log; 0 if they never did."""
    row = connection.execute("SELECT cursor FROM register_sums").fetchone()
    return 0 if row is None else int(row[0])


def changes(connection: sqlite3.Connection) -> int:
    """How often the sums were changed: while it is the same, every register is the same."""
    row = connection.execute("SELECT changes FROM register_sums").fetchone()
    return 0 if row is None else int(row[0])


def advance(connection: sqlite3.Connection, cursor: int, since: int) -> None:
    """Save how far they followed, unless they followed further, or not as far as `since`."""
    connection.execute(
        "INSERT OR IGNORE INTO register_sums VALUES (1, 0, 0, ?, ?)", (_EMPTY, _EMPTY)
    )
    connection.execute(
        "UPDATE register_sums SET cursor = ? WHERE cursor BETWEEN ? AND ?", (cursor, since, cursor)
    )


def read(connection: sqlite3.Connection, cities: Collection[str] | None = None) -> Sums:
    """The sums of all leaves, and of these cities (None: all)."""
    row = connection.execute("SELECT counts, words FROM register_sums").fetchone()
    counts, words = (_EMPTY, _EMPTY) if row is None else row
    select = "SELECT city, count, words FROM register_cities"
    if cities is None:
        rows = connection.execute(select).fetchall()
    else:
        one = f"{select} WHERE city = ?"
        rows = [row for city in cities for row in connection.execute(one, (city,))]
    return Sums(
        counts=array(_COUNTS, counts),
        words=array(_WORDS, words),
        cities={city: Sum(count, int.from_bytes(word)) for city, count, word in rows},
    )


def digest(connection: sqlite3.Connection) -> Digest:
    """The same in brief; by columns, because every tick asks every region for it."""
    sums = read(connection)
    counts, words = (each.reshape(BUCKETS, LEAVES_A_BUCKET) for each in _columns(sums))
    filled = np.flatnonzero(counts.any(axis=1) | words.any(axis=1)).tolist()
    by_bucket = counts.sum(axis=1)[filled].tolist(), words.sum(axis=1)[filled].tolist()
    return Digest(buckets=dict(zip(filled, map(Sum, *by_bucket), strict=True)), cities=sums.cities)


def leaves(connection: sqlite3.Connection, buckets: Collection[int]) -> dict[int, Sum]:
    """The sums of the leaves of these buckets, by leaf; empty ones left out. By columns."""
    counts, words = _columns(read(connection, cities=()))
    at = np.array(list(leaves_of(buckets)), np.int64)
    at = at[(counts[at] != 0) | (words[at] != 0)]
    return dict(zip(at.tolist(), map(Sum, counts[at].tolist(), words[at].tolist()), strict=True))


def counted(leaves: Sequence[int], prints: Sequence[int]) -> Sums:
    """The sums of registers, of which leaf and fingerprint are given side by side."""
    sums = Sums(counts=array(_COUNTS, _EMPTY), words=array(_WORDS, _EMPTY))
    counts, words = _columns(sums)
    at = np.array(leaves, np.int64)
    np.add.at(counts, at, 1)
    np.add.at(words, at, register_words(np.array(prints, np.uint64)))
    return sums


def save(connection: sqlite3.Connection, sums: Sums, cities: Collection[str] | None = None) -> None:
    """Keep the sums that `read` gave, with the same `cities`, and that were changed since."""
    connection.execute(
        "INSERT INTO register_sums VALUES (1, 0, 1, ?, ?) ON CONFLICT (only_row)"
        " DO UPDATE SET changes = changes + 1, counts = excluded.counts, words = excluded.words",
        (array(_COUNTS, sums.counts).tobytes(), array(_WORDS, sums.words).tobytes()),
    )
    if cities is None:
        connection.execute("DELETE FROM register_cities")
    else:
        gone = ((city,) for city in cities if city not in sums.cities)
        connection.executemany("DELETE FROM register_cities WHERE city = ?", gone)
    connection.executemany(
        "INSERT OR REPLACE INTO register_cities VALUES (?, ?, ?)",
        ((city, each.registers, each.words.to_bytes(8)) for city, each in sums.cities.items()),
    )


def change(
    connection: sqlite3.Connection, come: Summed, gone: Summed, *, made: NDArray[np.int64]
) -> None:
    """Count registers in and out, by columns; `made` are the leaves of those that are new."""
    cities = come.cities.keys() | gone.cities.keys()
    sums = read(connection, cities)
    counts, words = _columns(sums)
    np.add.at(counts, made, 1)
    np.add.at(words, come.leaves, come.words)
    np.subtract.at(words, gone.leaves, gone.words)
    for city, each in come.cities.items():
        sums.change_city(city, each.registers, each.words)
    for city, each in gone.cities.items():
        sums.change_city(city, -each.registers, -each.words)
    save(connection, sums, cities)


def _columns(sums: Sums) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The counts and words that `read` gave: they are arrays, which numpy changes in place."""
    return (
        np.frombuffer(cast("array[int]", sums.counts), np.int64),
        np.frombuffer(cast("array[int]", sums.words), np.uint64),
    )


def clear(connection: sqlite3.Connection) -> None:
    """Forget all of it."""
    save(connection, Sums())
    connection.execute("UPDATE register_sums SET cursor = 0")
