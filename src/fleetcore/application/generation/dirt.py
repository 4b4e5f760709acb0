"""Kinds of dirt: what is wrong with a row, and what an ingestion must say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Final, Literal, TypeAlias

from attrs import frozen

from fleetcore.application.generation.times import TimeStyle, time_text
from fleetcore.domain.location import OPTIONAL_NUMBERS, REQUIRED_FIELDS, FieldName
from fleetcore.domain.rows import WRONG_COLUMN_COUNT, unreadable_code

Fate: TypeAlias = Literal["accepted", "rejected", "malformed"]

FUTURE_MS: Final = 7_258_118_400_000
"""2200-01-01, later than any run."""

SPAN_MS: Final = 10 * 365 * 86_400_000


@frozen(slots=True)
class Outcome:
    """What becomes of a row: the codes of why, and of its warnings."""

    fate: Fate
    rejected_by: tuple[str, ...] = ()
    malformed_by: tuple[str, ...] = ()
    warned_by: tuple[str, ...] = ()


@frozen(slots=True)
class Row:
    """One row being spoiled: the cells of a clean row by column, in the file's order."""

    cells: dict[str, str]
    style: TimeStyle
    rng: Random

    def one_of(self, columns: tuple[FieldName, ...]) -> FieldName:
        """One of the columns that the file has."""
        return self.rng.choice([column for column in columns if column in self.cells])


@frozen(kw_only=True, slots=True)
class DirtKind:
    """A kind of row dirt. The file must have one of `columns`, unless there are none."""

    description: str
    columns: tuple[str, ...] = ()
    spoil: Callable[[Row], Outcome]


def _warned(code: str) -> Outcome:
    return Outcome("accepted", warned_by=(code,))


def _rejected(code: str, *warned_by: str) -> Outcome:
    return Outcome("rejected", rejected_by=(code,), warned_by=warned_by)


def malformed(code: str) -> Outcome:
    """Of a row that cannot be read."""
    return Outcome("malformed", malformed_by=(code,))


def _latitude_range(row: Row) -> Outcome:
    row.cells["latitude"] = f"{float(row.cells['latitude']) * 10:.5f}"
    return _rejected("latitude-range")


def _longitude_range(row: Row) -> Outcome:
    row.cells["longitude"] = f"{float(row.cells['longitude']) + 360:.6f}"
    return _rejected("longitude-range")


def _zero_island(row: Row) -> Outcome:
    row.cells.update(latitude="0.000000", longitude="0.000000")
    return _rejected("zero-island")


def _not_finite(row: Row) -> Outcome:
    column = row.one_of(("latitude", "longitude"))
    row.cells[column] = row.rng.choice(("nan", "NaN", "inf", "-inf", "Infinity"))
    return _rejected("not-finite")


def _swapped_coordinates(row: Row) -> Outcome:
    latitude, longitude = row.cells["latitude"], row.cells["longitude"]
    row.cells.update(latitude=longitude, longitude=latitude)
    if abs(float(longitude)) > 90.0:
        return _rejected("latitude-range", "swapped-coordinates")
    return Outcome("accepted")


def _speed_limit(row: Row) -> Outcome:
    row.cells["speed_kmh"] = f"{row.rng.uniform(201.0, 400.0):.1f}"
    return _rejected("speed-limit")


def _speed_negative(row: Row) -> Outcome:
    row.cells["speed_kmh"] = f"-{row.rng.uniform(0.1, 60.0):.1f}"
    return _rejected("speed-negative")


def _heading_range(row: Row) -> Outcome:
    row.cells["heading_deg"] = row.rng.choice((f"{row.rng.randint(361, 719)}", "-1", "999"))
    return _warned("heading-range")


def _battery_range(row: Row) -> Outcome:
    row.cells["battery_pct"] = row.rng.choice((f"{row.rng.uniform(100.5, 255.0):.1f}", "-1.0"))
    return _warned("battery-range")


def _fuel_range(row: Row) -> Outcome:
    row.cells["fuel_pct"] = row.rng.choice((f"{row.rng.uniform(100.5, 255.0):.1f}", "-1.0"))
    return _warned("fuel-range")


def _accuracy_negative(row: Row) -> Outcome:
    row.cells["accuracy_m"] = "-1.0"
    return _warned("accuracy-negative")


def _accuracy_limit(row: Row) -> Outcome:
    row.cells["accuracy_m"] = f"{row.rng.uniform(1001.0, 9999.0):.1f}"
    return _warned("accuracy-limit")


def _future(row: Row) -> Outcome:
    row.cells["observed_at"] = time_text(FUTURE_MS + row.rng.randrange(SPAN_MS), row.style)
    return _rejected("future")


def _before_1970(row: Row) -> Outcome:
    row.cells["observed_at"] = time_text(-1 - row.rng.randrange(SPAN_MS), row.style)
    return _rejected("before-1970")


def _unreadable_required(row: Row) -> Outcome:
    column = row.one_of(REQUIRED_FIELDS)
    if column == "vehicle_id":
        row.cells[column] = row.cells[column][:3] + "\x07" + row.cells[column][3:]
    elif column == "observed_at":
        row.cells[column] = row.rng.choice(("yesterday", "2024-02-30T25:61:00Z", "12:00"))
    else:
        row.cells[column] = row.rng.choice(("ERR", "52.5N", "1.2.3", "#VALUE!"))
    return malformed(unreadable_code(column))


def _missing_required(row: Row) -> Outcome:
    column = row.one_of(("observed_at", "latitude", "longitude"))
    row.cells[column] = row.rng.choice(("", "", "null", "NA", "N/A"))
    return _rejected(f"missing-{column.replace('_', '-')}")


def _unreadable_optional(row: Row) -> Outcome:
    column = row.one_of(OPTIONAL_NUMBERS)
    row.cells[column] = row.rng.choice(("err", "--", "nan", "inf", "7.5.1"))
    return _warned(unreadable_code(column))


def _unknown_status(row: Row) -> Outcome:
    row.cells["status"] = row.rng.choice(("towed", "limp-mode", "42"))
    return _warned("unknown-status")


def _ragged(row: Row) -> Outcome:
    if row.rng.random() < 0.5:
        row.cells.popitem()
    else:
        row.cells[""] = "surplus"
    return malformed(WRONG_COLUMN_COUNT)


DIRT: Final[Mapping[str, DirtKind]] = {
    "latitude-range": DirtKind(
        description="latitude with a slipped decimal point: rejected",
        columns=("latitude",),
        spoil=_latitude_range,
    ),
    "longitude-range": DirtKind(
        description="longitude a full turn too far: rejected",
        columns=("longitude",),
        spoil=_longitude_range,
    ),
    "zero-island": DirtKind(
        description="position (0, 0): rejected",
        columns=("latitude",),
        spoil=_zero_island,
    ),
    "not-finite": DirtKind(
        description="`nan` or `inf` for a coordinate: rejected",
        columns=("latitude", "longitude"),
        spoil=_not_finite,
    ),
    "swapped-coordinates": DirtKind(
        description=(
            "latitude and longitude exchanged: warned and rejected by latitude-range east and "
            "west of 90 degrees, elsewhere accepted, since nothing shows it"
        ),
        columns=("latitude",),
        spoil=_swapped_coordinates,
    ),
    "speed-limit": DirtKind(
        description="speed above 200 km/h: rejected",
        columns=("speed_kmh",),
        spoil=_speed_limit,
    ),
    "speed-negative": DirtKind(
        description="speed below 0: rejected",
        columns=("speed_kmh",),
        spoil=_speed_negative,
    ),
    "heading-range": DirtKind(
        description="heading outside 0 to 360 degrees: warned",
        columns=("heading_deg",),
        spoil=_heading_range,
    ),
    "battery-range": DirtKind(
        description="battery outside 0 to 100 %: warned",
        columns=("battery_pct",),
        spoil=_battery_range,
    ),
    "fuel-range": DirtKind(
        description="fuel outside 0 to 100 %: warned",
        columns=("fuel_pct",),
        spoil=_fuel_range,
    ),
    "accuracy-negative": DirtKind(
        description="accuracy of -1 m, as of a receiver without a fix: warned",
        columns=("accuracy_m",),
        spoil=_accuracy_negative,
    ),
    "accuracy-limit": DirtKind(
        description="accuracy above 1,000 m: warned",
        columns=("accuracy_m",),
        spoil=_accuracy_limit,
    ),
    "future": DirtKind(
        description="time after the year 2199: rejected",
        columns=("observed_at",),
        spoil=_future,
    ),
    "before-1970": DirtKind(
        description="time of a clock that was never set: rejected",
        columns=("observed_at",),
        spoil=_before_1970,
    ),
    "unreadable-required": DirtKind(
        description="id, time or coordinate that cannot be read: malformed",
        columns=REQUIRED_FIELDS,
        spoil=_unreadable_required,
    ),
    "missing-required": DirtKind(
        description="no time or no coordinate: rejected",
        columns=REQUIRED_FIELDS,
        spoil=_missing_required,
    ),
    "unreadable-optional": DirtKind(
        description="optional number that cannot be read: warned",
        columns=OPTIONAL_NUMBERS,
        spoil=_unreadable_optional,
    ),
    "unknown-status": DirtKind(
        description="status that is no known word: warned",
        columns=("status",),
        spoil=_unknown_status,
    ),
    "ragged": DirtKind(
        description="one cell too few or too many: malformed",
        spoil=_ragged,
    ),
}
"""Dirt that spoils one clean row. Kinds that break one rule are named by its code."""

REPEATS: Final[Mapping[str, str]] = {
    "duplicate": "an earlier clean row again, from nearby or far back: duplicate",
    "conflicting": "an earlier clean row again with another latitude: conflicting",
}
"""Dirt that adds a row to the clean ones."""

BLANKS: Final[Mapping[str, str]] = {"blank-line": "an empty line before a row: no row at all"}

DIRT_DESCRIPTIONS: Final[Mapping[str, str]] = {
    **{kind: each.description for kind, each in DIRT.items()},
    **REPEATS,
    **BLANKS,
}
"""Every kind of dirt and what it does."""
