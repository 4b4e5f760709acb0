"""Events as the Arrow tables of parts, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from fleetcore.domain.location import FIELDS, LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore_adapters.arrow.part_file import SCHEMA


def table_of(events: Sequence[StoredEvent]) -> pa.Table:
    """Events as the sorted rows of a part."""
    ordered = sorted(events, key=_by_vehicle_and_time)
    columns = [[getattr(_holder(each, name), name) for each in ordered] for name in SCHEMA.names]
    arrays = [
        pa.array(values, type=pa.string()).dictionary_encode()
        if pa.types.is_dictionary(field.type)
        else pa.array(values, type=field.type)
        for field, values in zip(SCHEMA, columns, strict=True)
    ]
    return pa.table(arrays, schema=SCHEMA)


def _by_vehicle_and_time(stored: StoredEvent) -> tuple[str, int, int]:
    return (stored.event.vehicle_id, stored.event.observed_at, stored.line)


def _holder(stored: StoredEvent, name: str) -> StoredEvent | LocationEvent:
    return stored.event if name in (*FIELDS, "fingerprint") else stored
