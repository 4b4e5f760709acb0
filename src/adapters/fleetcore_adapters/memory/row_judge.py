"""What becomes of a row: judged, made an event, deduplicated; for both reference engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from attrs import frozen

from fleetcore.domain.chunks import RejectKind
from fleetcore.domain.judging import Payload, clearing, judge_for, payload_of
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.rows import Row
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.domain.vehicles import Vehicle, distance_from_depot_m
from fleetcore.ports.vehicle_directory import VehicleDirectory

Kind: TypeAlias = Literal["accepted", "conflicting", "duplicate"]


@frozen(kw_only=True, slots=True)
class Refused:
    """A row without an event: how and why, and what it was warned of."""

    code: RejectKind
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@frozen(kw_only=True, slots=True)
class Taken:
    """A row with an event, as the log keeps it unless it is a duplicate."""

    kind: Kind
    stored: StoredEvent
    warnings: tuple[str, ...]


class RowJudge:
    """Judges rows one after the other with the scalar rules; knows the payloads met so far."""

    def __init__(
        self,
        settings: FleetSettings,
        now_ms: int,
        directory: VehicleDirectory | None,
        ingestion: str,
    ) -> None:
        """Rows of an ingestion; `now_ms` (epoch ms) is the instant the time rules use."""
        with_directory = directory is not None
        self._judge = judge_for(settings, now_ms, with_directory=with_directory)
        self._event_of = clearing(settings, with_directory=with_directory)
        self._directory = directory
        self._ingestion = ingestion
        self._seen: dict[tuple[str, int], list[Payload]] = {}

    def remember(self, events: Sequence[StoredEvent]) -> None:
        """Take note of the rows of a committed part."""
        for stored in events:
            self._seen.setdefault(stored.event.identity, []).append(payload_of(stored.event))

    def judged(self, row: Row, line: int) -> Refused | Taken:
        """What becomes of a row; `line` is its number."""
        if row.faults:
            return Refused(code="malformed", reasons=row.faults)
        vehicle = self._vehicle(row)
        verdict = self._judge(row.reading, vehicle)
        warnings = (*row.warnings, *verdict.warnings)
        if not verdict.accepted:
            return Refused(code="rejected", reasons=verdict.broken, warnings=warnings)
        event = self._event_of(row.reading, verdict)
        stored = StoredEvent(
            event=event,
            distance_from_depot_m=distance_from_depot_m(event, vehicle),
            ingestion=self._ingestion,
            line=line,
        )
        return Taken(kind=self._sort_in(event), stored=stored, warnings=warnings)

    def _vehicle(self, row: Row) -> Vehicle | None:
        vehicle_id = row.reading.vehicle_id
        if self._directory is None or vehicle_id is None:
            return None
        return self._directory.find((vehicle_id,)).get(vehicle_id)

    def _sort_in(self, event: LocationEvent) -> Kind:
        """Whether the event is accepted, conflicting or a duplicate of one met before."""
        siblings = self._seen.setdefault(event.identity, [])
        payload = payload_of(event)
        if payload in siblings:
            return "duplicate"
        siblings.append(payload)
        return "accepted" if len(siblings) == 1 else "conflicting"
