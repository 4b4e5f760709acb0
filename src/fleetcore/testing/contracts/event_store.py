"""What every event store does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings

from fleetcore.domain.ingestion_events import IngestionEvent, IngestionFailed, IngestionSuperseded
from fleetcore.errors import InvalidInput, VersionConflict
from fleetcore.ports.event_store import MAX_EVENTS, EventStore
from fleetcore.testing.contracts.race import raced
from fleetcore.testing.histories import ingestion_histories

ONE: Final = IngestionFailed(code="unreadable-file", message="not a CSV file")
TWO: Final = IngestionSuperseded(by="2e")
WRITERS: Final = 4


class EventStoreContract:
    """Needs the fixture `open_event_store`."""

    @pytest.fixture
    def store(
        self, open_event_store: Callable[[], EventStore[IngestionEvent]]
    ) -> EventStore[IngestionEvent]:
        """The store under test."""
        return open_event_store()

    def test_knows_no_streams_at_first(self, store: EventStore[IngestionEvent]) -> None:
        """A stream that nothing was appended to is empty and not listed."""
        assert ((), ()) == (store.read("a"), store.streams())

    def test_reads_what_was_appended_in_order(self, store: EventStore[IngestionEvent]) -> None:
        """Events come back as they were appended, over several appends."""
        versions = (store.append("a", 0, [ONE]), store.append("a", 1, [TWO, ONE]))

        assert (1, 3) == versions
        assert (ONE, TWO, ONE) == store.read("a")

    def test_keeps_streams_apart(self, store: EventStore[IngestionEvent]) -> None:
        """Each stream has its own events and its own versions."""
        store.append("a", 0, [ONE])

        assert store.append("b", 0, [TWO]) == 1
        assert ((ONE,), (TWO,)) == (store.read("a"), store.read("b"))

    def test_lists_streams_by_first_event(self, store: EventStore[IngestionEvent]) -> None:
        """Streams are listed in the order in which they began."""
        for stream, version in (("b", 0), ("a", 0), ("c", 0), ("a", 1)):
            store.append(stream, version, [ONE])

        assert ("b", "a", "c") == store.streams()

    def test_lists_streams_by_prefix(self, store: EventStore[IngestionEvent]) -> None:
        """Only those that begin with it, and a prefix is no pattern."""
        for stream in ("b/2", "a", "b/1", "B/1", "b", "%", "_/é", "_"):
            store.append(stream, 0, [ONE])

        assert ("b/2", "b/1") == store.streams("b/")
        assert ("b/2", "b/1", "b") == store.streams("b")
        assert ("_/é",) == store.streams("_/é")
        assert (("%",), ("_/é", "_")) == (store.streams("%"), store.streams("_"))
        assert () == store.streams("c")

    def test_takes_no_more_than_a_transaction_holds(
        self, store: EventStore[IngestionEvent]
    ) -> None:
        """So many events are one append, and one more is refused and changes nothing."""
        with pytest.raises(InvalidInput, match=str(MAX_EVENTS)):
            store.append("a", 0, [ONE] * (MAX_EVENTS + 1))

        assert MAX_EVENTS == store.append("a", 0, [ONE] * MAX_EVENTS)
        assert 2 * MAX_EVENTS == store.append("a", MAX_EVENTS, [TWO] * MAX_EVENTS)
        assert (ONE,) * MAX_EVENTS + (TWO,) * MAX_EVENTS == store.read("a")

    def test_keeps_large_events(self, store: EventStore[IngestionEvent]) -> None:
        """What a long file decides may be long, and several such events fit one append."""
        large = [IngestionFailed(code="x", message=f"{n}é\0" * 100_000) for n in range(3)]
        store.append("a", 0, large)

        assert tuple(large) == store.read("a")

    @pytest.mark.parametrize("expected", [0, 2])
    def test_refuses_another_version(
        self, store: EventStore[IngestionEvent], expected: int
    ) -> None:
        """An append that expects another version says which one there is and changes nothing."""
        store.append("a", 0, [ONE])

        with pytest.raises(VersionConflict) as raised:
            store.append("a", expected, [TWO])

        assert ("a", expected, 1) == (
            raised.value.stream,
            raised.value.expected,
            raised.value.actual,
        )
        assert (ONE,) == store.read("a")

    def test_appending_nothing_checks_the_version(self, store: EventStore[IngestionEvent]) -> None:
        """An empty append changes nothing, but it is refused like any other."""
        assert store.append("a", 0, []) == 0
        with pytest.raises(VersionConflict):
            store.append("a", 1, [])
        assert () == store.streams()

    def test_keeps_events(self, open_event_store: Callable[[], EventStore[IngestionEvent]]) -> None:
        """Another handle sees what a finished append wrote."""
        open_event_store().append("a", 0, [ONE, TWO])

        other = open_event_store()

        assert (("a",), (ONE, TWO)) == (other.streams(), other.read("a"))

    def test_one_of_racing_writers_wins(
        self, open_event_store: Callable[[], EventStore[IngestionEvent]]
    ) -> None:
        """Of writers that expect the same version exactly one appends, the others conflict."""
        stores = [open_event_store() for _ in range(WRITERS)]
        for version in range(5):
            results = raced([partial(s.append, "a", version, [ONE]) for s in stores])

            assert [version + 1] == [result for result in results if isinstance(result, int)]
            assert WRITERS - 1 == sum(isinstance(result, VersionConflict) for result in results)
        assert (ONE,) * 5 == stores[0].read("a")

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(history=ingestion_histories())
    def test_any_history_survives(
        self, store: EventStore[IngestionEvent], history: tuple[IngestionEvent, ...]
    ) -> None:
        """Whatever an ingestion decided is read back equal."""
        stream = f"s{len(store.streams())}"

        store.append(stream, 0, history)

        assert history == store.read(stream)
