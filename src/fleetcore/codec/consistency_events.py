"""The wire types of a consistency run's events.

A stored name or version is never given another meaning: a changed event gets the next version,
an upcaster from the one before, and a golden file.
"""

from __future__ import annotations

from typing import Final

from fleetcore.codec.event_codec import EventCodec, WireType
from fleetcore.domain.consistency import (
    ConsistencyEvent,
    DriftConfirmed,
    DriftDismissed,
    DriftSuspected,
    DriftTolerated,
    Escalated,
    Repaired,
    RunAbandoned,
    Verified,
)

CONSISTENCY_EVENTS: Final[EventCodec[ConsistencyEvent]] = EventCodec(
    (
        WireType(name="consistency.drift-suspected", version=1, event=DriftSuspected),
        WireType(name="consistency.drift-dismissed", version=1, event=DriftDismissed),
        WireType(name="consistency.drift-confirmed", version=1, event=DriftConfirmed),
        WireType(name="consistency.drift-tolerated", version=1, event=DriftTolerated),
        WireType(name="consistency.repaired", version=1, event=Repaired),
        WireType(name="consistency.verified", version=1, event=Verified),
        WireType(name="consistency.escalated", version=1, event=Escalated),
        WireType(name="consistency.run-abandoned", version=1, event=RunAbandoned),
    )
)
