"""The metadata of a generated fleet as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from fleetcore.domain.vehicles import Vehicle


def _rows(vehicles: Iterable[Vehicle]) -> Iterable[dict[str, str | float | None]]:
    return (
        {
            "vehicle_id": vehicle.vehicle_id,
            "class": vehicle.vehicle_class,
            "max_speed_kmh": vehicle.max_speed_kmh,
            "depot_latitude": vehicle.depot_latitude,
            "depot_longitude": vehicle.depot_longitude,
        }
        for vehicle in vehicles
    )


def vehicles_csv(vehicles: Iterable[Vehicle]) -> str:
    """A CSV file with a header."""
    text = io.StringIO()
    rows = list(_rows(vehicles))
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
