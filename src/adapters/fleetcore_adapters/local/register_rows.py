"""The rows of the registers and of their tombstones, in SQLite."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import inf
from typing import Any, Final, TypeAlias

from fleetcore.domain.digests import leaf_of, word_of
from fleetcore.domain.facts import Fact, Version
from fleetcore.domain.fingerprint import MASK
from fleetcore.domain.tombstones import Tombstone

TABLES: Final[Mapping[str, str]] = {
    # Columns of numbers have no type: one of type REAL would lose the sign of -0.0.
    "registers": """
        CREATE TABLE registers (
            number INTEGER PRIMARY KEY,
            vehicle_id TEXT NOT NULL UNIQUE,
            observed_at INTEGER NOT NULL,
            latitude NOT NULL,
            longitude NOT NULL,
            speed_kmh,
            heading_deg,
            accuracy_m,
            battery_pct,
            fuel_pct,
            status TEXT,
            city TEXT,
            fingerprint INTEGER NOT NULL,
            leaf INTEGER NOT NULL
        )""",
    "registers_by_leaf": "CREATE INDEX registers_by_leaf ON registers (leaf)",
    "register_tombstones": """
        CREATE TABLE register_tombstones (
            key TEXT PRIMARY KEY,
            leaf INTEGER NOT NULL,
            forgotten_at_ms INTEGER NOT NULL
        ) WITHOUT ROWID""",
    "register_tombstones_by_leaf": (
        "CREATE INDEX register_tombstones_by_leaf ON register_tombstones (leaf)"
    ),
}
"""Fingerprints are signed there: SQLite's integers are."""

_FACT: Final = ", ".join(Fact._fields)
_INSERT: Final = f"INSERT INTO registers ({_FACT}, leaf, number) VALUES ({', '.join('?' * 14)})"
_UPDATE: Final = (
    f"UPDATE registers SET {', '.join(f'{name} = ?' for name in Fact._fields[1:])} WHERE number = ?"
)
_PAGE: Final = 500
"""How many values one statement asks for, and rows one look of a scan reads."""

_SLICE: Final = 1_000
"""How many facts are taken apart at a time, so that they stay in the processor's cache."""

_Row: TypeAlias = tuple[Any, ...]


Known: TypeAlias = tuple[int, float, int, str, int, int, int]
"""What decides who wins, and what is in the sums, of a register that is there.

Its version's three fields, city, word, leaf, and the number of its row. A plain tuple of plain
values is nothing to Python's garbage collector, and there are as many as vehicles.
"""


def known(connection: sqlite3.Connection, vehicle_ids: Iterable[str]) -> dict[str, Known]:
    """What is known of vehicles, by their id."""
    if connection.execute("SELECT 1 FROM registers LIMIT 1").fetchone() is None:
        return {}
    select = f"SELECT {_FACT}, leaf, number FROM registers WHERE vehicle_id"
    found = _found(connection, select, vehicle_ids)
    columns = _columns(list(map(_fact_of, found)))
    return _known(columns, [row[12] for row in found], [row[13] for row in found])


def _known(
    columns: Sequence[Sequence[Any]], leaves: Iterable[int], numbers: Iterable[int]
) -> dict[str, Known]:
    """What is known of registers, by vehicle, from the columns of their facts."""
    inaccuracies, fingerprints, cities = columns[6], columns[11], columns[10]
    known = zip(
        columns[1],
        [-inf if each is None else -each for each in inaccuracies],
        fingerprints,
        [city or "" for city in cities],
        map(word_of, fingerprints),
        leaves,
        numbers,
        strict=True,
    )
    return dict(zip(columns[0], known, strict=True))


def read(connection: sqlite3.Connection, vehicle_ids: Iterable[str]) -> list[Fact]:
    """The registers of vehicles that are known."""
    select = f"SELECT {_FACT} FROM registers WHERE vehicle_id"
    return list(map(_fact_of, _found(connection, select, vehicle_ids)))


def in_leaves(connection: sqlite3.Connection, leaves: Iterable[int]) -> list[Fact]:
    """The registers of leaves."""
    select = f"SELECT {_FACT} FROM registers WHERE leaf"
    return list(map(_fact_of, _found(connection, select, leaves)))


def behind(connection: sqlite3.Connection, vehicle_id: str) -> list[Fact]:
    """The first registers behind a vehicle id."""
    select = f"SELECT {_FACT} FROM registers WHERE vehicle_id > ? ORDER BY vehicle_id LIMIT {_PAGE}"
    return list(map(_fact_of, connection.execute(select, (vehicle_id,))))


def fingerprints(
    connection: sqlite3.Connection, leaves: Iterable[int]
) -> Iterator[tuple[int, int, str | None]]:
    """Leaf, fingerprint and city of every register of leaves."""
    select = "SELECT leaf, fingerprint, city FROM registers WHERE leaf"
    for leaf, fingerprint, city in _found(connection, select, leaves):
        yield leaf, fingerprint & MASK, city


def versions(
    connection: sqlite3.Connection, leaves: Iterable[int]
) -> Iterator[tuple[str, Version]]:
    """Vehicle and version of every register of leaves."""
    select = "SELECT vehicle_id, observed_at, accuracy_m, fingerprint FROM registers WHERE leaf"
    for vehicle_id, at, accuracy, fingerprint in _found(connection, select, leaves):
        less = -inf if accuracy is None else -accuracy
        yield vehicle_id, (at, less, fingerprint & MASK)


def insert(connection: sqlite3.Connection, facts: Sequence[Fact]) -> dict[str, Known]:
    """Make the registers of vehicles that have none; what is known of them then, in order."""
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM registers").fetchone()
    columns = _columns(facts)
    numbers = range(last + 1, last + 1 + len(facts))
    leaves = list(map(leaf_of, columns[0]))
    connection.executemany(
        _INSERT, zip(*columns[:11], _signed(columns[11]), leaves, numbers, strict=True)
    )
    return _known(columns, leaves, numbers)


def update(
    connection: sqlite3.Connection, facts: Sequence[Fact], held: Sequence[Known]
) -> dict[str, Known]:
    """Put facts in the place of registers that are held; what is known of them then, in order."""
    known: dict[str, Known] = {}
    for start in range(0, len(facts), _SLICE):
        columns = _columns(facts[start : start + _SLICE])
        some = held[start : start + _SLICE]
        leaves, numbers = [each[5] for each in some], [each[6] for each in some]
        connection.executemany(
            _UPDATE, zip(*columns[1:11], _signed(columns[11]), numbers, strict=True)
        )
        known |= _known(columns, leaves, numbers)
    return known


def remove(connection: sqlite3.Connection, vehicle_id: str) -> None:
    """Remove a vehicle's register."""
    connection.execute("DELETE FROM registers WHERE vehicle_id = ?", (vehicle_id,))


def tombstones(
    connection: sqlite3.Connection, leaves: Iterable[int] | None = None
) -> list[Tombstone]:
    """The tombstones of leaves (None: all)."""
    select = "SELECT key, leaf, forgotten_at_ms FROM register_tombstones"
    if leaves is None:
        rows = connection.execute(select).fetchall()
    else:
        rows = _found(connection, f"{select} WHERE leaf", leaves)
    return [Tombstone(key=key, leaf=leaf, forgotten_at_ms=at) for key, leaf, at in rows]


def graves(connection: sqlite3.Connection) -> set[str]:
    """The keys of all tombstones."""
    return {key for (key,) in connection.execute("SELECT key FROM register_tombstones")}


def bury(connection: sqlite3.Connection, tombstone: Tombstone) -> bool:
    """Keep a tombstone; False where one of its key is kept."""
    done = connection.execute(
        "INSERT OR IGNORE INTO register_tombstones VALUES (?, ?, ?)",
        (tombstone.key, tombstone.leaf, tombstone.forgotten_at_ms),
    )
    return done.rowcount > 0


def clear(connection: sqlite3.Connection) -> None:
    """Remove all rows."""
    connection.execute("DELETE FROM registers")
    connection.execute("DELETE FROM register_tombstones")


def _found(connection: sqlite3.Connection, select: str, values: Iterable[object]) -> list[Any]:
    """The rows of a statement that ends in a column which is one of some values."""
    rest = iter(values)
    found: list[_Row] = []
    while some := list(islice(rest, _PAGE)):
        # One text of the statement, so that SQLite compiles it once.
        some += some[-1:] * (_PAGE - len(some))
        found += connection.execute(f"{select} IN ({_MARKS})", some)
    return found


_MARKS: Final = ", ".join("?" * _PAGE)


def _fact_of(row: _Row) -> Fact:
    return Fact._make((*row[:11], row[11] & MASK))


def _columns(facts: Sequence[Fact]) -> list[list[Any]]:
    """Their fields; `zip` would make an iterator of each fact, and work for the collector."""
    return [[fact[at] for fact in facts] for at in range(len(Fact._fields))]


def _signed(fingerprints: Sequence[int]) -> Sequence[int]:
    return array("q", array("Q", fingerprints).tobytes())
