"""Aggregates as streams: read, decide, append, and read again on a conflict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import reduce
from typing import Final, Generic, TypeVar

from attrs import frozen

from fleetcore.domain.ingestion import Ingestion, decide, evolve, initial
from fleetcore.domain.ingestion_events import IngestionCommand, IngestionEvent
from fleetcore.errors import UndecodableEvent, UnknownIngestion, VersionConflict
from fleetcore.ports.event_store import MAX_EVENTS, E, EventStore

C = TypeVar("C")
S = TypeVar("S")

_PREFIX: Final = "ingestion-"
_SOME: Final = 5


@frozen(kw_only=True, slots=True)
class Decider(Generic[C, E, S]):
    """An aggregate as its three pure functions."""

    initial: Callable[[], S]
    decide: Callable[[C, S], tuple[E, ...]]
    evolve: Callable[[S, E], S]


class DecisionStream(Generic[C, E, S]):
    """One aggregate's stream as last seen by this process; others may append to it too."""

    def __init__(self, store: EventStore[E], name: str, decider: Decider[C, E, S]) -> None:
        self._store = store
        self._name = name
        self._decider = decider
        self._version = 0
        self.state = decider.initial()
        self.refresh()

    def refresh(self) -> S:
        """Read the stream and return its state."""
        events = self._store.read(self._name)
        self._version = len(events)
        self.state = reduce(self._decider.evolve, events, self._decider.initial())
        return self.state

    def carry_out(self, *commands: C) -> S:
        """Decide and append until no other writer came between; the state after it.

        Raises `IllegalCommand` where the state does not allow a command.
        """
        while True:
            state = self.state
            events: list[E] = []
            for command in commands:
                for event in self._decider.decide(command, state):
                    events.append(event)
                    state = self._decider.evolve(state, event)
            try:
                self._append(events)
            except VersionConflict:
                self.refresh()
                continue
            self.state = state
            return state

    def _append(self, events: Sequence[E]) -> None:
        for start in range(0, max(len(events), 1), MAX_EVENTS):
            some = events[start : start + MAX_EVENTS]
            self._version = self._store.append(self._name, self._version, some)


INGESTION: Final = Decider(initial=initial, decide=decide, evolve=evolve)


class IngestionStream(DecisionStream[IngestionCommand, IngestionEvent, Ingestion]):
    """One ingestion's stream."""

    def __init__(self, store: EventStore[IngestionEvent], ingestion: str) -> None:
        super().__init__(store, _PREFIX + ingestion, INGESTION)


def ingestions(store: EventStore[IngestionEvent], beginning: str = "") -> Iterator[str]:
    """The ids of the ingestions that begin so, in the order they were received."""
    for name in store.streams(_PREFIX + beginning):
        yield name.removeprefix(_PREFIX)


def readable_states(store: EventStore[IngestionEvent]) -> dict[str, Ingestion]:
    """The state of every ingestion, in order; one that a newer version wrote to is left out."""
    states: dict[str, Ingestion] = {}
    for ingestion in ingestions(store):
        with suppress(UndecodableEvent):
            states[ingestion] = IngestionStream(store, ingestion).state
    return states


def ingestion_named(store: EventStore[IngestionEvent], beginning: str) -> str:
    """The one ingestion whose id begins so. Raises `UnknownIngestion` for none or several."""
    found = list(ingestions(store, beginning))
    if beginning in found:
        return beginning
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownIngestion(
            f"no ingestion begins with {beginning!r}; `fleetcore ledger` lists them"
        )
    some = ", ".join(found[:_SOME]) + (", ..." if len(found) > _SOME else "")
    raise UnknownIngestion(
        f"{len(found):,} ingestions begin with {beginning!r}: {some}; give more of the id"
    )
