"""The reference engine of the live path: one report after the other, in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fleetcore.codec.payload_json import opened
from fleetcore.domain.facts import Fact, fact_of, is_genuine
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
from fleetcore.ports.live_engine import LiveEngine, LiveWork
from fleetcore_adapters.memory import part_file
from fleetcore_adapters.memory.row_judge import Refused, RowJudge


class MemoryLiveEngine(LiveEngine):
    """Judges report by report with the scalar rules; what the columnar engine must equal."""

    def judged(self, messages: Sequence[Message], work: LiveWork) -> JudgedMessages:
        return _Call(work).judged(messages)

    def facts(self, batch: EventBatch) -> Sequence[Fact]:
        return [fact_of(stored.event) for stored in events_of(batch)]

    def genuine(self, facts: Sequence[Fact]) -> Sequence[bool]:
        return list(map(is_genuine, facts))

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
    """One call: how its reports are understood and judged, and what became of them."""

    def __init__(self, work: LiveWork) -> None:
        self._work = work
        self._read = report_reader(work.mapping, work.vehicle_from_topic, work.zone)
        self._judge = RowJudge(work.settings, work.now_ms, work.directory, work.ingestion)
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
        found = self._judge.judged(row, self._work.first_line + self._tally.total())
        self._by["warned"].update(found.warnings)
        if isinstance(found, Refused):
            self._tally[found.code] += 1
            self._by[found.code].update(found.reasons)
            return found.code, found.reasons
        self._tally[found.kind] += 1
        if found.kind != "duplicate":
            self._kept.append(found.stored)
        return None


def _batch(events: Sequence[StoredEvent], ingestion: str) -> EventBatch:
    content = part_file.encode_sorted(events)
    return EventBatch(ingestion=ingestion, rows=len(events), content=content)
