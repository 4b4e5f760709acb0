"""The rows of the log as the parts brought them, apart from the table."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from fleetcore.domain.location import precedence
from fleetcore.domain.parts import StoredEvent
from fleetcore_adapters.aws.dynamodb.part_contents import PartContents
from fleetcore_adapters.aws.dynamodb.part_records import PartRecord, PartRecords


@frozen(kw_only=True, slots=True)
class BroughtRows:
    """Reads recorded parts again. Raises `ObjectMissing`, `CorruptObject`, `StorageUnavailable`."""

    contents: PartContents
    records: PartRecords

    def observed(self, start_ms: int, end_ms: int) -> Iterator[StoredEvent]:
        """The rows with `start_ms <= observed_at < end_ms`, in no order."""
        for record in self.records.meeting(start_ms, end_ms):
            for row in self._rows(record):
                if start_ms <= row.event.observed_at < end_ms:
                    yield row

    def winners(self, after: int) -> tuple[list[StoredEvent], int]:
        """Each vehicle's winner among parts recorded behind a number, and the last number."""
        last = self.records.last()
        winners: dict[str, StoredEvent] = {}
        for record in self.records.between(after, last):
            for row in self._rows(record):
                rival = winners.setdefault(row.event.vehicle_id, row)
                # Fingerprints, the last word of a precedence, are slow.
                if row.event.observed_at >= rival.event.observed_at and (
                    precedence(row.event) > precedence(rival.event)
                ):
                    winners[row.event.vehicle_id] = row
        return list(winners.values()), max(last, after)

    def _rows(self, record: PartRecord) -> Iterator[StoredEvent]:
        rows = self.contents.rows(record.key, record.sha256, len(record.brought))
        return record.of(rows)
