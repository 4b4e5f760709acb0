"""Writing the rows of a part: what is new at once in batches, what may be known one by one."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from attrs import frozen

from fleetcore.domain.parts import StoredEvent
from fleetcore_adapters.aws.dynamodb.items import log_item
from fleetcore_adapters.aws.dynamodb.parallel import in_parallel
from fleetcore_adapters.aws.dynamodb.requests import Expression, Requests, batches
from fleetcore_adapters.aws.dynamodb.siblings import Held, equal_to, held_in, siblings_of
from fleetcore_adapters.aws.dynamodb.tables import LOG
from fleetcore_adapters.aws.dynamodb.windows import Windows

_ABSENT: Final = Expression(f"attribute_not_exists(#{LOG.partition})")


class Fate(Enum):
    """What became of a row."""

    STORED = auto()
    CONFLICTING = auto()
    ALREADY_STORED = auto()


@frozen(kw_only=True, slots=True)
class PartRows:
    """Writes rows to the log table, `threads` requests at once.

    A row's fate is told by what the table holds of it: what its own ingestion put there has the
    fate it had then, so rows that are written again, because a worker died or an answer was
    lost, change nothing.
    """

    requests: Requests
    table: str
    windows: Windows
    keep_days: int | None
    threads: int

    def write(self, rows: Sequence[StoredEvent]) -> list[Fate]:
        """Write rows of one part, as many as may be held in memory several times over."""
        fates = [Fate.STORED] * len(rows)
        known: list[int] = []
        new: list[StoredEvent] = []
        for number, (row, is_new) in enumerate(zip(rows, self.windows.are_new(rows), strict=True)):
            if is_new:
                new.append(row)
            else:
                known.append(number)
        # The batches go first: of several rows of one identity one is new, and the others find it.
        items = [log_item(row, keep_days=self.keep_days) for row in new]
        in_parallel(
            self.threads, lambda batch: self.requests.put_batch(self.table, batch), batches(items)
        )
        for number, fate in zip(known, self._compared([rows[n] for n in known]), strict=True):
            fates[number] = fate
        return fates

    def _compared(self, rows: Sequence[StoredEvent]) -> list[Fate]:
        """The fates of rows that may be in the log; those that are not are put there."""
        instants: dict[str, set[int]] = {}
        for row in rows:
            instants.setdefault(row.event.vehicle_id, set()).add(row.event.observed_at)

        found = in_parallel(
            self.threads,
            lambda each: siblings_of(self.requests, self.table, *each),
            list(instants.items()),
        )
        held = dict(zip(instants, found, strict=True))

        def fate(row: StoredEvent) -> Fate:
            event = row.event
            return self._fate(row, held[event.vehicle_id][event.observed_at])

        return in_parallel(self.threads, fate, rows)

    def _fate(self, row: StoredEvent, siblings: Sequence[Held]) -> Fate:
        equal = equal_to(row.event, siblings)
        is_conflict = any(each.stored.ingestion != row.ingestion for each in siblings)
        twin = sum(each.stored.event.fingerprint == row.event.fingerprint for each in siblings)
        while equal is None:
            item = log_item(row, keep_days=self.keep_days, conflict=is_conflict, twin=twin)
            old = self.requests.put(self.table, item, _ABSENT)
            if old is None:
                return Fate.CONFLICTING if is_conflict else Fate.STORED
            rival = held_in(old)
            equal = equal_to(row.event, [rival])
            is_conflict |= rival.stored.ingestion != row.ingestion
            twin += 1
        if equal.stored.ingestion != row.ingestion:
            return Fate.ALREADY_STORED
        return Fate.CONFLICTING if equal.is_conflict else Fate.STORED
