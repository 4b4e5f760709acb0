"""Appending parts to the log: a part is read, its rows are written, then it is recorded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Final

from attrs import asdict, frozen

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part, RefusedRow, RowsRefused, StoredEvent
from fleetcore_adapters.aws.dynamodb.items import is_storable
from fleetcore_adapters.aws.dynamodb.part_contents import PartContents
from fleetcore_adapters.aws.dynamodb.part_records import PartRecord, PartRecords, Settled
from fleetcore_adapters.aws.dynamodb.part_rows import Fate, PartRows
from fleetcore_adapters.aws.dynamodb.requests import BATCH_WRITES

ROWS_AT_ONCE: Final = 400 * BATCH_WRITES
"""Rows of a part that are compared and written before the next are looked at."""

PAYLOAD_CHARACTERS: Final = 500
"""What is told of a refused row's payload."""


@frozen(kw_only=True, slots=True)
class Appends:
    """Appends parts, one after the other. Safe to share between threads and processes."""

    contents: PartContents
    records: PartRecords
    rows: PartRows

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        """See `LocationLog.append`."""
        settled = dict(self.records.settled([part.key for part in parts]))
        for part in parts:
            if part.key not in settled:
                settled[part.key] = self._append(part)
            if settled[part.key].refused:
                raise self._refusal(part, settled[part.key].outcome)
        return tuple(settled[part.key].outcome for part in parts)

    def _append(self, part: Part) -> Settled:
        rows = self._read(part)
        fates: list[Fate | None] = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            written = iter(self.rows.write([row for row in some if is_storable(row)]))
            fates += [next(written) if is_storable(row) else None for row in some]
        times = [
            row.event.observed_at for row, fate in zip(rows, fates, strict=True) if _brought(fate)
        ]
        counts = Counter(fates)
        return self.records.add(
            PartRecord(
                key=part.key,
                sha256=part.sha256,
                brought="".join("1" if _brought(fate) else "0" for fate in fates),
                first_ms=min(times, default=0),
                last_ms=max(times, default=0),
            ),
            Settled(
                StoreOutcome(
                    stored=counts[Fate.STORED],
                    already_stored=counts[Fate.ALREADY_STORED],
                    conflicting=counts[Fate.CONFLICTING],
                ),
                refused=counts[None],
            ),
        )

    def _read(self, part: Part) -> Sequence[StoredEvent]:
        return self.contents.rows(part.key, part.sha256, part.rows)

    def _refusal(self, part: Part, outcome: StoreOutcome) -> RowsRefused:
        """What is raised each time a part with such rows is appended."""
        refused = [
            RefusedRow(
                number=number,
                line=row.line,
                reason="larger than 400 kB, the most that an item of DynamoDB holds",
                payload=json.dumps(asdict(row.event), ensure_ascii=False)[:PAYLOAD_CHARACTERS],
            )
            for number, row in enumerate(self._read(part))
            if not is_storable(row)
        ]
        return RowsRefused(part.key, outcome, refused)


def _brought(fate: Fate | None) -> bool:
    """Whether the row is in the log because of its part."""
    return fate in (Fate.STORED, Fate.CONFLICTING)
