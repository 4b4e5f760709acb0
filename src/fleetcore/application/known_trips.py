"""Trips that are known from elsewhere, as a CSV file: what found trips are scored against."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from fleetcore.domain.cells import id_in, time_in
from fleetcore.domain.tracks.scoring import Span
from fleetcore.errors import InvalidInput

KnownTrips: TypeAlias = Mapping[str, Sequence[Span]]
"""The trips of each vehicle in order of time, none overlapping another."""

COLUMNS: Final = ("vehicle_id", "started_at", "ended_at")


def known_trips(text: str, name: str) -> KnownTrips:
    """The trips in a CSV file called `name`, with the columns of `COLUMNS`.

    Times are ISO 8601, UTC without an offset. Raises `InvalidInput` for other columns, a row that
    cannot be read, and trips of a vehicle that overlap.
    """
    rows = csv.DictReader(io.StringIO(text))
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise InvalidInput(f"{name}: it needs the columns {', '.join(COLUMNS)}")
    trips: dict[str, list[Span]] = {}
    for row in rows:
        vehicle, start, end = (row[column] or "" for column in COLUMNS)
        vehicle_id, start_ms, end_ms = id_in(vehicle), _time(start), _time(end)
        if not isinstance(vehicle_id, str) or start_ms is None or end_ms is None:
            raise InvalidInput(
                f"{name}: line {rows.line_num}: it needs a vehicle and two times in ISO 8601"
            )
        if start_ms >= end_ms:
            raise InvalidInput(f"{name}: line {rows.line_num}: the trip ends before it starts")
        trips.setdefault(vehicle_id, []).append((start_ms, end_ms))
    for vehicle_id, spans in trips.items():
        spans.sort()
        if any(span[0] < before[1] for before, span in pairwise(spans)):
            raise InvalidInput(f"{name}: trips of {vehicle_id!r} overlap")
    return trips


def _time(text: str) -> int | None:
    found = time_in(text, "iso", "UTC")
    return found if isinstance(found, int) else None
