"""Strategies for tracks: drives that break no track rule, and anything a vehicle may report."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, radians, sin
from typing import Final

from hypothesis import strategies as st

from fleetcore.domain.geodesy import EARTH_RADIUS_M
from fleetcore.domain.location import LocationEvent, Status

START_MS: Final = 1_700_000_000_000
LATITUDE: Final = 52.0
LONGITUDE: Final = 179.99
"""So near the antimeridian that longitudes turn over."""

_METRES_PER_DEGREE: Final = EARTH_RADIUS_M * pi / 180
_SAFE: Final = 0.9
"""Of the way a speed covers, on the flat map that these tracks are drawn on."""


def event_at(
    at_s: float,
    north_m: float = 0.0,
    east_m: float = 0.0,
    *,
    speed_kmh: float | None = None,
    accuracy_m: float | None = None,
    status: Status | None = None,
) -> LocationEvent:
    """An event so many seconds after and metres from where all tracks begin."""
    east = LONGITUDE + east_m / (_METRES_PER_DEGREE * cos(radians(LATITUDE)))
    return LocationEvent(
        vehicle_id="cab-1",
        observed_at=START_MS + round(at_s * 1000),
        latitude=LATITUDE + north_m / _METRES_PER_DEGREE,
        longitude=(east + 180.0) % 360.0 - 180.0,
        speed_kmh=speed_kmh,
        accuracy_m=accuracy_m,
        status=status,
    )


@st.composite
def drives(draw: st.DrawFn, least: int = 3) -> Sequence[LocationEvent]:
    """A track of at least so many events that breaks no track rule of the default limits."""
    hops = draw(
        st.lists(
            st.tuples(
                st.integers(1, 400),
                st.sampled_from((0.0, 0.0, 3.0, 20.0, 60.0, 150.0)),
                st.floats(0.0, 2 * pi),
            ),
            min_size=least - 1,
            max_size=40,
        )
    )
    at_s, north_m, east_m = 0, 0.0, 0.0
    events = [event_at(0)]
    for duration_s, speed_kmh, heading in hops:
        at_s += duration_s
        way_m = speed_kmh / 3.6 * duration_s * _SAFE
        north_m, east_m = north_m + way_m * cos(heading), east_m + way_m * sin(heading)
        events.append(event_at(at_s, north_m, east_m))
    return events


def reports() -> st.SearchStrategy[list[LocationEvent]]:
    """Reports of one vehicle in no order: of few instants, near and far, with siblings."""
    return st.lists(
        st.builds(
            event_at,
            st.sampled_from((0, 0.2, 1, 2, 30, 31, 60, 120, 400, 900, 2000, 5000, 9000)),
            st.sampled_from((0.0, 10.0, 60.0, 300.0, 90_000.0)),
            st.sampled_from((0.0, 30.0, 5_000.0)),
            speed_kmh=st.sampled_from((None, 0.0, 4.0, 30.0)),
            accuracy_m=st.sampled_from((None, 3.0, 400.0)),
            status=st.sampled_from((None, "moving", "idle", "offline")),
        ),
        max_size=25,
    )
