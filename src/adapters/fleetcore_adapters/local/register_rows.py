"""The rows of the registers and of their tombstones, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from fleetcore.domain.facts import Fact
from fleetcore.domain.fingerprint import MASK
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import StorageUnavailable

TABLES: Final[Mapping[str, str]] = {
    # Apart from what never changes, facts fill fewer pages: a batch changes most of them.
    "register_facts": """
        CREATE TABLE register_facts (
            number INTEGER PRIMARY KEY,
            fingerprint INTEGER NOT NULL,
            fact BLOB NOT NULL
        )""",
    "register_vehicles": """
        CREATE TABLE register_vehicles (
            number INTEGER PRIMARY KEY,
            vehicle_id TEXT NOT NULL UNIQUE,
            leaf INTEGER NOT NULL
        )""",
    "register_vehicles_by_leaf": (
        "CREATE INDEX register_vehicles_by_leaf ON register_vehicles (leaf)"
    ),
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
"""A fact is its fields in MessagePack: one value to bind, and numbers keep every bit.

Its fingerprint is apart, as a signed number: regions that compare ask for nothing else.
"""

_FACTS: Final = "register_vehicles JOIN register_facts USING (number)"
_FACT: Final = "vehicle_id, fact, fingerprint"
_GIVEN: Final = "(SELECT value FROM json_each(?))"
_ASKED: Final = (
    f"(SELECT number, leaf FROM register_vehicles WHERE leaf IN {_GIVEN} ORDER BY number LIMIT -1)"
    " AS asked CROSS JOIN register_facts USING (number)"
)
"""In the order of rows each page is read once: by leaf it takes nearly twice as long.

SQLite takes a part of a query for ordered only where it may be cut off: so there is a limit.
"""

_PAGE: Final = 500
"""How many values one statement asks for, and rows one look of a scan reads."""

_Fields: TypeAlias = tuple[
    str,
    Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    float,
    float,
    float | None,
    float | None,
    float | None,
    float | None,
    float | None,
    str | None,
    str | None,
]
"""Those of a fact, as they are checked: what statuses there are, a newer version may know."""

_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(_Fields).decode
_JSON: Final = msgspec.json.Encoder().encode
_NUMBERS: Final = msgspec.json.Decoder(list[int]).decode


def numbered(
    connection: sqlite3.Connection, vehicle_ids: Iterable[str]
) -> tuple[list[int], list[Fact], list[int]]:
    """The numbers, facts and leaves of the registers of vehicles that are known."""
    if connection.execute("SELECT 1 FROM register_vehicles LIMIT 1").fetchone() is None:
        return [], [], []
    select = f"SELECT {_FACT}, number, leaf FROM {_FACTS} WHERE vehicle_id"
    found = _found(connection, select, vehicle_ids)
    return [row[3] for row in found], _decoded(found), [row[4] for row in found]


def read(connection: sqlite3.Connection, vehicle_ids: Iterable[str]) -> list[Fact]:
    """The registers of vehicles that are known."""
    found = _found(connection, f"SELECT {_FACT} FROM {_FACTS} WHERE vehicle_id", vehicle_ids)
    return _decoded(found)


def in_leaves(connection: sqlite3.Connection, leaves: Iterable[int]) -> list[Fact]:
    """The registers of leaves."""
    select = f"SELECT {_FACT} FROM {_FACTS} WHERE leaf IN {_GIVEN}"
    return _decoded(connection.execute(select, (_given(leaves),)).fetchall())


def fingerprints(
    connection: sqlite3.Connection, leaves: Iterable[int]
) -> tuple[list[int], list[int]]:
    """Leaf and fingerprint of every register of these leaves, side by side.

    SQLite lets go of the interpreter before each row and waits for it after: so it is one row.
    """
    found = connection.execute(
        f"SELECT json_group_array(leaf), json_group_array(fingerprint) FROM {_ASKED}",
        (_given(leaves),),
    )
    leaf_column, prints = found.fetchone()
    try:
        return _NUMBERS(leaf_column), [each & MASK for each in _NUMBERS(prints)]
    except msgspec.MsgspecError as error:
        raise _damaged(f"its fingerprint: {error}") from error


def with_fingerprints(
    connection: sqlite3.Connection, leaves: Iterable[int], prints: Iterable[int]
) -> Iterator[tuple[int, Fact]]:
    """The registers of these leaves that have one of these fingerprints, each with its leaf."""
    found = connection.execute(
        f"SELECT {_FACT}, asked.leaf FROM {_ASKED} JOIN register_vehicles USING (number)"
        f" WHERE fingerprint IN {_GIVEN}",
        (_given(leaves), _given(_signed(prints))),
    ).fetchall()
    return zip([row[3] for row in found], _decoded(found), strict=True)


def behind(connection: sqlite3.Connection, vehicle_id: str) -> list[Fact]:
    """The first registers behind a vehicle id."""
    found = connection.execute(
        f"SELECT {_FACT} FROM {_FACTS} WHERE vehicle_id > ? ORDER BY vehicle_id LIMIT {_PAGE}",
        (vehicle_id,),
    )
    return _decoded(found)


def insert(connection: sqlite3.Connection, facts: Sequence[Fact], leaves: Iterable[int]) -> range:
    """Make the registers of vehicles that have none, by leaf; the numbers of their rows."""
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM register_facts").fetchone()
    numbers = range(last + 1, last + 1 + len(facts))
    try:
        connection.executemany(
            "INSERT INTO register_vehicles (number, vehicle_id, leaf) VALUES (?, ?, ?)",
            zip(numbers, [fact[0] for fact in facts], leaves, strict=True),
        )
        connection.executemany(
            "INSERT INTO register_facts (number, fingerprint, fact) VALUES (?, ?, ?)",
            zip(numbers, *_columns(facts), strict=True),
        )
    except sqlite3.IntegrityError as error:
        raise _damaged("a vehicle has half of one") from error
    return numbers


def update(connection: sqlite3.Connection, facts: Sequence[Fact], numbers: Sequence[int]) -> None:
    """Put facts in the place of those of the rows with these numbers."""
    done = connection.executemany(
        "UPDATE register_facts SET fingerprint = ?, fact = ? WHERE number = ?",
        zip(*_columns(facts), numbers, strict=True),
    )
    if facts and done.rowcount != len(facts):
        raise _damaged("a row is missing")


def remove(connection: sqlite3.Connection, vehicle_id: str) -> None:
    """Remove a vehicle's register."""
    connection.execute(
        "DELETE FROM register_facts WHERE number ="
        " (SELECT number FROM register_vehicles WHERE vehicle_id = ?)",
        (vehicle_id,),
    )
    connection.execute("DELETE FROM register_vehicles WHERE vehicle_id = ?", (vehicle_id,))


def tombstones(
    connection: sqlite3.Connection, leaves: Iterable[int] | None = None
) -> list[Tombstone]:
    """The tombstones of leaves (None: all)."""
    select = "SELECT key, leaf, forgotten_at_ms FROM register_tombstones"
    if leaves is None:
        rows = connection.execute(select).fetchall()
    else:
        among = f"{select} WHERE leaf IN {_GIVEN}"
        rows = connection.execute(among, (_given(leaves),)).fetchall()
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
    connection.execute("DELETE FROM register_facts")
    connection.execute("DELETE FROM register_vehicles")
    connection.execute("DELETE FROM register_tombstones")


def _found(connection: sqlite3.Connection, select: str, values: Iterable[object]) -> list[Any]:
    """The rows of a statement that ends in a column which is one of some values."""
    rest = iter(values)
    found: list[Any] = []
    while some := list(islice(rest, _PAGE)):
        # One text of the statement, so that SQLite compiles it once.
        some += some[-1:] * (_PAGE - len(some))
        found += connection.execute(f"{select} IN ({_MARKS})", some)
    return found


_MARKS: Final = ", ".join("?" * _PAGE)


def _given(numbers: Iterable[int]) -> str:
    """What `_GIVEN` is bound to."""
    return _JSON(list(numbers)).decode()


def _columns(facts: Sequence[Fact]) -> tuple[list[int], Iterator[bytes]]:
    """What two columns of `register_facts` have of facts."""
    return _signed([fact[11] for fact in facts]), (_ENCODE(fact[:11]) for fact in facts)


def _signed(prints: Iterable[int]) -> list[int]:
    """Fingerprints as SQLite keeps them: 64 bits with a sign."""
    return [each - (1 << 64) if each >> 63 else each for each in prints]


def _decoded(found: Iterable[Sequence[Any]]) -> list[Fact]:
    """The facts of rows that begin with the columns of one."""
    facts = []
    try:
        for vehicle_id, content, fingerprint, *_ in found:
            fact = Fact._make((*_DECODE(content), fingerprint & MASK))
            if fact.vehicle_id != vehicle_id:
                raise _damaged(f"{vehicle_id!r} has that of {fact.vehicle_id!r}")
            facts.append(fact)
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise _damaged(str(error)) from error
    return facts


def _damaged(why: str) -> StorageUnavailable:
    return StorageUnavailable(
        f"a register is damaged: {why}; make them anew: fleetcore rebuild registers"
    )
