"""Forgetting vehicles: nothing of them comes in any more, and what is there goes.

    bury -> store what waits -> objects that may go on -> the log -> objects -> names -> views
         -> messages and letters -> snapshots -> the databases' deleted pages -> mark as erased

Each step is durable and may be taken again: after a crash, forgetting again, or `erase_pending`,
goes on. A tombstone holds no id; where only that is known, as in another region, vehicles are
found by the hash of every id there is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from attrs import evolve, frozen

from fleetcore.application import snapshots
from fleetcore.application.fleet import Fleet
from fleetcore.application.mentions import Mentions
from fleetcore.application.object_erasure import ObjectErasure, VehiclesIn
from fleetcore.application.proximity import GeoView, GraphView
from fleetcore.application.storing import resume
from fleetcore.application.streams import readable_states
from fleetcore.domain.cells import id_in
from fleetcore.domain.digests import leaf_of
from fleetcore.domain.parts import DeadLetter
from fleetcore.domain.places import Driver
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.errors import CorruptObject, InvalidInput, ObjectMissing
from fleetcore.ports.catalogue import Catalogue
from fleetcore.ports.dead_messages import DeadMessages
from fleetcore.ports.erasures import Erasures
from fleetcore.ports.latest_positions import ErasablePositions
from fleetcore.ports.live_log import LiveLog
from fleetcore.ports.origins import Origin
from fleetcore.ports.places import Places
from fleetcore.ports.registers import Registers
from fleetcore.ports.snapshot_store import SnapshotStore

FORGOTTEN: Final = "(forgotten)"
"""Stands for the name of a file that named a vehicle."""


@frozen(kw_only=True, slots=True)
class LogErased:
    """What was taken out of the log: rows, and the files that held them."""

    rows: int
    files: int


@frozen(kw_only=True, slots=True)
class Holdings:
    """Everything in a region that may hold something of a vehicle.

    `erase_log` takes the rows of vehicles, by their tombstones' keys, out of the log, and lets
    the streams know. `scrub` writes the databases anew without what was deleted in them; whether
    it could. `unfinished` names the files that are being written, or were when a process died.
    """

    fleet: Fleet
    log: LiveLog
    catalogue: Catalogue
    registers: Registers
    geo: GeoView
    graph: GraphView
    places: Places
    latest: ErasablePositions
    dead_messages: DeadMessages
    snapshots: SnapshotStore
    erasures: Erasures
    vehicles_in: VehiclesIn
    erase_log: Callable[[Collection[str]], LogErased]
    scrub: Callable[[], bool]
    unfinished: Callable[[], Collection[str]]


@frozen(kw_only=True, slots=True)
class Forgotten:
    """What went, by place; all are counts of rows or records but for those named otherwise.

    `parts` are files beside the log, `names` those of ingested files. `snapshot_rows` were in
    `snapshots`. `closed` are ingestions that were given up, `waiting` those that may write files
    with rows of it until they are over, `unfinished` files that were begun before and may hold
    it. Who reads a file that was closed may have written its next part at that very moment.
    `scrubbed` is false where another process still reads a database as it was.
    """

    log: LogErased
    parts: int
    rejects: int
    names: int
    latest: int
    registers: int
    positions: int
    drivers: int
    dead_messages: int
    dead_letters: int
    snapshots: int
    snapshot_rows: int
    closed: tuple[str, ...]
    waiting: tuple[str, ...]
    unfinished: int
    scrubbed: bool

    @property
    def found(self) -> bool:
        """Whether anything of it was there."""
        counts = (self.parts, self.rejects, self.names, self.latest, self.registers, self.positions)
        kept = (self.drivers, self.dead_messages, self.dead_letters, self.snapshot_rows)
        return any((self.log.rows, *counts, *kept, *self.closed))

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.scrubbed and not (self.closed or self.waiting or self.unfinished)


def tombstone_of(vehicle_id: str, now_ms: int) -> Tombstone:
    """The tombstone of a vehicle that is forgotten now."""
    return Tombstone(key=key_of(vehicle_id), leaf=leaf_of(vehicle_id), forgotten_at_ms=now_ms)


def forget(holdings: Holdings, vehicle_id: str) -> Forgotten:
    """Forget a vehicle in this region: see the module. May be called again.

    Raises `InvalidInput` for what is no vehicle's id: much that names none would be taken for
    its. Raises `ObjectMissing`, `CorruptObject` where a file of the log is damaged,
    `StorageUnavailable`: what is not done yet is done by the next call.
    """
    if id_in(vehicle_id) != vehicle_id:
        raise InvalidInput(f"{vehicle_id!r} is no vehicle's id; nothing is forgotten")
    tombstone = tombstone_of(vehicle_id, holdings.fleet.clock.now_ms())
    holdings.erasures.unmark([tombstone.key])
    registers = len(holdings.registers.read([vehicle_id]))
    holdings.log.bury([tombstone])
    return _erased(holdings, Mentions([tombstone.key], [vehicle_id]), registers)


def pending(holdings: Holdings) -> frozenset[str]:
    """The tombstones, by key, of which something may be left here."""
    keys = frozenset(each.key for each in holdings.log.tombstones())
    return keys - holdings.erasures.marked() if keys else keys


def erase_pending(holdings: Holdings) -> Forgotten | None:
    """Erase what is left of vehicles that were forgotten elsewhere, or not to the end; if any."""
    keys = pending(holdings)
    return _erased(holdings, Mentions(keys)) if keys else None


def waiting(fleet: Fleet) -> tuple[str, ...]:
    """The ingestions that are not over: they may write objects with rows of anybody."""
    states = readable_states(fleet.events)
    return tuple(each for each, state in states.items() if state.open or state.unsettled)


def _erased(holdings: Holdings, mentions: Mentions, registers: int = 0) -> Forgotten:
    fleet = holdings.fleet
    begun = frozenset(holdings.unfinished())
    holdings.registers.bury(holdings.log.tombstones())
    resume(fleet)
    origins = fleet.origins.read()
    of_one = {
        ingestion
        for ingestion, origin in origins.items()
        if origin.vehicle_id is not None and mentions.is_one(origin.vehicle_id)
    }
    objects = ObjectErasure(
        fleet=fleet,
        catalogue=holdings.catalogue,
        vehicles_in=holdings.vehicles_in,
        mentions=mentions,
        of_one=of_one,
    )
    objects.redrive()
    closed = objects.close_unfinished()
    resume(fleet)
    log = holdings.erase_log(mentions.keys)
    parts = objects.erase_parts()
    rejects = objects.erase_rejects()
    names = _erase_names(holdings, mentions)
    latest = erase_latest(holdings, mentions)
    drivers = holdings.places.remove("driver", _drivers(holdings.places.read("driver"), mentions))
    positions = erase_positions(holdings, mentions)
    messages = _erase_messages(holdings.dead_messages, mentions)
    letters = _erase_letters(fleet, mentions)
    rewritten, snapshot_rows = _erase_in_snapshots(holdings.snapshots, mentions)
    scrubbed = holdings.scrub()
    forgotten = Forgotten(
        log=log,
        parts=parts,
        rejects=rejects,
        names=names,
        latest=latest,
        registers=registers,
        positions=positions,
        drivers=drivers,
        dead_messages=messages,
        dead_letters=letters,
        snapshots=rewritten,
        snapshot_rows=snapshot_rows,
        closed=closed,
        waiting=waiting(fleet),
        unfinished=len(begun.intersection(holdings.unfinished())),
        scrubbed=scrubbed,
    )
    if forgotten.complete:
        holdings.erasures.mark(mentions.keys)
    return forgotten


def _erase_names(holdings: Holdings, mentions: Mentions) -> int:
    """Take out the names of files that name the vehicle, and the vehicle; how many."""
    origins = holdings.fleet.origins
    erased = 0
    for ingestion, origin in origins.read().items():
        is_its = origin.vehicle_id is not None and mentions.is_one(origin.vehicle_id)
        if is_its or mentions.are_in(origin.name):
            vehicle_id = None if is_its else origin.vehicle_id
            origins.note(ingestion, Origin(name=FORGOTTEN, vehicle_id=vehicle_id))
            erased += 1
    return erased


def _drivers(nodes: Sequence[object], mentions: Mentions) -> list[str]:
    return [
        each.vehicle_id
        for each in nodes
        if isinstance(each, Driver) and mentions.is_one(each.vehicle_id)
    ]


def erase_latest(holdings: Holdings, mentions: Mentions) -> int:
    """Take the vehicles out of the latest positions; how many were in them."""
    known = (each.event.vehicle_id for each in holdings.latest.read())
    return holdings.latest.remove([each for each in known if mentions.is_one(each)])


def erase_positions(holdings: Holdings, mentions: Mentions) -> int:
    """Take the vehicles out of the geo index and the graph; how many were in one of them."""
    positions = holdings.geo.geo.read()
    found = {each.vehicle_id for each in positions if mentions.is_one(each.vehicle_id)}
    found.update(_drivers(holdings.graph.graph.nodes("driver"), mentions))
    if found:
        holdings.graph.remove(found)
    return len(found)


def _erase_messages(messages: DeadMessages, mentions: Mentions) -> int:
    erased = 0
    for dead in messages.read(messages.count()):
        payload, topic = dead.message.payload, dead.message.topic
        if payload and mentions.are_in(payload.decode(errors="surrogateescape")):
            erased += messages.remove(payload)
        elif mentions.are_in(topic):
            erased += messages.remove(topic.encode(errors="surrogatepass"))
    return erased


def _erase_letters(fleet: Fleet, mentions: Mentions) -> int:
    """Take the rows that name the vehicle out of dead letters; of how many letters."""
    erased = 0
    for letter in fleet.dead_letters.read():
        left = _letter_without(letter, mentions)
        if left != letter:
            # A letter that is lost in between is one whose part the ledger still knows.
            fleet.dead_letters.remove([letter])
            fleet.dead_letters.bury([left])
            erased += 1
    return erased


def _letter_without(letter: DeadLetter, mentions: Mentions) -> DeadLetter:
    rows = (
        row
        for row in letter.rows
        if not (mentions.are_in(row.payload) or mentions.are_in(row.reason))
    )
    reason = FORGOTTEN if mentions.are_in(letter.reason) else letter.reason
    return evolve(letter, reason=reason, rows=tuple(rows))


def _erase_in_snapshots(store: SnapshotStore, mentions: Mentions) -> tuple[int, int]:
    """Rewrite snapshots without the vehicle, and remove those that cannot be read; rows in them."""
    changed, rows = 0, 0
    for name in store.names():
        try:
            gone = snapshots.without(store, name, mentions.is_one)
        except ObjectMissing:
            continue
        except CorruptObject:
            store.remove(name)
            changed += 1
            continue
        changed += gone > 0
        rows += gone
    return changed, rows
