"""Which keys mean which fields, and which vehicle a topic names."""

from __future__ import annotations

import pytest

from fleetcore.domain.cells import UNREADABLE, Unreadable
from fleetcore.domain.payloads import MAX_KEYS
from fleetcore.domain.report_forms import Form, Mapped, checked_pattern, form_of, vehicle_in_topic
from fleetcore.errors import InvalidMapping


@pytest.mark.parametrize(
    ("keys", "kind", "mapped", "expected"),
    [
        ("id ts lat lon", None, (), {"vehicle_id": "id", "observed_at": "ts"}),
        ("gps.lat gps.lng", None, (), {"latitude": "gps.lat", "longitude": "gps.lng"}),
        ("lat gpslat latitude", None, (), {"latitude": "latitude"}),
        ("tst tid lat", "location", (), {"observed_at": "tst", "latitude": "lat"}),
        ("tst tid lat", "position", (), {"vehicle_id": "tid", "observed_at": "tst"}),
        ("a lat", None, (("latitude", "a"),), {"latitude": "a"}),
        ("lat", None, (("latitude", "a"),), {}),
        ("lat", None, (("fuel_pct", "lat"),), {"fuel_pct": "lat"}),
    ],
)
def test_keys(keys: str, kind: str | None, mapped: Mapped, expected: dict[str, str]) -> None:
    """The table of names decides, or OwnTracks' form, but a mapped field has its own key."""
    form = form_of(tuple(keys.split()), kind, mapped)

    assert isinstance(form, Form)
    assert expected.items() <= form.keys.items()
    assert set(form.keys) - set(expected) <= {"latitude", "longitude"}
    assert () == form.ambiguous


def test_two_keys_may_mean_a_field() -> None:
    """Then none is read, unless one of them is mapped."""
    form = form_of(("lat", "gpslat"), None, ())
    assert Form(keys={}, ambiguous=("latitude",)) == form

    assert Form(keys={"latitude": "lat"}) == form_of(
        ("lat", "gpslat"), None, (("latitude", "lat"),)
    )
    assert Form(keys={"latitude": "lat", "fuel_pct": "gpslat"}) == form_of(
        ("lat", "gpslat"), None, (("fuel_pct", "gpslat"),)
    )


@pytest.mark.parametrize(
    ("keys", "kind", "kmh_per"),
    [
        (("speed_mph",), None, 1.609344),
        (("speed", "fixTime"), None, 1.852),
        (("vel", "fixTime"), "location", 1.0),
        (("lat",), None, 1.0),
    ],
)
def test_units(keys: tuple[str, ...], kind: str | None, kmh_per: float) -> None:
    """As for files: named by the key or its neighbours; OwnTracks' are km/h."""
    form = form_of(keys, kind, ())

    assert isinstance(form, Form)
    assert kmh_per == form.kmh_per


def test_what_is_no_location() -> None:
    """Silent by its type, encrypted, or with too many keys."""
    assert form_of(("lat", "lon"), "transition", ()) is None
    assert "encrypted" == form_of(("data",), "encrypted", ())
    assert "too-many-keys" == form_of(tuple(map(str, range(MAX_KEYS + 1))), None, ())


@pytest.mark.parametrize(
    ("topic", "pattern", "expected"),
    [
        ("fleet/a/location", None, "a"),
        ("fleet/e\u0301/location", None, "\u00e9"),
        ("x/fleet/a/location", None, None),
        ("fleet/a/b/location", None, None),
        ("owntracks/u/d", None, "u/d"),
        ("owntracks/u/d/event", None, None),
        ("fleet/a/location", "^(b)", None),
        ("ab", "^(x)?ab", None),
        ("fleet/\x07/location", None, UNREADABLE),
    ],
)
def test_topics(topic: str, pattern: str | None, expected: str | None | Unreadable) -> None:
    """A pattern of the fleet's own stands for the usual one."""
    assert expected == vehicle_in_topic(topic, pattern)


def test_patterns_are_checked() -> None:
    """A pattern that is no regular expression is told at once."""
    assert "(a)" == checked_pattern("(a)")
    with pytest.raises(InvalidMapping, match="no regular expression"):
        checked_pattern("(a")
