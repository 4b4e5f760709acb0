"""Snapshots: taken, verified, restored from, thinned out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from typing import Final

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.application import snapshots
from fleetcore.application.following import follow_registers
from fleetcore.domain.digests import leaf_of
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.snapshots import SnapshotSettings
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.errors import CorruptObject, InvalidInput, ObjectMissing
from fleetcore.ports.live_log import LiveLog
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.registers import MemoryRegisters
from fleetcore_adapters.memory.snapshot_store import MemorySnapshotStore

START_MS: Final = 1_700_000_000_000
MINUTE_MS: Final = 60_000


@frozen(kw_only=True, slots=True)
class _Region:
    """A region in memory."""

    log: LiveLog
    registers: MemoryRegisters
    store: MemorySnapshotStore
    clock: MemoryClock

    def report(self, *facts: Fact) -> None:
        """Vehicles report, and the registers follow."""
        self.log.append_batches(MemoryLiveEngine().encoded(facts, "live-home"))
        follow_registers(self.log, self.registers)

    def take(self) -> snapshots.Snapshot:
        """A snapshot, and a minute goes by."""
        taken, _ = snapshots.take(self.registers, self.store, self.clock, region="eu")
        self.clock.advance(MINUTE_MS)
        return taken

    def restored(self, name: str | None = None) -> snapshots.Restored:
        """Put the registers back."""
        return snapshots.restore(self.registers, self.log, self.store, name=name)


@pytest.fixture(name="region")
def _region() -> _Region:
    return _new_region()


def _new_region() -> _Region:
    return _Region(
        log=MemoryLog(MemoryObjectStore()),
        registers=MemoryRegisters(),
        store=MemorySnapshotStore(),
        clock=MemoryClock(START_MS),
    )


def _fact(number: int, at_s: int = 0, city: str | None = None) -> Fact:
    return fact_of(
        LocationEvent(
            vehicle_id=f"cab-{number}",
            observed_at=START_MS + at_s * 1000,
            latitude=52.0 + number / 1000,
            longitude=13.0,
            city=city,
        )
    )


def _spoil(region: _Region, name: str) -> None:
    region.store.write(name, [b"".join(region.store.read(name))[:-9]])


def test_a_snapshot_tells_what_it_is(region: _Region) -> None:
    """Region, count, cursor and checksum come back when it is verified."""
    region.report(_fact(1), _fact(2))
    taken = region.take()

    assert ("2023-11-14T22-13-20.000Z.json.gz", "eu", 2) == (
        taken.name,
        taken.region,
        taken.drivers,
    )
    assert START_MS == taken.taken_at_ms == snapshots.taken_at_ms(taken.name)
    assert region.registers.cursor() == taken.cursor > 0
    assert taken == snapshots.verify(region.store, taken.name)


def test_anybody_can_read_it(region: _Region) -> None:
    """It is gzip and JSON."""
    region.report(_fact(1, city="Berlin"))
    name = region.take().name
    told = json.loads(gzip.decompress(b"".join(region.store.read(name))))

    assert 1 == told["driverCount"]
    assert "Berlin" == told["drivers"]["cab-1"]["city"]


def test_an_empty_region_has_an_empty_snapshot(region: _Region) -> None:
    """No drivers are a count, too."""
    taken = region.take()

    assert 0 == taken.drivers
    assert taken == snapshots.verify(region.store, taken.name)


def test_restoring_is_snapshot_and_then_log(region: _Region) -> None:
    """What was reported behind the snapshot's cursor is there again; the digest is equal."""
    region.report(_fact(1), _fact(2))
    taken = region.take()
    region.report(_fact(2, at_s=5), _fact(3))
    before = region.registers.digest()
    region.registers.clear()
    restored = region.restored()

    assert (taken, ()) == (restored.snapshot, restored.refused)
    assert before == region.registers.digest()
    assert region.log.reached() == region.registers.cursor()


class _Counted(MemoryRegisters):
    """Registers that count what is merged."""

    def __init__(self) -> None:
        super().__init__()
        self.merged = 0

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        self.merged += len(facts)
        return super().merge(facts, cursor, since)


def test_the_log_is_not_read_from_its_beginning(region: _Region) -> None:
    """Only what came behind the cursor is merged beside the snapshot's drivers."""
    region.report(_fact(1), _fact(2), _fact(3))
    region.take()
    region.report(_fact(2, at_s=5))
    counted = _Counted()
    snapshots.restore(counted, region.log, region.store)

    assert 3 + 1 == counted.merged


def test_a_snapshot_that_is_not_whole_is_passed_over(region: _Region) -> None:
    """The one before is used, and it is said which was not and why."""
    region.report(_fact(1))
    first = region.take()
    region.report(_fact(2))
    second = region.take()
    before = region.registers.digest()
    _spoil(region, second.name)
    restored = region.restored()

    assert first == restored.snapshot
    assert [second.name] == [name for name, _ in restored.refused]
    assert before == region.registers.digest()


def test_without_a_whole_snapshot_the_log_alone_is_used(region: _Region) -> None:
    """It has it all."""
    region.report(_fact(1), _fact(2))
    before = region.registers.digest()
    _spoil(region, region.take().name)
    restored = region.restored()

    assert restored.snapshot is None
    assert before == region.registers.digest()


def test_a_named_snapshot_is_used_or_nothing_is_done(region: _Region) -> None:
    """What is named and not whole, or not there, leaves the registers as they are."""
    region.report(_fact(1))
    first = region.take()
    region.report(_fact(2))
    second = region.take()
    _spoil(region, second.name)
    before = region.registers.digest()

    assert first == region.restored(first.name).snapshot
    with pytest.raises(CorruptObject):
        region.restored(second.name)
    with pytest.raises(ObjectMissing):
        region.restored("2024-05-06T07-08-09.000Z.json.gz")
    assert before == region.registers.digest()


def test_a_cursor_of_another_log_is_not_believed(region: _Region) -> None:
    """Beside a log that is not so long, its beginning comes again: nothing is passed over."""
    region.report(_fact(1))
    region.report(_fact(2))
    region.report(_fact(3))
    region.take()
    other = _new_region()
    other.report(_fact(9))
    snapshots.restore(other.registers, other.log, region.store)

    held = {fact.vehicle_id for fact in other.registers.scan()}
    assert {"cab-1", "cab-2", "cab-3", "cab-9"} == held


def test_a_restore_never_brings_an_older_position_back(region: _Region) -> None:
    """An old snapshot is merged by the one order, and the log goes before it."""
    region.report(_fact(1))
    old = region.take()
    region.report(_fact(1, at_s=60))
    before = region.registers.digest()
    region.restored(old.name)

    assert before == region.registers.digest()


def test_snapshots_are_thinned_out(region: _Region) -> None:
    """Every minute of the last hour, and then one in ten."""
    for _ in range(121):
        region.take()
    removed = snapshots.thin_out(region.store, region.clock.now_ms(), SnapshotSettings())

    assert 121 == len(removed) + len(region.store.names())
    assert 66 <= len(region.store.names()) <= 67
    assert () == snapshots.thin_out(region.store, region.clock.now_ms(), SnapshotSettings())


def _packed(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="plain"),
        pytest.param(_packed(b""), id="empty"),
        pytest.param(_packed(b"{}"), id="other"),
        pytest.param(_packed(b"x" * 1_000_000), id="one-line"),
        pytest.param(_packed(b" " * (64 << 20)), id="more-than-memory"),
        pytest.param(
            _packed(b'{"timestamp":"2023-11-14T22:13:20.000Z","region":"eu","drivers":{\n'),
            id="only-a-head",
        ),
    ],
)
def test_what_is_no_snapshot_is_refused(region: _Region, content: bytes) -> None:
    """Also what would not fit into memory."""
    name = "2024-05-06T07-08-09.000Z.json.gz"
    region.store.write(name, [content])

    with pytest.raises(CorruptObject):
        snapshots.verify(region.store, name)


@given(place=st.integers(0, 10_000), value=st.integers(1, 255))
def test_any_changed_byte_is_found(place: int, value: int) -> None:
    """Wherever it is, the checksum or the form tells; only the header's idle bytes are free."""
    region = _new_region()
    region.report(_fact(1), _fact(2))
    name = region.take().name
    content = bytearray(b"".join(region.store.read(name)))
    place = 10 + place % (len(content) - 10)  # behind gzip's header: its time and system are idle
    content[place] ^= value
    region.store.write(name, [bytes(content)])

    with pytest.raises(CorruptObject):
        snapshots.verify(region.store, name)


@pytest.mark.parametrize("name", ["", "x.json.gz", "2024-05-06.json.gz", "lock"])
def test_other_names_are_refused(name: str) -> None:
    """A name tells when it was taken."""
    with pytest.raises(InvalidInput):
        snapshots.taken_at_ms(name)


def test_a_snapshot_is_rewritten_without_a_vehicle(region: _Region) -> None:
    """When it was taken, its region and its cursor stay, and it is whole."""
    region.report(_fact(1), _fact(2))
    taken = region.take()
    gone = snapshots.without(region.store, taken.name, lambda vehicle_id: vehicle_id == "cab-1")
    left = snapshots.verify(region.store, taken.name)

    assert (1, 1) == (gone, left.drivers)
    assert (taken.name, taken.region, taken.taken_at_ms, taken.cursor) == (
        left.name,
        left.region,
        left.taken_at_ms,
        left.cursor,
    )
    assert b"cab-1" not in gzip.decompress(b"".join(region.store.read(taken.name)))


def test_a_snapshot_without_the_vehicle_stays_as_it_is(region: _Region) -> None:
    """Not a byte is written."""
    region.report(_fact(2))
    taken = region.take()
    before = b"".join(region.store.read(taken.name))

    assert 0 == snapshots.without(region.store, taken.name, lambda each: each == "cab-1")
    assert before == b"".join(region.store.read(taken.name))


def test_a_vehicle_that_is_forgotten_meanwhile_is_in_no_snapshot(region: _Region) -> None:
    """Not in the one that is being written at the moment either; one is left, without it."""

    class Burying(MemorySnapshotStore):
        def write(self, name: str, content: Iterable[bytes]) -> int:
            size_bytes = super().write(name, content)
            grave = Tombstone(key=key_of("cab-1"), leaf=leaf_of("cab-1"), forgotten_at_ms=5)
            region.registers.bury([grave])
            region.clock.advance(1)
            return size_bytes

    region.report(_fact(1), _fact(2))
    store = Burying()
    taken, _ = snapshots.take(region.registers, store, region.clock, region="eu")

    assert ((taken.name,), 1) == (store.names(), snapshots.verify(store, taken.name).drivers)


def test_a_driver_with_a_long_text_is_in_it(region: _Region) -> None:
    """Files may name a city of any length; what is written can be read."""
    region.report(_fact(1, city="\u00e9" * 200_000))
    taken = region.take()

    assert taken == snapshots.verify(region.store, taken.name)


def test_other_files_are_left_alone(region: _Region) -> None:
    """What is no snapshot's name is not thinned out, and stops nothing."""
    for _ in range(80):
        region.take()
    region.store.write("notes.txt", [b"mine"])
    removed = snapshots.thin_out(region.store, region.clock.now_ms(), SnapshotSettings())

    assert removed
    assert "notes.txt" in region.store.names()
