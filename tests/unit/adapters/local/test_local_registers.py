"""Registers in SQLite: what happens to a damaged file, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetcore.domain.digests import bucket_of, leaf_of
from fleetcore.domain.facts import Fact, is_genuine, version_of
from fleetcore.domain.location import Status
from fleetcore.errors import StorageUnavailable
from fleetcore.testing.contracts.register_facts import fact, summed, tombstone
from fleetcore_adapters.local import known_registers
from fleetcore_adapters.local.database import ViewsDatabase
from fleetcore_adapters.local.known_registers import Versions
from fleetcore_adapters.local.registers import LocalRegisters

FACTS = [fact(f"v{number}", 1) for number in range(20)]
BUCKET = bucket_of(leaf_of("v3"))

SIBLINGS = [
    fact("v1", at)._replace(accuracy_m=accuracy_m, fingerprint=fingerprint)
    for at in (1, 2)
    for accuracy_m in (None, 0.0, 5.0)
    for fingerprint in (0, 1, 2**63, 2**64 - 1)
]


def _packed(held: Fact) -> bytes:
    return msgspec.msgpack.encode(held[:11])


@pytest.fixture(name="database")
def _database(tmp_path: Path) -> Iterator[ViewsDatabase]:
    database = ViewsDatabase(tmp_path)
    yield database
    database.close()


@pytest.fixture(name="registers")
def _registers(database: ViewsDatabase) -> LocalRegisters:
    registers = LocalRegisters(database)
    registers.merge(FACTS)
    return registers


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE register_facts SET fingerprint = 7 WHERE fact = :held",
        "DELETE FROM register_vehicles WHERE vehicle_id = 'v3'",
    ],
)
def test_a_register_that_changed_by_itself_is_found(
    registers: LocalRegisters, database: ViewsDatabase, damage: str
) -> None:
    """Its leaf's sum is no longer that of what it holds; counted anew, the region differs."""
    before = registers.digest()
    with database.write() as connection:
        connection.execute(damage, {"held": _packed(fact("v3", 1))})
    assert before == registers.digest()

    assert () == registers.recount([BUCKET + 1])
    assert (leaf_of("v3"),) == registers.recount([BUCKET])
    assert () == registers.recount()
    assert summed(list(registers.scan())) == registers.digest() != before
    assert 1 == registers.merge([fact("v3", 3)])


def test_a_payload_that_changed_by_itself_is_found(
    registers: LocalRegisters, database: ViewsDatabase
) -> None:
    """No sum shows it, but the register is not genuine; it is replaced, and all is as before."""
    before, held = registers.digest(), fact("v3", 1)
    with database.write() as connection:
        connection.execute(
            "UPDATE register_facts SET fact = ? WHERE fact = ?",
            (_packed(held._replace(latitude=1.5)), _packed(held)),
        )
    (corrupt,) = [each for each in registers.scan([BUCKET]) if not is_genuine(each)]

    assert registers.replace(corrupt, fact("v3", 1))
    assert before == registers.digest()
    assert () == registers.recount()


@pytest.mark.parametrize(
    "content",
    [
        b"\xc1",
        b"\x93",
        _packed(fact("v4", 1)),
        msgspec.msgpack.encode(["v3", 1]),
        _packed(fact("v3", 1)._replace(observed_at=2**63)),
    ],
)
def test_a_register_that_cannot_be_read_is_no_traceback(
    registers: LocalRegisters, database: ViewsDatabase, content: bytes
) -> None:
    """It says how the registers are made anew."""
    with database.write() as connection:
        connection.execute(
            "UPDATE register_facts SET fact = ? WHERE fact = ?", (content, _packed(fact("v3", 1)))
        )

    with pytest.raises(StorageUnavailable, match="fleetcore rebuild registers"):
        registers.read(["v3"])


def test_a_fingerprint_that_is_none_is_no_traceback(
    registers: LocalRegisters, database: ViewsDatabase
) -> None:
    """Neither where the register is read nor where only fingerprints are."""
    with database.write() as connection:
        connection.execute("UPDATE register_facts SET fingerprint = 'x'")

    with pytest.raises(StorageUnavailable, match="fleetcore rebuild registers"):
        registers.read(["v3"])
    with pytest.raises(StorageUnavailable, match="fleetcore rebuild registers"):
        registers.fingerprints([leaf_of("v3")])


def test_a_row_that_is_gone_is_no_silent_loss(
    registers: LocalRegisters, database: ViewsDatabase
) -> None:
    """Who remembers the register does not count what was not written."""
    assert 0 == registers.merge([fact("v3", 0)])
    with database.write() as connection:
        connection.execute("DELETE FROM register_facts WHERE fact = ?", (_packed(fact("v3", 1)),))
    before = registers.digest()

    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="rebuild registers"):
            registers.merge([fact("v3", 2)])
    assert before == registers.digest()


def test_a_status_of_a_newer_version_is_kept(registers: LocalRegisters) -> None:
    """What a peer's vehicle reports is not judged where it is only copied."""
    newer = fact("v3", 2)._replace(status=cast("Status", "charging"))
    registers.merge([newer])

    assert (newer,) == registers.read(["v3"])


@settings(deadline=None)
@given(st.lists(st.sampled_from(SIBLINGS), max_size=6), st.lists(st.sampled_from(SIBLINGS)))
def test_versions_by_column_are_those_of_facts(left: list[Fact], right: list[Fact]) -> None:
    """The one order, whatever is missing or equal."""
    pairs = list(product(left, right))
    mine, theirs = ([pair[at] for pair in pairs] for at in (0, 1))

    assert [version_of(a) > version_of(b) for a, b in pairs] == (
        Versions.of(mine).beat(Versions.of(theirs)).tolist()
    )


def test_damaged_sums_are_put_right(registers: LocalRegisters, database: ViewsDatabase) -> None:
    """Those of leaves and of cities."""
    before = registers.digest()
    with database.write() as connection:
        connection.execute("UPDATE register_sums SET words = counts")
        connection.execute("UPDATE register_cities SET count = 3")

    assert sorted({leaf_of(each.vehicle_id) for each in FACTS}) == list(registers.recount())
    assert before == registers.digest()


def test_a_merge_that_failed_is_not_remembered(
    registers: LocalRegisters, database: ViewsDatabase
) -> None:
    """What is rolled back wins again when it is merged again."""
    newer = [fact(each.vehicle_id, 2) for each in FACTS]
    with database.write() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON register_sums"
            " BEGIN SELECT raise(ABORT, 'no space'); END"
        )
    with pytest.raises(StorageUnavailable, match="no space"):
        registers.merge(newer, 7)
    with database.write() as connection:
        connection.execute("DROP TRIGGER full")

    assert 0 == registers.cursor()
    assert len(newer) == registers.merge(newer, 7)
    assert summed(newer) == registers.digest()


def test_what_others_change_is_not_remembered_wrongly(
    registers: LocalRegisters, tmp_path: Path
) -> None:
    """Another process merges, forgets, replaces, clears: the next merge goes by what is held."""
    database = ViewsDatabase(tmp_path)
    other = LocalRegisters(database)
    other.merge([fact("v1", 9)])
    assert 0 == registers.merge([fact("v1", 8)])

    other.bury([tombstone("v2")])
    assert 0 == registers.merge([fact("v2", 8)])

    assert other.replace(fact("v3", 1), fact("v3", 0))
    assert 1 == registers.merge([fact("v3", 1)])

    other.clear()
    assert 1 == registers.merge([fact("v4", 0)])
    assert summed([fact("v4", 0)]) == registers.digest() == other.digest()
    database.close()


def test_few_are_remembered_where_many_come(
    registers: LocalRegisters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit it begins to remember anew, and nothing else changes."""
    monkeypatch.setattr(known_registers, "MOST_KNOWN", 5)
    for instant in range(2, 6):
        newer = [fact(each.vehicle_id, instant) for each in FACTS]
        assert len(newer) == registers.merge(newer)
        assert summed(newer) == registers.digest()
