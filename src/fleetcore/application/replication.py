"""Copying other regions' logs: only the log is replicated, each region makes its own views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import evolve, frozen

from fleetcore.domain.messages import EventBatch
from fleetcore.domain.provenance import REPLICA
from fleetcore.errors import CorruptObject, RegionUnreachable
from fleetcore.ports.links import Links
from fleetcore.ports.live_log import LiveLog
from fleetcore.ports.region import Region

ROWS_A_ROUND: Final = 50_000
ROWS_AN_APPEND: Final = 5_000
"""Small batches are appended together, because each costs as much as its rows; but so many rows
only, because whoever else appends has to wait meanwhile."""


@frozen(kw_only=True, slots=True)
class Pulled:
    """What a round brought from a peer. `more` says that there may be more at once."""

    peer: str
    batches: int = 0
    rows: int = 0
    stored: int = 0
    more: bool = False
    error: str | None = None


def pull(peer: Region, log: LiveLog, links: Links, rows: int = ROWS_A_ROUND) -> Pulled:
    """Copy what a peer took in since the last round, about so many rows.

    The cursor is saved behind the append: a crash in between copies again, which changes nothing.
    A region that is cut off copies nothing. Raises `StorageUnavailable` where the own log cannot
    be written, `RegionUnreachable` where the peer does not answer, `CorruptObject` where what it
    sends is no batch.
    """
    if links.are_cut():
        return Pulled(peer=peer.name, error="this region is cut off")
    cursor = links.cursor(peer.name)
    found = peer.batches_since(cursor, rows)
    stored = sum(
        _stored(log, [evolve(batch, ingestion=f"{REPLICA}{peer.name}") for batch in batches])
        for batches in _together(found.batches)
    )
    if found.cursor != cursor:
        links.save(peer.name, found.cursor)
    return Pulled(
        peer=peer.name,
        batches=len(found.batches),
        rows=sum(batch.rows for batch in found.batches),
        stored=stored,
        more=bool(found.batches),
    )


def _together(batches: Iterable[EventBatch]) -> Iterator[list[EventBatch]]:
    """Batches in their order, as many at once as one append takes, at least one."""
    some: list[EventBatch] = []
    rows = 0
    for batch in batches:
        if some and rows + batch.rows > ROWS_AN_APPEND:
            yield some
            some, rows = [], 0
        some.append(batch)
        rows += batch.rows
    if some:
        yield some


def _stored(log: LiveLog, batches: Sequence[EventBatch]) -> int:
    """Append batches at once; where one cannot be, at least those that are before it."""
    try:
        outcomes = [log.append_batches(*batches)]
    except CorruptObject:
        outcomes = [log.append_batches(batch) for batch in batches]
    return sum(outcome.stored + outcome.conflicting for outcome in outcomes)


def pull_all(peers: Sequence[Region], log: LiveLog, links: Links) -> tuple[Pulled, ...]:
    """A round from every peer; what is wrong with one is told, and holds up no other."""
    done: list[Pulled] = []
    for peer in peers:
        try:
            done.append(pull(peer, log, links))
        except (RegionUnreachable, CorruptObject) as error:
            done.append(Pulled(peer=peer.name, error=str(error)))
    return tuple(done)
