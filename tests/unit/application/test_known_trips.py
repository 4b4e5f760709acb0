"""Files of known trips are read whole, or the error says what is wrong where."""

from __future__ import annotations

import pytest

from fleetcore.application.generation.true_trips import trips_csv
from fleetcore.application.known_trips import known_trips
from fleetcore.errors import InvalidInput

HEADER = "vehicle_id,started_at,ended_at\n"
TRIPS = {"v1": [(1_714_557_600_000, 1_714_557_900_500), (1_714_558_000_000, 1_714_558_100_000)]}


def test_what_is_written_is_read() -> None:
    """Times to the millisecond."""
    text = trips_csv(TRIPS)

    assert text.splitlines()[1] == "v1,2024-05-01T10:00:00.000Z,2024-05-01T10:05:00.500Z"
    assert known_trips(text, "trips.csv") == TRIPS


def test_order_and_further_columns_do_not_matter() -> None:
    """Trips are sorted by time."""
    text = (
        "ended_at,fare,vehicle_id,started_at\n"
        "2024-05-01T10:10,4,v1,2024-05-01T10:05\n2024-05-01T10:05,3, v1 ,2024-05-01T10:00\n"
    )

    (spans,) = known_trips(text, "trips.csv").values()
    assert spans == sorted(spans)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "trips.csv: it needs the columns vehicle_id, started_at, ended_at"),
        ("vehicle_id,started_at\nv1,2024-05-01\n", "needs the columns"),
        (HEADER + "v1,2024-05-01,noon\n", "line 2: it needs a vehicle and two times"),
        (HEADER + ",2024-05-01,2024-05-02\n", "line 2: it needs a vehicle"),
        (HEADER + "v1,2024-05-01\n", "line 2: it needs a vehicle and two times"),
        (HEADER + "v1,2024-05-02,2024-05-01\n", "line 2: the trip ends before it starts"),
        (
            HEADER + "v1,2024-05-01,2024-05-03\nv1,2024-05-02,2024-05-04\n",
            "trips of 'v1' overlap",
        ),
    ],
)
def test_what_is_no_trip_is_told(text: str, message: str) -> None:
    """By file and line."""
    with pytest.raises(InvalidInput, match=message):
        known_trips(text, "trips.csv")
