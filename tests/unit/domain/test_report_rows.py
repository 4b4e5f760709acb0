"""What one report said, field by field."""

from __future__ import annotations

import pytest

from fleetcore.domain.location import Reading
from fleetcore.domain.report_rows import report_reader
from fleetcore.domain.rows import Row

READ = report_reader({}, None, "UTC")


def test_a_whole_report() -> None:
    """Each key is read for its field."""
    report = {"id": 7, "ts": 1, "lat": "1", "lon": 2, "speed_ms": 10, "status": "on", "city": " x "}

    assert READ(report, "t") == Row(
        reading=Reading(
            vehicle_id="7",
            observed_at=1000,
            latitude=1.0,
            longitude=2.0,
            speed_kmh=36.0,
            status="moving",
            city="x",
        )
    )


def test_faults_and_warnings() -> None:
    """A fault is in a required field, a warning in an optional one; faults come alone."""
    odd = {
        "id": 7,
        "ts": 1,
        "lat": 1,
        "lon": 2,
        "fuel": [],
        "batt": 1,
        "soc": 1,
        "speed_mph": 1.7e308,
    }

    row = READ(odd, "t")
    assert row is not None
    warnings = ("unreadable-speed-kmh", "ambiguous-battery-pct", "unreadable-fuel-pct")
    assert ((), warnings) == (row.faults, row.warnings)

    row = READ({**odd, "id": True, "gps.lat": 3}, "t")
    assert row is not None
    assert (("unreadable-vehicle-id", "ambiguous-latitude"), ()) == (row.faults, row.warnings)


@pytest.mark.parametrize(
    ("vehicle", "topic", "expected"),
    [
        (None, "fleet/a/location", "a"),
        ("NA", "fleet/a/location", "a"),
        ("b", "fleet/a/location", "b"),
    ],
)
def test_the_topic_names_who_is_not_named(vehicle: object, topic: str, expected: str) -> None:
    """And nobody else."""
    row = READ({"id": vehicle}, topic)

    assert row is not None
    assert expected == row.reading.vehicle_id


def test_no_location_is_no_row() -> None:
    """Nor is a fault of the whole report a reading."""
    assert READ({"_type": "lwt"}, "t") is None
    assert Row(faults=("encrypted",)) == READ({"_type": "encrypted"}, "t")
