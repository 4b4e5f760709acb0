"""What the text of one cell means."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.cells import (
    FIRST_MS,
    LAST_MS,
    NULLS,
    STATUS_SYNONYMS,
    UNREADABLE,
    id_in,
    number_in,
    optional_number_in,
    status_in,
    text_in,
    time_in,
)
from fleetcore.domain.interpretation import TimeFormat
from fleetcore.domain.location import MAX_VEHICLE_ID_BYTES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("-7", -7.0),
        ("+7", 7.0),
        ("007", 7.0),
        ("1.5", 1.5),
        ("5.", 5.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        ("1.e+2", 100.0),
        ("  5 ", 5.0),
        ("\t5\t", 5.0),
        ("1e400", math.inf),
        ("-1e400", -math.inf),
        ("1e-400", 0.0),
        ("5e-324", 5e-324),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("12345678901234567890", 12345678901234567890.0),
        ("0.1000000000000000055511151231257827", 0.1),
    ],
)
def test_numbers(text: str, expected: float) -> None:
    """A decimal number with a point, perhaps with an exponent or blanks around."""
    assert expected == number_in(text)


@pytest.mark.parametrize("text", ["nan", "NaN", "-NAN", "+nan"])
def test_not_a_number_is_a_number(text: str) -> None:
    """NaN can be read; whether it is allowed is another question."""
    value = number_in(text)

    assert isinstance(value, float)
    assert math.isnan(value)


def test_minus_zero_keeps_its_sign() -> None:
    """Both zeros are read as they are written."""
    assert -1.0 == math.copysign(1.0, number_in("-0.0"))  # type: ignore[arg-type]  # it is a float


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "1,5",
        "1 000",
        "1_000",
        "1'000",
        "0x10",
        "+-5",
        "--5",
        "5-",
        ".",
        "1e",
        "e5",
        "1.2.3",
        "nan(1)",
        "infinit",
        "5\0",
        "5\n",
        "5km",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "\N{FULLWIDTH DIGIT FIVE}",
        "\N{MINUS SIGN}5",
        "\N{NO-BREAK SPACE}5",
        "\r5",
        "1d5",
        "#N/A",
    ],
)
def test_texts_that_are_no_numbers(text: str) -> None:
    """Nothing is guessed: what is not written as a number here has no meaning."""
    assert number_in(text) is UNREADABLE
    assert optional_number_in(text) is UNREADABLE


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("blanks", ["", " ", "\t "])
def test_nulls_are_missing(null: str, blanks: str) -> None:
    """The ways exports write that there is nothing, with or without blanks around."""
    text = blanks + null + blanks

    assert number_in(text) is None
    assert optional_number_in(text) is None
    assert time_in(text, "iso", "UTC") is None
    assert time_in(text, "epoch-s", "UTC") is None
    assert text_in(text) is None
    assert status_in(text) is None


@pytest.mark.parametrize("text", ["nULL", "nil", "N.A.", "--", "undefined"])
def test_other_words_are_not_missing(text: str) -> None:
    """A word that only resembles a null is a text."""
    assert number_in(text) is UNREADABLE
    assert text == text_in(text)


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e400"])
def test_an_optional_number_is_finite(text: str) -> None:
    """What is not finite was not measured."""
    assert optional_number_in(text) is UNREADABLE


@given(st.floats(allow_nan=False))
def test_a_number_written_out_is_read_back(value: float) -> None:
    """The shortest decimal of a float is that float again."""
    assert value == number_in(repr(value))


DAY_MS = 86_400_000
NOON_2024 = 1_704_110_400_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-01T12:00:00Z", NOON_2024),
        ("2024-01-01 12:00:00", NOON_2024),
        ("2024-01-01 12:00:00 Z", NOON_2024),
        ("2024-01-01T12:00", NOON_2024),
        ("2024-01-01T12", NOON_2024),
        ("2024-01-01", NOON_2024 - DAY_MS // 2),
        ("2024-01-01T12:00:00.1Z", NOON_2024 + 100),
        ("2024-01-01T12:00:00,123", NOON_2024 + 123),
        ("2024-01-01T12:00:00.999999999", NOON_2024 + 999),
        ("2024-01-01T14:00:00+02:00", NOON_2024),
        ("2024-01-01T14:00:00+0200", NOON_2024),
        ("2024-01-01T14:00:00+02", NOON_2024),
        ("2024-01-01T06:30:00-05:30", NOON_2024),
        ("2024-01-01T12:00:00-00:00", NOON_2024),
        ("2024-01-02T11:59:00+23:59", NOON_2024),
        (" 2024-01-01T12:00:00Z\t", NOON_2024),
        ("2024-02-29", 1_709_164_800_000),
        ("1970-01-01", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("0001-01-01T00:00:00Z", FIRST_MS),
        ("9999-12-31T23:59:59.999Z", LAST_MS),
        ("0001-01-01T01:00:00+01:00", FIRST_MS),
        ("9999-12-31T22:59:59.999-01:00", LAST_MS),
    ],
)
def test_iso_times(text: str, expected: int) -> None:
    """ISO 8601 as exporters write it; finer times are rounded down, also before 1970."""
    assert expected == time_in(text, "iso", "UTC")


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "2024-13-01",
        "2024-00-10",
        "2024-02-30",
        "2023-02-29",
        "2024-01-01T24:00:00",
        "2024-01-01T23:60:00",
        "2024-01-01T23:59:60",
        "2024-1-1",
        "24-01-01",
        "2024/01/01",
        "01.02.2024",
        "20240101T120000Z",
        "2024-01-01T",
        "2024-01-01Z",
        "2024-01-01T12:00:00.",
        "2024-01-01T12:00:00.1234567890",
        "2024-01-01T12:00:00+24:00",
        "2024-01-01T12:00:00+02:60",
        "2024-01-01T12:00:00  Z",
        "2024-01-01t12:00:00z",
        "2024-01-01  12:00:00",
        "0000-01-01",
        "10000-01-01",
        "0001-01-01T00:59:59+01:00",
        "9999-12-31T23:00:00-01:00",
        "1704110400",
        "2024-01-01\n",
        "\N{ARABIC-INDIC DIGIT TWO}024-01-01",
    ],
)
def test_texts_that_are_no_iso_times(text: str) -> None:
    """A date that does not exist, or is written otherwise, has no meaning."""
    assert time_in(text, "iso", "UTC") is UNREADABLE


@pytest.mark.parametrize(
    ("zone", "text", "utc"),
    [
        ("Europe/Rome", "2024-07-01 12:00:00", "2024-07-01T10:00:00"),
        ("Europe/Rome", "2024-01-01 12:00:00", "2024-01-01T11:00:00"),
        ("Europe/Rome", "2024-03-31 01:59:59", "2024-03-31T00:59:59"),
        ("Europe/Rome", "2024-03-31 02:30:00", "2024-03-31T01:30:00"),
        ("Europe/Rome", "2024-03-31 03:00:00", "2024-03-31T01:00:00"),
        ("Europe/Rome", "2024-10-27 02:30:00", "2024-10-27T00:30:00"),
        ("Europe/Rome", "2024-10-27 03:00:00", "2024-10-27T02:00:00"),
        ("America/New_York", "2024-03-10 02:30:00", "2024-03-10T07:30:00"),
        ("America/New_York", "2024-11-03 01:30:00", "2024-11-03T05:30:00"),
        ("Australia/Lord_Howe", "2024-04-07 01:45:00", "2024-04-06T14:45:00"),
        ("Asia/Kathmandu", "2024-01-01 12:00:00", "2024-01-01T06:15:00"),
        ("Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00"),
        ("Pacific/Kiritimati", "2024-01-01 12:00:00", "2023-12-31T22:00:00"),
        ("Europe/Dublin", "1900-01-01 12:00:00", "1900-01-01T12:25:21"),
    ],
)
def test_local_times(zone: str, text: str, utc: str) -> None:
    """A skipped or repeated local time has the offset in force before the change."""
    expected = datetime.fromisoformat(utc).replace(tzinfo=UTC)

    assert int(expected.timestamp() * 1000) == time_in(text, "iso", zone)


def test_a_stated_offset_beats_the_zone() -> None:
    """The zone is for times that do not say where they are."""
    assert NOON_2024 == time_in("2024-01-01T12:00:00Z", "iso", "Asia/Tokyo")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize("text", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
def test_the_ends_of_the_calendar_in_a_zone(zone: str, text: str) -> None:
    """A local time whose instant falls out of the calendar is unreadable, not an error."""
    inside = {"UTC": True, "Asia/Tokyo": text > "5", "America/New_York": text < "5"}[zone]

    assert inside is isinstance(time_in(text, "iso", zone), int)


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001 - local times
    st.sampled_from(("UTC", "Europe/Rome", "America/Caracas", "Australia/Lord_Howe")),
)
def test_local_times_are_those_of_the_zone_database(local: datetime, zone: str) -> None:
    """Any local time of any zone is the instant that the standard library says."""
    aware = local.replace(tzinfo=ZoneInfo(zone))
    since = aware.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    expected = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000

    assert expected == time_in(local.isoformat(" "), "iso", zone)


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("epoch-s", "0", 0),
        ("epoch-s", "1704110400", NOON_2024),
        ("epoch-s", "+1704110400", NOON_2024),
        ("epoch-s", " 1704110400 ", NOON_2024),
        ("epoch-s", "1704110400.", NOON_2024),
        ("epoch-s", "1704110400.5", NOON_2024 + 500),
        ("epoch-s", "1704110400.123999", NOON_2024 + 123),
        ("epoch-s", "-1", -1000),
        ("epoch-s", "-1.5", -1500),
        ("epoch-s", "-1.0001", -1001),
        ("epoch-s", "-1.000000", -1000),
        ("epoch-s", "-0.0000001", -1),
        ("epoch-s", "-62135596800", FIRST_MS),
        ("epoch-s", "253402300799.999", LAST_MS),
        ("epoch-ms", "1704110400000", NOON_2024),
        ("epoch-ms", "1704110400000.9", NOON_2024),
        ("epoch-ms", "-1", -1),
        ("epoch-ms", "-1.5", -2),
        ("epoch-ms", "-1.000", -1),
        ("epoch-ms", "253402300799999", LAST_MS),
    ],
)
def test_epoch_times(form: TimeFormat, text: str, expected: int) -> None:
    """Seconds or milliseconds since 1970, fractions rounded down on both sides of it."""
    assert expected == time_in(text, form, "Asia/Tokyo")


@pytest.mark.parametrize("form", ["epoch-s", "epoch-ms"])
@pytest.mark.parametrize(
    "text",
    ["noon", "0x10", "1e9", ".5", "--1", "1,5", "2024-01-01", "9" * 18, "nan", "1_0", "5\n", "+"],
)
def test_texts_that_are_no_epochs(form: TimeFormat, text: str) -> None:
    """Only plain decimal numbers of at most 17 digits are epochs."""
    assert time_in(text, form, "UTC") is UNREADABLE


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("epoch-s", "253402300800"),
        ("epoch-s", "-62135596801"),
        ("epoch-s", "-62135596800.001"),
        ("epoch-ms", "253402300800000"),
        ("epoch-ms", "-62135596800001"),
        ("epoch-s", "1704110400000"),
    ],
)
def test_epochs_beyond_the_calendar(form: TimeFormat, text: str) -> None:
    """No instant before the year 1 or after 9999 can be read."""
    assert time_in(text, form, "UTC") is UNREADABLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cab-1", "cab-1"),
        ("  cab-1\t", "cab-1"),
        ("a b", "a b"),
        ("nulls", "nulls"),
        ("0", "0"),
        ("e\u0301", "\u00e9"),
        ("\u00a0x\u3000", "x"),
        ("\u8eca", "\u8eca"),
        ("x" * MAX_VEHICLE_ID_BYTES, "x" * MAX_VEHICLE_ID_BYTES),
        ("\u00e9" * (MAX_VEHICLE_ID_BYTES // 2), "\u00e9" * (MAX_VEHICLE_ID_BYTES // 2)),
    ],
)
def test_ids(text: str, expected: str) -> None:
    """An id is stripped and in NFC."""
    assert expected == id_in(text)


@pytest.mark.parametrize("text", ["", " ", "\t\t", "\u3000", "\n", "NULL", " \\N", "-", "n/a"])
def test_an_empty_id_is_missing(text: str) -> None:
    """Nothing but blanks is no id."""
    assert id_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "a\x01b",
        "a\x7fb",
        "a\x85b",
        "a\tb",
        "a\nb",
        "\u00e9\x01",
        "x" * (MAX_VEHICLE_ID_BYTES + 1),
        "\u00e9" * (MAX_VEHICLE_ID_BYTES // 2) + "x",
    ],
)
def test_texts_that_are_no_ids(text: str) -> None:
    """Control characters and over-long texts make no id."""
    assert id_in(text) is UNREADABLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Rome", "Rome"), (" Rome ", "Rome"), ("Zu\u0308rich", "Z\u00fcrich"), ("a\nb", "a\nb")],
)
def test_texts(text: str, expected: str) -> None:
    """Free text is stripped and in NFC."""
    assert expected == text_in(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("moving", "moving"),
        (" MOVING ", "moving"),
        ("En Route", "moving"),
        ("on", "moving"),
        ("Parked", "idle"),
        ("stopped", "idle"),
        ("OFF", "offline"),
        ("towed", "towed"),
        ("Towed", "towed"),
        ("en  route", "en  route"),
    ],
)
def test_statuses(text: str, expected: str) -> None:
    """Synonyms become the status they mean; other texts stay, in lower case, for the rules."""
    assert expected == status_in(text)


@pytest.mark.parametrize("synonym", STATUS_SYNONYMS)
def test_every_synonym_is_found(synonym: str) -> None:
    """The table's keys are in the form that is looked up."""
    assert STATUS_SYNONYMS[synonym] == status_in(synonym.upper())
