"""The columnar engine of the live path: a call's messages at once, an odd one costs itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from attrs import evolve

from fleetcore.domain.facts import Fact
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.messages import (
    DeadMessage,
    EventBatch,
    JudgedMessages,
    Message,
    RefusedAs,
    dead_message,
)
from fleetcore.domain.rules.event_rules import rules_in_force
from fleetcore.ports.live_engine import LiveEngine, LiveWork
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.chunk_rows import deduplicated_alone, part_tables
from fleetcore_adapters.arrow.fact_rows import fingerprints_of, table_of
from fleetcore_adapters.arrow.facts import facts_of
from fleetcore_adapters.arrow.judgements import Judgement, case_of, judgement_of
from fleetcore_adapters.arrow.live_columns import columns_of
from fleetcore_adapters.arrow.live_reports import Reports, gathered
from fleetcore_adapters.arrow.rows import Rows, rows_of
from fleetcore_adapters.arrow.vehicles import VehicleTable

_Refused: TypeAlias = Mapping[int, tuple[RefusedAs, tuple[str, ...]]]
"""How and why reports are refused, by their number."""


class ArrowLiveEngine(LiveEngine):
    """Decodes with msgspec; judges, deduplicates and encodes with numpy and Arrow."""

    def judged(self, messages: Sequence[Message], work: LiveWork) -> JudgedMessages:
        reports = gathered(messages, tuple(work.mapping.items()))
        vehicles = VehicleTable(work.directory)
        rows, judgement = _judged(reports, messages, work, vehicles)
        kept = deduplicated_alone(rows, vehicles.sorted().ranks)
        refused = _refused(reports, judgement)
        codes = Counter(code for code, _ in refused.values())
        return JudgedMessages(
            counts=kept.counts
            + RowCounts(
                read=codes.total(),
                rejected=codes["rejected"],
                malformed=codes["malformed"],
                rejected_by=dict(judgement.rejected_by),
                malformed_by=dict(
                    Counter(
                        reason
                        for code, reasons in refused.values()
                        if code == "malformed"
                        for reason in reasons
                    )
                ),
                warned_by=dict(judgement.warned_by),
            ),
            batch=_batch(kept.rows, vehicles, work.ingestion) if len(kept.rows.times) else None,
            dead=_dead(messages, reports, refused),
            ignored=reports.ignored,
        )

    def facts(self, batch: EventBatch) -> Sequence[Fact]:
        return facts_of(part_file.decode(batch.content, Fact._fields))

    def genuine(self, facts: Sequence[Fact]) -> Sequence[bool]:
        held = np.array([fact[11] for fact in facts], np.uint64)
        genuine: list[bool] = (fingerprints_of(facts) == held).tolist()
        return genuine

    def encoded(self, facts: Sequence[Fact], ingestion: str) -> EventBatch:
        content = part_file.batch_content(table_of(facts, ingestion))
        return EventBatch(ingestion=ingestion, rows=len(facts), content=content)


def _judged(
    reports: Reports, messages: Sequence[Message], work: LiveWork, vehicles: VehicleTable
) -> tuple[Rows, Judgement]:
    """The rows of the reports that have a form, the accepted ones by number; and the verdict."""
    columns = columns_of(reports, messages, work, vehicles)
    rules = rules_in_force(work.settings, with_directory=work.directory is not None)
    judgement = judgement_of(
        case_of(
            columns.vehicles,
            columns.fields,
            vehicles=vehicles,
            settings=work.settings,
            now_ms=work.now_ms,
        ),
        rules,
        columns.faults,
        columns.losses,
    )
    lines = reports.places + work.first_line
    rows = rows_of(lines, vehicles.words, judgement.case, columns.vehicles, judgement.refused)
    by_line = np.argsort(lines[rows.accepted], kind="stable")
    return evolve(rows, accepted=rows.accepted[by_line]), judgement


def _refused(reports: Reports, judgement: Judgement) -> _Refused:
    found: dict[int, tuple[RefusedAs, tuple[str, ...]]] = {
        number: ("malformed", (fault,)) for number, fault in reports.faults
    }
    rows = np.flatnonzero(judgement.refused)
    for row, number in zip(rows.tolist(), reports.places[rows].tolist(), strict=True):
        code: RefusedAs = "malformed" if judgement.malformed[row] else "rejected"
        found[number] = code, tuple(judgement.reasons[row])
    return found


def _dead(
    messages: Sequence[Message], reports: Reports, refused: _Refused
) -> tuple[DeadMessage, ...]:
    by_message: dict[int, list[tuple[RefusedAs, tuple[str, ...]]]] = {}
    for number in sorted(refused):
        by_message.setdefault(reports.messages[number], []).append(refused[number])
    return tuple(dead_message(messages[at], each) for at, each in by_message.items())


def _batch(rows: Rows, vehicles: VehicleTable, ingestion: str) -> EventBatch:
    table = pa.concat_tables(part_tables(rows, vehicles.sorted(), ingestion))
    content = part_file.batch_content(table)
    return EventBatch(ingestion=ingestion, rows=table.num_rows, content=content)
