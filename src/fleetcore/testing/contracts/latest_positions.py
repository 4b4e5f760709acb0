"""What every view of latest positions does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetcore.domain.location import precedence
from fleetcore.domain.parts import StoredEvent
from fleetcore.ports.latest_positions import ErasablePositions, LatestPositions
from fleetcore.testing.contracts.log_rig import FULL, stored
from fleetcore.testing.contracts.race import raced
from fleetcore.testing.strategies import location_events, stored_events

CLOSE_EVENTS: Final = location_events(
    vehicle_id=st.sampled_from(("cab-1", "cab-2", "é")), observed_at=st.integers(-1, 1)
)


class LatestPositionsContract:
    """Needs the fixture `open_latest_positions`."""

    @pytest.fixture
    def view(self, open_latest_positions: Callable[[], LatestPositions]) -> LatestPositions:
        """The view under test."""
        return open_latest_positions()

    def test_is_empty_at_first(self, view: LatestPositions) -> None:
        """A view that never followed the log knows no vehicle and stands at 0."""
        assert (0, ()) == (view.cursor(), view.read())

    def test_reads_what_was_applied(self, view: LatestPositions) -> None:
        """Every field, enrichment and provenance come back, and the cursor."""
        view.apply([FULL], 9)

        assert (9, (FULL,)) == (view.cursor(), view.read())

    @pytest.mark.parametrize(
        ("loser", "winner"),
        [
            (stored("a", 1, accuracy_m=1.0), stored("a", 2)),
            (stored("a", -2), stored("a", -1)),
            (stored("a", 1, accuracy_m=5.0), stored("a", 1, accuracy_m=4.5)),
            (stored("a", 1), stored("a", 1, accuracy_m=1e300)),
            (stored("a", 1), stored("a", 1, accuracy_m=-1.0)),
        ],
    )
    def test_keeps_the_winner(
        self, view: LatestPositions, loser: StoredEvent, winner: StoredEvent
    ) -> None:
        """Later wins, then more accurate, missing accuracy last; whichever was applied first."""
        view.apply([loser], 1)
        view.apply([winner], 2)
        assert (winner,) == view.read()

        view.apply([loser], 3)
        assert (winner,) == view.read()

    def test_fingerprints_decide_as_unsigned(self, view: LatestPositions) -> None:
        """Of equally accurate events of one instant the greater unsigned fingerprint wins."""
        siblings = [
            evolve(FULL, event=evolve(FULL.event, speed_kmh=float(speed))) for speed in range(16)
        ]
        fingerprints = [sibling.event.fingerprint for sibling in siblings]
        assert min(fingerprints) < 2**63 <= max(fingerprints)
        for sibling in siblings:
            view.apply([sibling], 1)

        assert (max(siblings, key=lambda s: s.event.fingerprint),) == view.read()

    def test_reads_vehicles_in_order(self, view: LatestPositions) -> None:
        """Winners are sorted by vehicle id, by code point."""
        ids = ["b", "a", "é", "B", "車", "🚚", "\uffff", "10", "9"]
        view.apply([stored(vehicle_id, 1) for vehicle_id in ids], 1)

        assert sorted(ids) == [winner.event.vehicle_id for winner in view.read()]

    @pytest.mark.parametrize(
        ("asked", "answered"),
        [(("b", "a", "b"), ("a", "b")), (("c", "nobody", ""), ("c",)), ((), ())],
    )
    def test_reads_the_vehicles_asked_for(
        self, view: LatestPositions, asked: Sequence[str], answered: Sequence[str]
    ) -> None:
        """Known vehicles among those asked for come once each, sorted."""
        view.apply([stored(vehicle_id, 1) for vehicle_id in "abc"], 1)

        assert answered == tuple(winner.event.vehicle_id for winner in view.read(asked))

    def test_cursor_never_goes_back(self, view: LatestPositions) -> None:
        """A smaller cursor applies its events and leaves the cursor alone."""
        view.apply([stored("a", 1)], 5)
        view.apply([stored("b", 1)], 3)

        assert 5 == view.cursor()
        assert 2 == len(view.read())

    def test_cursor_advances_without_events(self, view: LatestPositions) -> None:
        """Having seen nothing new is saved, too."""
        view.apply([], 2**40)

        assert (2**40, ()) == (view.cursor(), view.read())

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        events=st.lists(stored_events(CLOSE_EVENTS), max_size=8),
        cuts=st.lists(st.integers(0, 8), max_size=2),
    )
    def test_is_the_fold_of_what_was_applied(
        self, view: LatestPositions, events: list[StoredEvent], cuts: list[int]
    ) -> None:
        """However events are cut into calls, each vehicle's greatest by `precedence` is held."""
        before = view.read()
        bounds = [0, *sorted(cuts), len(events)]
        for start, end in pairwise(bounds):
            view.apply(events[start:end], 1)

        expected = {
            event.vehicle_id: precedence(event)
            for event in sorted((s.event for s in (*before, *events)), key=precedence)
        }
        assert expected == {
            winner.event.vehicle_id: precedence(winner.event) for winner in view.read()
        }

    def test_keeps_winners(self, open_latest_positions: Callable[[], LatestPositions]) -> None:
        """Another handle sees what was applied."""
        open_latest_positions().apply([FULL], 9)

        other = open_latest_positions()

        assert (9, (FULL,)) == (other.cursor(), other.read())

    def test_racing_writers_lose_nothing(
        self, open_latest_positions: Callable[[], LatestPositions]
    ) -> None:
        """Winners and the greatest cursor hold, whoever applied them last."""
        views = [open_latest_positions() for _ in range(4)]
        raced(
            [
                partial(view.apply, [stored("shared", n), stored(f"own-{n}", 1)], n)
                for n, view in enumerate(views, 1)
            ]
        )

        (shared,) = views[0].read(["shared"])
        assert (4, 4, 5) == (shared.event.observed_at, views[0].cursor(), len(views[0].read()))


class ErasablePositionsContract:
    """What a view that can let go of vehicles does besides; needs `open_erasable_positions`."""

    @pytest.fixture
    def erasable(
        self, open_erasable_positions: Callable[[], ErasablePositions]
    ) -> ErasablePositions:
        """The view under test."""
        return open_erasable_positions()

    def test_lets_go_of_vehicles(self, erasable: ErasablePositions) -> None:
        """Those that are known are counted; all others stay, and so does the cursor."""
        erasable.apply([stored("cab-1", 5), stored("cab-2", 5), stored("é", 5)], 7)

        assert 2 == erasable.remove(["cab-1", "é", "cab-9"])
        assert ((stored("cab-2", 5),), 7) == (erasable.read(), erasable.cursor())

    def test_letting_go_again_is_nothing(self, erasable: ErasablePositions) -> None:
        """What is gone is not known."""
        erasable.apply([stored("cab-1", 5)], 7)
        erasable.remove(["cab-1"])

        assert 0 == erasable.remove(["cab-1"])
        assert 0 == erasable.remove([])
