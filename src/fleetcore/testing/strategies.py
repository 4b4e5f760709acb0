"""Hypothesis strategies for the values of the domain, hostile where values may be hostile."""

from __future__ import annotations

import math
from typing import Final

from hypothesis import strategies as st

from fleetcore.domain.lanes import LANES
from fleetcore.domain.location import STATUSES, LocationEvent, Reading, normalised_id
from fleetcore.domain.parts import LaneMessage, Part, StoredEvent
from fleetcore.domain.vehicles import Vehicle

MAX_SAFE_MS: Final = 2**53
"""Instants further from 1970 than this, in milliseconds, are no exact floats."""

ODD_FLOATS: Final = (
    0.0,
    -0.0,
    math.nan,
    math.inf,
    -math.inf,
    5e-324,
    1.7976931348623157e308,
    90.0,
    -90.0,
    math.nextafter(90.0, 91.0),
    180.0,
    -180.0,
    math.nextafter(180.0, 181.0),
    200.0,
    math.nextafter(200.0, 201.0),
    360.0,
    100.0,
    1000.0,
)
"""Where rules and encodings change their minds."""

ODD_IDS: Final = ("0", "-1", "null", "NaN", "é", "車-1", "🚚", "a b", "'", '"', "a,b", "x" * 1024)


def hostile_floats() -> st.SearchStrategy[float]:
    """Any float, with the odd ones often."""
    return st.sampled_from(ODD_FLOATS) | st.floats()


def finite_floats() -> st.SearchStrategy[float]:
    """Any finite float, with the odd ones often."""
    return hostile_floats().filter(math.isfinite)


def instants_ms() -> st.SearchStrategy[int]:
    """Epoch milliseconds, mostly of this century."""
    return (
        st.integers(1_600_000_000_000, 1_600_000_000_010)
        | st.integers(946_684_800_000, 4_102_444_800_000)
        | st.integers(-MAX_SAFE_MS, MAX_SAFE_MS)
    )


def vehicle_ids() -> st.SearchStrategy[str]:
    """Normalised vehicle ids, few enough to meet again."""
    free = st.text(min_size=1, max_size=12).map(normalised_id)
    return (
        st.sampled_from(("cab-1", "cab-2", "cab-3"))
        | st.sampled_from(ODD_IDS)
        | free.flatmap(lambda text: st.nothing() if text is None else st.just(text))
    )


def vehicles(
    vehicle_id: st.SearchStrategy[str] | None = None,
    vehicle_class: st.SearchStrategy[str | None] | None = None,
) -> st.SearchStrategy[Vehicle]:
    """Metadata of vehicles, with anything but the id missing."""
    at = st.just((None, None)) | st.tuples(st.floats(-90, 90), st.floats(-180, 180))
    classes = st.sampled_from((None, "van", "Van", "Kühl, 7.5 t"))
    return st.builds(
        lambda vehicle_id, vehicle_class, max_speed_kmh, depot: Vehicle(
            vehicle_id=vehicle_id,
            vehicle_class=vehicle_class,
            max_speed_kmh=max_speed_kmh,
            depot_latitude=depot[0],
            depot_longitude=depot[1],
        ),
        vehicle_ids() if vehicle_id is None else vehicle_id,
        classes if vehicle_class is None else vehicle_class,
        st.none() | st.floats(0, 1e4, exclude_min=True),
        at,
    )


def texts() -> st.SearchStrategy[str]:
    """Free text that can be encoded."""
    return st.text(st.characters(codec="utf-8"), max_size=12)


def readings(
    vehicle_id: st.SearchStrategy[str | None] | None = None,
) -> st.SearchStrategy[Reading]:
    """Rows before they are judged: anything missing, out of range or not finite."""
    number = st.none() | hostile_floats()
    text = st.none() | texts()
    return st.builds(
        Reading,
        vehicle_id=st.none() | vehicle_ids() if vehicle_id is None else vehicle_id,
        observed_at=st.none() | instants_ms(),
        latitude=number,
        longitude=number,
        speed_kmh=number,
        heading_deg=number,
        accuracy_m=number,
        battery_pct=number,
        fuel_pct=number,
        status=st.sampled_from((None, *STATUSES, "towed")) | texts(),
        city=text,
        source=text,
    )


def location_events(
    vehicle_id: st.SearchStrategy[str] | None = None,
    observed_at: st.SearchStrategy[int] | None = None,
) -> st.SearchStrategy[LocationEvent]:
    """Valid location events, at the edges of what is valid."""
    number = st.none() | finite_floats()
    text = st.none() | texts()
    return st.builds(
        LocationEvent,
        vehicle_id=vehicle_ids() if vehicle_id is None else vehicle_id,
        observed_at=instants_ms() if observed_at is None else observed_at,
        latitude=finite_floats(),
        longitude=finite_floats(),
        speed_kmh=number,
        heading_deg=number,
        accuracy_m=number,
        battery_pct=number,
        fuel_pct=number,
        status=st.sampled_from((None, *STATUSES)),
        city=text,
        source=text,
    )


def stored_events(
    event: st.SearchStrategy[LocationEvent] | None = None,
) -> st.SearchStrategy[StoredEvent]:
    """Location events with enrichment and provenance."""
    return st.builds(
        StoredEvent,
        event=location_events() if event is None else event,
        distance_from_depot_m=st.none() | st.floats(0, 2.1e7),
        ingestion=ingestion_ids(),
        line=st.integers(1, 10**9),
    )


def ingestion_ids() -> st.SearchStrategy[str]:
    """Ids of ingestions, few enough to meet again."""
    return st.sampled_from(("1f", "2e", "3d"))


def object_keys() -> st.SearchStrategy[str]:
    """Keys of objects, few enough to meet again."""
    segment = st.sampled_from(("a", "b", "date=2024-02-29", "x.parquet", "..."))
    return st.lists(segment, min_size=1, max_size=2).map(lambda names: "/".join(["parts", *names]))


def parts(max_rows: int = 1_000_000) -> st.SearchStrategy[Part]:
    """Parts as streams name them; nothing is stored under their keys."""
    return st.builds(
        Part,
        key=object_keys(),
        lane=st.sampled_from(LANES),
        rows=st.integers(1, max_rows),
        size_bytes=st.integers(1, 1 << 40),
        sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    )


def lane_messages() -> st.SearchStrategy[LaneMessage]:
    """Messages that name such parts."""
    return st.builds(LaneMessage, ingestion=ingestion_ids(), part=parts())
