"""Snapshots of a region: taken, verified, restored from, thinned out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from attrs import frozen

from fleetcore.application.following import follow_registers
from fleetcore.application.snapshot_text import SnapshotEnd, SnapshotHead, lines_of, parsed
from fleetcore.domain.facts import Fact
from fleetcore.domain.instants import time_text
from fleetcore.domain.snapshots import SnapshotSettings, superfluous
from fleetcore.errors import CorruptObject, InvalidInput, ObjectMissing
from fleetcore.ports.clock import Clock
from fleetcore.ports.live_log import LiveLog
from fleetcore.ports.registers import Registers
from fleetcore.ports.snapshot_store import SnapshotStore

ENDING: Final = ".json.gz"
LOG: Final = "log"
"""The cursor that says how far the registers had followed the log."""

_GZIP: Final = 31
_LEVEL: Final = 1
_PIECE_BYTES: Final = 256 << 10
_FACTS_A_MERGE: Final = 5_000
_LINE_BYTES: Final = 8 << 20
"""A row of a file ends at 1 MiB and JSON writes a byte as six at most; no line is longer."""


@frozen(kw_only=True, slots=True)
class Snapshot:
    """What is known of a snapshot that was taken or looked at; `taken_at_ms` in epoch ms."""

    name: str
    region: str
    taken_at_ms: int
    drivers: int
    checksum: str
    cursor: int


@frozen(kw_only=True, slots=True)
class Restored:
    """What registers were restored from, and which snapshots had to be passed over, and why."""

    snapshot: Snapshot | None
    refused: tuple[tuple[str, str], ...]


def take(
    registers: Registers, store: SnapshotStore, clock: Clock, *, region: str
) -> tuple[Snapshot, int]:
    """Write a snapshot of the registers; what it is, and its size in bytes.

    The cursor is noted before the scan: what is merged meanwhile may be in it or not, and comes
    again from the log. Where a vehicle is forgotten meanwhile another one takes its place.
    Raises `StorageUnavailable`.
    """
    buried = registers.tombstones()
    cursors = {LOG: registers.cursor()}
    head = SnapshotHead(taken_at_ms=clock.now_ms(), region=region)
    name = name_of(head.taken_at_ms)
    ends: list[SnapshotEnd] = []
    size_bytes = store.write(
        name, _compressed(lines_of(head, registers.scan(), cursors, ends.append))
    )
    if registers.tombstones() != buried:
        store.remove(name)
        return take(registers, store, clock, region=region)
    return _snapshot(name, head, ends[-1]), size_bytes


def verify(store: SnapshotStore, name: str) -> Snapshot:
    """Read a whole snapshot: what it is.

    Raises `CorruptObject` where its bytes, count or checksum are not what they were,
    `ObjectMissing`, `StorageUnavailable`.
    """
    head: SnapshotHead | None = None
    for each in _parsed(store, name):
        if isinstance(each, SnapshotHead):
            head = each
        elif isinstance(each, SnapshotEnd) and head is not None:
            return _snapshot(name, head, each)
    raise CorruptObject(f"{name}: not a whole snapshot")


def restore(
    registers: Registers,
    log: LiveLog,
    store: SnapshotStore,
    *,
    name: str | None = None,
) -> Restored:
    """Put the registers back from the newest snapshot that is whole, and then from the log.

    With a `name` from that one only. Registers are cleared first; where no snapshot is whole
    they are made from the log alone. Raises `CorruptObject` or `ObjectMissing` where the named
    one cannot be used, `StorageUnavailable`.
    """
    refused: list[tuple[str, str]] = []
    names = reversed(store.names()) if name is None else iter((name,))
    chosen: Snapshot | None = None
    for each in names:
        try:
            chosen = verify(store, each)
            break
        except (CorruptObject, ObjectMissing) as error:
            if name is not None:
                raise
            refused.append((each, str(error)))
    registers.clear()
    if chosen is not None:
        # A cursor beyond the log's end is that of another log: this one is followed from its
        # beginning, or what it says next would be passed over.
        cursor = chosen.cursor if chosen.cursor <= log.reached() else 0
        _merge_all(registers, _facts_in(store, chosen.name), cursor)
    follow_registers(log, registers)
    return Restored(snapshot=chosen, refused=tuple(refused))


def without(store: SnapshotStore, name: str, is_forgotten: Callable[[str], bool]) -> int:
    """Rewrite a snapshot without drivers, by vehicle id, if it has any; how many it had.

    When it was taken, its region and its cursors stay. Raises `CorruptObject`, `ObjectMissing`,
    `StorageUnavailable`.
    """
    head: SnapshotHead | None = None
    end: SnapshotEnd | None = None
    gone = 0
    for each in _parsed(store, name):
        if isinstance(each, SnapshotHead):
            head = each
        elif isinstance(each, SnapshotEnd):
            end = each
        else:
            gone += is_forgotten(each.vehicle_id)
    if gone and head is not None and end is not None:
        left = (fact for fact in _facts_in(store, name) if not is_forgotten(fact.vehicle_id))
        store.write(name, _compressed(lines_of(head, left, end.cursors, lambda _end: None)))
    return gone


def thin_out(store: SnapshotStore, now_ms: int, settings: SnapshotSettings) -> tuple[str, ...]:
    """Remove the snapshots that need not be kept: their names."""
    taken: dict[int, str] = {}
    for name in store.names():
        with suppress(InvalidInput):  # somebody else's file
            taken[taken_at_ms(name)] = name
    names = tuple(taken[at_ms] for at_ms in superfluous(taken, now_ms, settings))
    for name in names:
        store.remove(name)
    return names


def name_of(epoch_ms: int) -> str:
    """The name of the snapshot taken at an instant; names sort as their instants do."""
    return time_text(epoch_ms).replace(":", "-") + ENDING


def taken_at_ms(name: str) -> int:
    """When the snapshot of this name was taken. Raises `InvalidInput` where it is no name."""
    try:
        day, _, time = name.removesuffix(ENDING).partition("T")
        instant = datetime.fromisoformat(f"{day}T{time.replace('-', ':')}")
        return round((instant - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    except (TypeError, ValueError):
        raise InvalidInput(
            f"{name!r} is no name of a snapshot, such as {name_of(0)}; "
            "`fleetcore snapshot list` has them"
        ) from None


def _snapshot(name: str, head: SnapshotHead, end: SnapshotEnd) -> Snapshot:
    return Snapshot(
        name=name,
        region=head.region,
        taken_at_ms=head.taken_at_ms,
        drivers=end.drivers,
        checksum=end.checksum,
        cursor=end.cursors.get(LOG, 0),
    )


def _merge_all(registers: Registers, facts: Iterator[Fact], cursor: int) -> None:
    """Merge in slices; the cursor is saved behind the last one, so a crash begins at 0."""
    while some := list(islice(facts, _FACTS_A_MERGE)):
        registers.merge(some)
    registers.merge((), cursor)


def _facts_in(store: SnapshotStore, name: str) -> Iterator[Fact]:
    return (each for each in _parsed(store, name) if isinstance(each, Fact))


def _parsed(store: SnapshotStore, name: str) -> Iterator[SnapshotHead | Fact | SnapshotEnd]:
    try:
        yield from parsed(_lines_in(store, name))
    except CorruptObject as error:
        told = str(error)
        raise CorruptObject(told if name in told else f"{name}: {told}") from error


def _compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
    for line in lines:
        if piece := compressor.compress(line):
            yield piece
    yield compressor.flush()


def _lines_in(store: SnapshotStore, name: str) -> Iterator[bytes]:
    """The lines of a compressed snapshot, each with its line feed, one at a time in memory."""
    decompressor = zlib.decompressobj(wbits=_GZIP)
    rest = b""
    try:
        for piece in store.read(name):
            waiting = piece
            while waiting and not decompressor.eof:
                rest += decompressor.decompress(waiting, _PIECE_BYTES)
                waiting = decompressor.unconsumed_tail
                *lines, rest = rest.split(b"\n")
                yield from (line + b"\n" for line in lines)
                if len(rest) > _LINE_BYTES:
                    raise CorruptObject(f"{name}: a line of it has no end")
    except zlib.error as error:
        raise CorruptObject(f"{name}: it cannot be decompressed: {error}") from error
    if not decompressor.eof or rest:
        raise CorruptObject(f"{name}: it breaks off")
