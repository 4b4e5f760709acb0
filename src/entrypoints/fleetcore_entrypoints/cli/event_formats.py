"""Location events as a table, JSON lines, CSV and GeoJSON."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from fleetcore.domain.instants import time_text
from fleetcore.domain.location import FIELDS
from fleetcore.domain.parts import StoredEvent
from fleetcore_entrypoints.cli.output import print_json, print_table, shown

TABLE_COLUMNS: Final = (*FIELDS, "distance_from_depot_m")
COLUMNS: Final = (*TABLE_COLUMNS, "ingestion", "line")


def _content(stored: StoredEvent) -> dict[str, object]:
    content: dict[str, object] = {name: getattr(stored.event, name) for name in FIELDS}
    content["observed_at"] = time_text(stored.event.observed_at)
    content["distance_from_depot_m"] = stored.distance_from_depot_m
    content["ingestion"] = stored.ingestion
    content["line"] = stored.line
    return content


def print_lines(events: Sequence[StoredEvent]) -> None:
    """One JSON object an event."""
    for stored in events:
        print_json(_content(stored))


def print_event_table(
    events: Sequence[StoredEvent], columns: Sequence[str] = TABLE_COLUMNS
) -> None:
    """Aligned columns, without those that are empty in every event."""
    contents = [_content(stored) for stored in events]
    used = [name for name in columns if any(content[name] is not None for content in contents)]
    if not used:
        return
    is_number = [any(isinstance(content[name], float) for content in contents) for name in used]
    print_table(
        used,
        [[_cell(name, content[name]) for name in used] for content in contents],
        "".join("r" if number else "l" for number in is_number),
    )


def _cell(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6f}" if name in ("latitude", "longitude") else f"{value:,.1f}"
    return "" if value is None else str(value)


def print_csv(events: Sequence[StoredEvent]) -> None:
    """A header and one row an event; nulls are empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    safe: Callable[[str], str] = shown if sys.stdout.isatty() else str
    for stored in events:
        writer.writerow(
            safe(value) if isinstance(value, str) else value for value in _content(stored).values()
        )


def print_geojson(events: Sequence[StoredEvent]) -> None:
    """A collection of a line through a vehicle's positions, if it has two, and every position."""
    features = [
        line
        for _, group in groupby(events, key=lambda stored: stored.event.vehicle_id)
        for line in _line(list(group))
    ]
    features += [_feature("Point", _point(stored), _content(stored)) for stored in events]
    print(json.dumps({"type": "FeatureCollection", "features": features}))


def _line(events: Sequence[StoredEvent]) -> Iterator[dict[str, object]]:
    if len(events) > 1:
        first, last = events[0].event, events[-1].event
        span = {"start": time_text(first.observed_at), "end": time_text(last.observed_at)}
        points = [_point(stored) for stored in events]
        yield _feature("LineString", points, {"vehicle_id": first.vehicle_id, **span})


def _point(stored: StoredEvent) -> list[float]:
    return [stored.event.longitude, stored.event.latitude]


def _feature(
    kind: str, coordinates: Sequence[object], properties: Mapping[str, object]
) -> dict[str, object]:
    kept = {key: each for key, each in properties.items() if key not in ("latitude", "longitude")}
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": kept,
    }


FORMATS: Final[Mapping[str, Callable[[Sequence[StoredEvent]], None]]] = {
    "table": print_event_table,
    "json": print_lines,
    "csv": print_csv,
    "geojson": print_geojson,
}
