"""Tracks and latest positions: what the log says of a vehicle."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fleetcore.application.tracks import catch_up, latest, track
from fleetcore.domain.location import precedence

if TYPE_CHECKING:
    from tests.unit.application.conftest import World

START_MS = 1_700_000_000_000


def test_a_track_is_in_event_order_with_every_payload(
    world: World, rows: Callable[..., str]
) -> None:
    """All events of the vehicle and no other, by time, siblings side by side."""
    world.ingest(rows(0, 60))
    found = track(world.fleet, "cab-0")

    assert sorted(stored.event.observed_at for stored in found) == [
        stored.event.observed_at for stored in found
    ]
    assert set(found) == {each for each in world.log() if each.event.vehicle_id == "cab-0"}
    assert len(found) > len({stored.event.identity for stored in found})


def test_a_clean_track_holds_the_winner_of_each_instant(
    world: World, rows: Callable[..., str]
) -> None:
    """Of siblings only the one that takes precedence is left."""
    world.ingest(rows(0, 60))
    every, clean = track(world.fleet, "cab-0"), track(world.fleet, "cab-0", clean=True)

    assert [stored.event.identity for stored in clean] == sorted(
        {stored.event.identity for stored in every}
    )
    for winner in clean:
        rivals = [each for each in every if each.event.identity == winner.event.identity]
        assert precedence(winner.event) == max(precedence(each.event) for each in rivals)


def test_a_track_ends_before_its_end(world: World, rows: Callable[..., str]) -> None:
    """The start is in the span, the end is not."""
    world.ingest(rows(0, 60, dirty=False))
    found = track(world.fleet, "cab-0", START_MS + 3000, START_MS + 9000)

    assert [3000, 6000] == [stored.event.observed_at - START_MS for stored in found]


def test_latest_follows_the_log(world: World, rows: Callable[..., str]) -> None:
    """The view catches up when it is asked, and a late file does not turn it back."""
    world.ingest(rows(30, 60, dirty=False))
    first = latest(world.fleet)
    world.ingest(rows(0, 30, dirty=False))
    second = latest(world.fleet)
    world.ingest(rows(60, 63, dirty=False))

    assert [57, 58, 59] == [(each.event.observed_at - START_MS) // 1000 for each in first]
    assert first == second
    assert [61] == [
        (each.event.observed_at - START_MS) // 1000 for each in latest(world.fleet, ["cab-1"])
    ]


def test_catching_up_after_any_crash_is_exact(
    new_world: Callable[[], World], rows: Callable[..., str]
) -> None:
    """A process that dies while the view follows leaves it behind, never wrong."""
    for calls in range(10):
        world = new_world()
        world.ingest(rows(0, 60))
        if not world.dies(calls, catch_up):
            assert calls > 1
            return
        expected = {
            vehicle: max(
                (each for each in world.log() if each.event.vehicle_id == vehicle),
                key=lambda stored: precedence(stored.event),
            )
            for vehicle in ("cab-0", "cab-1", "cab-2")
        }
        assert tuple(expected.values()) == latest(world.fleet)
    pytest.fail("it never ends")
