"""Tracks and latest positions: what the log says of a vehicle."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fleetcore.application.tracks import (
    JudgeOf,
    catch_up,
    city_tracks,
    clean_city_tracks,
    clean_track,
    judges,
    latest,
    track,
)
from fleetcore.domain.location import precedence
from fleetcore.domain.tracks.limits import TrackLimits, TrackSettings
from fleetcore.domain.vehicles import Vehicle
from fleetcore_adapters.memory.vehicles import VehicleTable

if TYPE_CHECKING:
    from tests.unit.application.conftest import World

START_MS = 1_700_000_000_000
HEADER = "vehicle_id,observed_at,latitude,longitude,accuracy_m,city\n"
DEFAULTS = judges(TrackSettings())
ANY = judges(TrackSettings(severities={"implied-speed": "off"}))


def _hops(*latitudes: float, vehicle: str = "cab-1") -> str:
    """A file of one vehicle that reports once a minute."""
    return HEADER + "".join(
        f"{vehicle},{START_MS + 60_000 * minute},{latitude},1,,Rome\n"
        for minute, latitude in enumerate(latitudes)
    )


def _latitudes(world: World, judge_of: JudgeOf, *span: int) -> list[float]:
    clean = clean_track(world.fleet, "cab-1", *span, judge_of=judge_of)
    return [stored.event.latitude for stored in clean.events]


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
    every = track(world.fleet, "cab-0")
    clean = clean_track(world.fleet, "cab-0", judge_of=ANY).events

    assert [stored.event.identity for stored in clean] == sorted(
        {stored.event.identity for stored in every}
    )
    for winner in clean:
        rivals = [each for each in every if each.event.identity == winner.event.identity]
        assert precedence(winner.event) == max(precedence(each.event) for each in rivals)


def test_a_clean_track_lacks_what_rules_reject(world: World) -> None:
    """Each is counted by its rule; the raw track holds them still."""
    world.ingest(_hops(50.0, 50.001, 60.0, 50.002, 50.003))
    clean = clean_track(world.fleet, "cab-1", judge_of=DEFAULTS)

    assert [50.0, 50.001, 50.002, 50.003] == _latitudes(world, DEFAULTS)
    assert ({"implied-speed": 1}, {}) == (clean.rejected, clean.warned)
    assert 5 == len(track(world.fleet, "cab-1"))


def test_a_verdict_is_the_same_in_every_span(world: World) -> None:
    """Neighbours outside the span are heard; what falls outside it is not counted."""
    world.ingest(_hops(50.0, 50.001, 60.0, 50.002, 50.003))
    only = (START_MS + 120_000, START_MS + 180_000)
    before = clean_track(world.fleet, "cab-1", START_MS, START_MS + 60_000, judge_of=DEFAULTS)

    assert [] == _latitudes(world, DEFAULTS, *only)
    assert {} == before.rejected


def test_a_late_event_changes_the_answer_to_what_it_should_have_been(
    new_world: Callable[[], World],
) -> None:
    """A fix that nothing bore out stands as soon as a neighbour does."""
    late, at_once = new_world(), new_world()
    lines = _hops(50.0, 50.001, 51.0, 51.001, 50.002, 50.003).splitlines(keepends=True)
    late.ingest("".join([HEADER, *lines[1:4], *lines[5:]]))
    before = _latitudes(late, DEFAULTS)
    late.ingest(HEADER + lines[4], name="late.csv")
    at_once.ingest("".join(lines))

    assert [50.0, 50.001, 50.002, 50.003] == before
    assert 6 == len(_latitudes(late, DEFAULTS))
    assert _latitudes(late, DEFAULTS) == _latitudes(at_once, DEFAULTS)


def test_limits_are_those_of_the_vehicles_class(world: World) -> None:
    """Where a directory says its class, and the settings have limits of it."""
    world.ingest(_hops(50.0, 50.001, 50.1, 50.002, 50.003))
    settings = TrackSettings(classes={"plane": TrackLimits(max_implied_speed_kmh=900.0)})
    fleet = VehicleTable([Vehicle(vehicle_id="cab-1", vehicle_class="plane")])
    others = VehicleTable([Vehicle(vehicle_id="cab-2", vehicle_class="plane")])

    assert 4 == len(_latitudes(world, judges(settings)))
    assert 4 == len(_latitudes(world, judges(settings, others)))
    assert 5 == len(_latitudes(world, judges(settings, fleet)))


def test_tracks_of_a_city_are_cleaned_each_for_itself(world: World) -> None:
    """By vehicle; one vehicle's neighbours are no other's."""
    world.ingest(_hops(50.0, 50.001, 60.0, 50.002))
    world.ingest(_hops(60.0, 60.001, 60.002, vehicle="cab-2"), name="two.csv")
    clean = clean_city_tracks(world.fleet, "Rome", judge_of=DEFAULTS)

    assert 7 == len(city_tracks(world.fleet, "Rome"))
    assert [("cab-1", 50.0), ("cab-1", 50.001), ("cab-1", 50.002), ("cab-2", 60.0)] == [
        (stored.event.vehicle_id, stored.event.latitude) for stored in clean.events[:4]
    ]
    assert {"implied-speed": 1} == clean.rejected


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
