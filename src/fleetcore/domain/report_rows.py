"""From a report to what it said, one at a time; the reference for every live engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

from fleetcore.domain.cells import UNREADABLE, Unreadable, id_in, status_in, text_in
from fleetcore.domain.location import FIELDS, REQUIRED_FIELDS, FieldName, Reading
from fleetcore.domain.payload_cells import number_of, optional_number_of, text_of, time_of
from fleetcore.domain.payloads import Fault, Report, ambiguous_code
from fleetcore.domain.report_forms import OWNTRACKS_TYPE, Form, Mapped, form_of, vehicle_in_topic
from fleetcore.domain.rows import Cell, Row, unreadable_code

MAX_TEXT_BYTES: Final = 256
"""A longer city or source, in UTF-8, means nothing: all that is made of a report would carry it."""

ReportReader: TypeAlias = Callable[[Report, str], Row | None]


def kind_of(report: Report) -> str | None:
    """What a report says it is, as `form_of` asks for it."""
    kind = report.get(OWNTRACKS_TYPE)
    return kind if isinstance(kind, str) else None


def report_reader(
    mapping: Mapping[FieldName, str], vehicle_from_topic: str | None, zone: str
) -> ReportReader:
    """A function from a report and its topic to what it said; None where it is no location."""
    mapped: Mapped = tuple(mapping.items())
    readers = _cell_readers(zone)

    def read(report: Report, topic: str) -> Row | None:
        form = form_of(tuple(report), kind_of(report), mapped)
        if form is None:
            return None
        if not isinstance(form, Form):
            return Row(faults=(form,))
        values: dict[str, Cell] = {}
        faults: list[Fault] = []
        warnings: list[str] = []
        for field in FIELDS:
            lost = faults if field in REQUIRED_FIELDS else warnings
            if field in form.ambiguous:
                lost.append(ambiguous_code(field))
                continue
            key = form.keys.get(field)
            value = None if key is None else readers[field](report[key])
            if field == "vehicle_id" and value is None:
                value = vehicle_in_topic(topic, vehicle_from_topic)
            elif field == "speed_kmh" and isinstance(value, float):
                value = in_kmh(value, form.kmh_per)
            if value is UNREADABLE:
                lost.append(unreadable_code(field))
            else:
                values[field] = value
        return Row(
            reading=Reading(**values),  # type: ignore[arg-type]  # each reader gives its field's type
            faults=tuple(faults),
            warnings=() if faults else tuple(warnings),
        )

    return read


def in_kmh(speed: float, kmh_per: float) -> float | Unreadable:
    """A speed in km/h; unreadable where it is beyond all numbers."""
    kmh = speed * kmh_per
    return kmh if math.isfinite(kmh) else UNREADABLE


def _cell_readers(zone: str) -> Mapping[FieldName, Callable[[object], Cell]]:
    return {
        "vehicle_id": partial(_as_text, id_in),
        "observed_at": partial(time_of, zone=zone),
        "latitude": number_of,
        "longitude": number_of,
        "speed_kmh": optional_number_of,
        "heading_deg": optional_number_of,
        "accuracy_m": optional_number_of,
        "battery_pct": optional_number_of,
        "fuel_pct": optional_number_of,
        **TEXT_READERS,
    }


def _as_text(read: Callable[[str], Cell], value: object) -> Cell:
    text = text_of(value)
    return read(text) if isinstance(text, str) else text


def _short_text_in(text: str) -> Cell:
    value = text_in(text)
    if isinstance(value, str) and len(value.encode()) > MAX_TEXT_BYTES:
        return UNREADABLE
    return value


TEXT_READERS: Final[Mapping[FieldName, Callable[[object], Cell]]] = {
    "status": partial(_as_text, status_in),
    "city": partial(_as_text, _short_text_in),
    "source": partial(_as_text, _short_text_in),
}
