"""Sweeping: removing objects that ingestions left behind and nothing needs any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import IngestionEvent
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.ports.catalogue import FOLDED, TAIL, Catalogue, Recorded
from fleetcore.ports.event_store import EventStore
from fleetcore.ports.object_store import ObjectStore

PREFIXES: Final = ("fresh/", "rejects/", "log/")
"""Where parts, rejects and the files of the log lie."""


def sweep(events: EventStore[IngestionEvent], objects: ObjectStore, catalogue: Catalogue) -> int:
    """Remove what no event and no catalogue names, and parts of which nothing entered the log.

    Only of ingestions that are over and settled: whoever still works on one finds all it needs.
    How many were removed; none where the log does not hold as many rows as the ledgers say, or
    a file of it is not there, because then something else may have lost its name. Objects of
    ingestions that no stream tells of stay, whoever put them there. To be run under the data
    folder's lock and while nothing is compacted: what a compaction has written is not named yet.
    Raises `UndecodableEvent`, `StorageUnavailable`.
    """
    found = [key for prefix in PREFIXES for key in objects.keys(prefix)]
    states = {each: IngestionStream(events, each).state for each in ingestions(events)}
    entries = catalogue.files().entries
    in_log = sum(entry.file.rows for entry in entries)
    files = {entry.file.key for entry in entries if not entry.file.key.startswith(TAIL)}
    brought = sum(map(rows_brought, _outcomes(states, catalogue)))
    brought -= sum(sum(state.forgotten.values()) for state in states.values())
    taken_in = live_rows(catalogue.recorded()).total()
    if in_log != brought + taken_in or files.difference(found):
        return 0
    kept = files.union(catalogue.retired())
    unneeded = [key for key in found if key not in kept and _is_unneeded(key, states)]
    for key in unneeded:
        objects.remove(key)
    return len(unneeded)


def owner(key: str) -> str:
    """The ingestion that an object of `fresh/`, `rejects/` or `tail/` belongs to."""
    return key.partition("/")[2].partition("/")[0]


def is_folded(key: str) -> bool:
    """Whether an object is a part that was folded from live batches."""
    return key.startswith("fresh/") and key.rpartition("/")[2].startswith(FOLDED)


def rows_brought(outcome: StoreOutcome) -> int:
    """The rows of a part that entered the log: the conflicting ones beside their siblings."""
    return outcome.stored + outcome.conflicting


def live_rows(recorded: Mapping[str, Recorded]) -> Counter[str]:
    """The rows that live batches brought to the log, by ingestion."""
    rows: Counter[str] = Counter()
    for origin, each in recorded.items():
        if origin.startswith(TAIL):
            rows[owner(origin)] += rows_brought(each.outcome)
    return rows


def _outcomes(states: dict[str, Ingestion], catalogue: Catalogue) -> Iterator[StoreOutcome]:
    """What the log said of every part, also where the ingestion does not know it yet."""
    unsettled: set[str] = set()
    for state in states.values():
        yield from state.outcomes.values()
        unsettled.update(message.part.key for message in state.unsettled)
    yield from catalogue.outcomes(unsettled).values()


def _is_unneeded(key: str, states: dict[str, Ingestion]) -> bool:
    if key.startswith("log/"):
        return True
    state = states.get(owner(key))
    if state is None or state.open or state.unsettled or key in state.dead:
        return False
    if any(chunk.rejects == key for chunk in state.chunks):
        return False
    part = next((part for part in state.parts if part.key == key), None)
    # A part all of whose rows are new is itself a file of the log.
    return part is None or rows_brought(state.outcomes[key]) != part.rows
