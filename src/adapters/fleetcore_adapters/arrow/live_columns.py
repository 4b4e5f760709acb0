"""The fields of a call's reports as columns, with what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from attrs import define, field

from fleetcore.domain.location import FIELDS, REQUIRED_FIELDS, FieldName
from fleetcore.domain.messages import Message
from fleetcore.domain.payloads import ambiguous_code
from fleetcore.domain.report_forms import vehicle_in_topic
from fleetcore.domain.report_rows import TEXT_READERS
from fleetcore.domain.rows import unreadable_code
from fleetcore.ports.live_engine import LiveWork
from fleetcore_adapters.arrow.cells import Read
from fleetcore_adapters.arrow.columns import MISSING, UNREADABLE_CODE, Codes, Column, Floats, Mask
from fleetcore_adapters.arrow.live_reports import Reports
from fleetcore_adapters.arrow.live_values import ids_in, numbers_in, scaled, texts_in, times_in
from fleetcore_adapters.arrow.vehicles import VehicleTable


@define(kw_only=True, slots=True, eq=False)
class ReportColumns:
    """Columns of the reports that have a form, group behind group.

    `faults` and `losses` are the rows whose required and optional fields are lost, by code.
    """

    vehicles: Codes
    fields: dict[str, Column] = field(factory=dict)
    faults: dict[str, Mask] = field(factory=dict)
    losses: dict[str, Mask] = field(factory=dict)

    def lose(self, name: FieldName, code: str, rows: Mask | None) -> None:
        """Note that rows have no value of a field that could be read."""
        if rows is not None and rows.any():
            (self.faults if name in REQUIRED_FIELDS else self.losses)[code] = rows


def columns_of(
    reports: Reports, messages: Sequence[Message], work: LiveWork, vehicles: VehicleTable
) -> ReportColumns:
    """Read every field of the reports."""
    codes, lost = _vehicles(reports, messages, work, vehicles)
    columns = ReportColumns(vehicles=codes)
    ambiguous = _ambiguous(reports)
    for name in FIELDS:
        columns.lose(name, ambiguous_code(name), ambiguous.get(name))
        if name == "vehicle_id":
            columns.lose(name, unreadable_code(name), lost)
            continue
        values = reports.column(name)
        if values is None:
            if name not in REQUIRED_FIELDS:
                continue
            values = [None] * reports.rows
        if name in TEXT_READERS:
            columns.fields[name], lost = texts_in(values, TEXT_READERS[name])
            columns.lose(name, unreadable_code(name), lost)
            continue
        read = _numbers(name, values, reports, work.zone)
        columns.fields[name] = read.numbers
        columns.lose(name, unreadable_code(name), read.unreadable)
    return columns


def _numbers(name: FieldName, values: Sequence[object], reports: Reports, zone: str) -> Read:
    if name == "observed_at":
        return times_in(values, zone)
    read = numbers_in(values, optional=name not in REQUIRED_FIELDS)
    if name == "speed_kmh" and any(group.form.kmh_per != 1.0 for group in reports.groups):
        return scaled(read, _factors(reports))
    return read


def _factors(reports: Reports) -> Floats:
    """What one unit of each report's speed is in km/h."""
    factors = np.array([group.form.kmh_per for group in reports.groups])
    return np.repeat(factors, [len(group.places) for group in reports.groups])


def _ambiguous(reports: Reports) -> Mapping[FieldName, Mask]:
    """The rows in which two keys may mean a field, by field."""
    found: dict[FieldName, Mask] = {}
    start = 0
    for group in reports.groups:
        rows = slice(start, start := start + len(group.places))
        for name in group.form.ambiguous:
            found.setdefault(name, np.zeros(reports.rows, dtype=np.bool_))[rows] = True
    return found


def _vehicles(
    reports: Reports, messages: Sequence[Message], work: LiveWork, vehicles: VehicleTable
) -> tuple[Codes, Mask]:
    """The code of each report's vehicle, told by its topic if need be; where it is unreadable."""
    values = reports.column("vehicle_id")
    ids, lost = ids_in([None] * reports.rows if values is None else values)
    codes = vehicles.codes(ids)
    unnamed = np.flatnonzero((codes == MISSING) & ~lost)
    if len(unnamed):
        topics = [messages[reports.messages[at]].topic for at in reports.places[unnamed].tolist()]
        by_topic = {each: vehicle_in_topic(each, work.vehicle_from_topic) for each in set(topics)}
        told = [by_topic[topic] for topic in topics]
        texts = [each.encode() if isinstance(each, str) else b"" for each in told]
        codes[unnamed] = vehicles.codes(pa.array(texts, type=pa.binary()))
        lost[unnamed] = [each is not None and not isinstance(each, str) for each in told]
    return np.maximum(codes, MISSING), lost | (codes == UNREADABLE_CODE)
