"""Options are checked when they are given, and cover defaults."""

from __future__ import annotations

import pytest

from fleetcore.application.reading_options import ReadingOptions
from fleetcore.errors import InvalidConfiguration


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("zone", "Europe/Atlantis"),
        ("zone", "../etc/passwd"),
        ("zone", ""),
        ("encoding", "utf-99"),
        ("encoding", "base64"),
        ("encoding", "idna"),
        ("delimiter", ""),
        ("delimiter", '"'),
        ("delimiter", "ab"),
        ("delimiter", "§"),
        ("vehicle_from_filename", "(x"),
        ("speed_unit", "furlongs"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(option: str, value: str) -> None:
    """The error shows the value."""
    with pytest.raises(InvalidConfiguration) as raised:
        ReadingOptions(**{option: value})  # type: ignore[arg-type]  # one option a case
    assert repr(value) in str(raised.value)


def test_a_field_that_does_not_exist_is_refused() -> None:
    """The error lists the fields."""
    with pytest.raises(InvalidConfiguration, match=r"'lat' is not a field; .*latitude"):
        ReadingOptions(mapping={"lat": "x"})


@pytest.mark.parametrize(
    ("text", "delimiter"), [("tab", "\t"), ("\\t", "\t"), ("space", " "), ("^", "^")]
)
def test_a_delimiter_may_be_named(text: str, delimiter: str) -> None:
    """What is hard to type has a name."""
    assert delimiter == ReadingOptions(delimiter=text).delimiter


@pytest.mark.parametrize(("text", "unit"), [("mph", "mph"), ("KPH", "km/h"), ("m/s", "m/s")])
def test_a_speed_unit_may_be_written_as_in_headers(text: str, unit: str) -> None:
    """The spellings of headers are understood."""
    assert unit == ReadingOptions(speed_unit=text).speed_unit


def test_options_go_before_defaults() -> None:
    """What is given wins, what is left open is the default's; mappings are joined by field."""
    defaults = ReadingOptions(
        mapping={"latitude": "y", "longitude": "x"}, zone="Europe/Berlin", delimiter=";"
    )
    given = ReadingOptions(mapping={"latitude": "lat"}, delimiter="|", columns=("a",))
    assert ReadingOptions(
        mapping={"latitude": "lat", "longitude": "x"},
        zone="Europe/Berlin",
        delimiter="|",
        columns=("a",),
    ) == given.over(defaults)
