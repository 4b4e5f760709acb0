"""Specifications: what is refused, and how."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fleetcore.application.generation.dirt import DIRT_DESCRIPTIONS
from fleetcore.application.generation.faults import FAULTS
from fleetcore.application.generation.spec import COLUMNS, FleetSpec
from fleetcore.errors import InvalidConfiguration


def test_unknown_dirt_lists_the_kinds() -> None:
    """An unknown kind of dirt is named, with all kinds there are."""
    with pytest.raises(InvalidConfiguration) as caught:
        FleetSpec(dirt={"mud": 0.1})

    assert "mud" in str(caught.value)
    assert all(kind in str(caught.value) for kind in DIRT_DESCRIPTIONS)


def test_unknown_fault_lists_the_kinds() -> None:
    """An unknown file fault is named, with all kinds there are."""
    with pytest.raises(InvalidConfiguration) as caught:
        FleetSpec(faults=frozenset({"ebcdic"}))

    assert "ebcdic" in str(caught.value)
    assert all(kind in str(caught.value) for kind in FAULTS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": 0}, "rows is 0"),
        ({"vehicles": 0}, "vehicles is 0"),
        ({"interval_s": 0}, "interval_s is 0"),
        ({"interval_s": 3601}, "3600 or less"),
        ({"time_format": "epoch-s"}, "iso, epoch-ms"),
        ({"delimiter": "x"}, "delimiter is 'x'"),
        ({"delimiter": ""}, "delimiter is ''"),
        ({"start": datetime.fromisoformat("2024-01-01")}, "offset from UTC"),
        ({"start": datetime(1969, 1, 1, tzinfo=UTC)}, "1970 to 2199"),
        ({"vehicles": 1, "rows": 10**12}, "1970 to 2199"),
        ({"columns": ("vehicle_id", "observed_at", "latitude")}, "lacks longitude"),
        ({"columns": (*COLUMNS, "latitude")}, "twice"),
        ({"columns": (*COLUMNS, "mood")}, "no columns: mood"),
        ({"headings": {"latitude": "Lat,Lon"}}, "Lat,Lon"),
        ({"dirt": {"future": 1.5}}, "use 0 to 1"),
        ({"dirt": {"future": -0.1}}, "use 0 to 1"),
        ({"dirt": {"future": float("nan")}}, "use 0 to 1"),
        ({"dirt": {"future": 0.6, "ragged": 0.6}}, "sum to 1.2"),
        ({"columns": COLUMNS[:4], "dirt": {"unknown-status": 0.1}}, "column status"),
        ({"faults": frozenset({"crlf", "mixed-line-ends"})}, "exclude each other"),
        ({"faults": frozenset({"bom", "utf-16"})}, "exclude each other"),
        ({"faults": frozenset({"invalid-utf-8", "utf-16"})}, "exclude each other"),
    ],
)
def test_refused(options: dict[str, object], said: str) -> None:
    """What cannot be generated is refused with the reason."""
    with pytest.raises(InvalidConfiguration, match=said):
        FleetSpec(**options)  # type: ignore[arg-type]  # wrong values are what is tested


def test_end_is_behind_the_last_row() -> None:
    """The end covers the last, partly filled interval."""
    spec = FleetSpec(vehicles=10, rows=21, interval_s=60, start=datetime(2024, 1, 1, tzinfo=UTC))

    assert datetime(2024, 1, 1, 0, 3, tzinfo=UTC) == spec.end
