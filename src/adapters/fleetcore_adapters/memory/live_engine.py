"""The reference engine of the live path: one report after the other, in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fleetcore.codec.payload_json import opened
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.judging import Payload, clearing, judge_for, payload_of
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.messages import (
    DeadMessage,
    EventBatch,
    JudgedMessages,
    Message,
    RefusedAs,
    dead_message,
)
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.payloads import Fault, Report
from fleetcore.domain.report_rows import report_reader
from fleetcore.domain.rows import Row
from fleetcore.domain.vehicles import Vehicle, distance_from_depot_m
from fleetcore.ports.live_engine import LiveEngine, LiveWork
from fleetcore_adapters.memory import part_file


class MemoryLiveEngine(LiveEngine):
    """Judges report by report with the scalar rules; what the columnar engine must equal."""

    def judged(self, messages: Sequence[Message], work: LiveWork) -> JudgedMessages:
        return _Call(work).judged(messages)

    def facts(self, batch: EventBatch) -> Sequence[Fact]:
        return [fact_of(stored.event) for stored in events_of(batch)]

    def encoded(self, facts: Sequence[Fact], ingestion: str) -> EventBatch:
        events = [
            StoredEvent(
                event=LocationEvent(
                    vehicle_id=fact.vehicle_id,
                    observed_at=fact.observed_at,
                    latitude=fact.latitude,
                    longitude=fact.longitude,
                    speed_kmh=fact.speed_kmh,
                    heading_deg=fact.heading_deg,
                    accuracy_m=fact.accuracy_m,
                    battery_pct=fact.battery_pct,
                    fuel_pct=fact.fuel_pct,
                    status=fact.status,
                    city=fact.city,
                ),
                distance_from_depot_m=None,
                ingestion=ingestion,
                line=line,
            )
            for line, fact in enumerate(facts, 1)
        ]
        return _batch(events, ingestion)


def events_of(batch: EventBatch) -> tuple[StoredEvent, ...]:
    """The events of a batch this engine encoded. Raises `CorruptObject`."""
    return part_file.decode(batch.content)


class _Call:
    """One call: how its reports are judged, what became of them, and the payloads met so far."""

    def __init__(self, work: LiveWork) -> None:
        with_directory = work.directory is not None
        self._work = work
        self._read = report_reader(work.mapping, work.vehicle_from_topic, work.zone)
        self._judge = judge_for(work.settings, work.now_ms, with_directory=with_directory)
        self._event_of = clearing(work.settings, with_directory=with_directory)
        self._seen: dict[tuple[str, int], list[Payload]] = {}
        self._kept: list[StoredEvent] = []
        self._tally: Counter[str] = Counter()
        self._by: dict[str, Counter[str]] = {
            "malformed": Counter(),
            "rejected": Counter(),
            "warned": Counter(),
        }

    def judged(self, messages: Sequence[Message]) -> JudgedMessages:
        dead: list[DeadMessage] = []
        ignored = 0
        for message in messages:
            refused: list[tuple[RefusedAs, tuple[str, ...]]] = []
            for report in opened(message.payload):
                row = self._row(report, message.topic)
                if row is None:
                    ignored += 1
                elif (verdict := self._taken_in(row)) is not None:
                    refused.append(verdict)
            if refused:
                dead.append(dead_message(message, refused))
        return JudgedMessages(
            counts=RowCounts(
                read=self._tally.total(),
                **self._tally,
                rejected_by=dict(self._by["rejected"]),
                malformed_by=dict(self._by["malformed"]),
                warned_by=dict(self._by["warned"]),
            ),
            batch=_batch(self._kept, self._work.ingestion) if self._kept else None,
            dead=tuple(dead),
            ignored=ignored,
        )

    def _row(self, report: Report | Fault, topic: str) -> Row | None:
        return Row(faults=(report,)) if isinstance(report, str) else self._read(report, topic)

    def _taken_in(self, row: Row) -> tuple[RefusedAs, tuple[str, ...]] | None:
        """Judge a report and keep its event; how and why it is refused, if it is."""
        line = self._work.first_line + self._tally.total()
        if row.faults:
            return self._refused("malformed", row.faults)
        vehicle = self._vehicle(row)
        verdict = self._judge(row.reading, vehicle)
        self._by["warned"].update(row.warnings)
        self._by["warned"].update(verdict.warnings)
        if not verdict.accepted:
            return self._refused("rejected", verdict.broken)
        event = self._event_of(row.reading, verdict)
        kind = self._sort_in(event)
        self._tally[kind] += 1
        if kind != "duplicate":
            self._kept.append(
                StoredEvent(
                    event=event,
                    distance_from_depot_m=distance_from_depot_m(event, vehicle),
                    ingestion=self._work.ingestion,
                    line=line,
                )
            )
        return None

    def _refused(
        self, code: RefusedAs, reasons: tuple[str, ...]
    ) -> tuple[RefusedAs, tuple[str, ...]]:
        self._tally[code] += 1
        self._by[code].update(reasons)
        return code, reasons

    def _vehicle(self, row: Row) -> Vehicle | None:
        vehicle_id = row.reading.vehicle_id
        if self._work.directory is None or vehicle_id is None:
            return None
        return self._work.directory.find((vehicle_id,)).get(vehicle_id)

    def _sort_in(self, event: LocationEvent) -> str:
        """Whether the event is accepted, conflicting or a duplicate of one met before."""
        siblings = self._seen.setdefault(event.identity, [])
        payload = payload_of(event)
        if payload in siblings:
            return "duplicate"
        siblings.append(payload)
        return "accepted" if len(siblings) == 1 else "conflicting"


def _by_vehicle_and_time(stored: StoredEvent) -> tuple[str, int, int]:
    return (stored.event.vehicle_id, stored.event.observed_at, stored.line)


def _batch(events: Sequence[StoredEvent], ingestion: str) -> EventBatch:
    content = part_file.encode(sorted(events, key=_by_vehicle_and_time))
    return EventBatch(ingestion=ingestion, rows=len(events), content=content)
