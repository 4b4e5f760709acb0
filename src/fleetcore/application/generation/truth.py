"""What an ingestion of a generated file must count."""

from __future__ import annotations

import json
from collections import Counter

from attrs import asdict, define, field, frozen

from fleetcore.application.generation.dirt import Fate, Outcome
from fleetcore.domain.ledger import RowCounts
from fleetcore.errors import UnreadableFile


@frozen(kw_only=True, slots=True)
class Truth:
    """The expected counts, and the code of the error where the file cannot be read to its end.

    With such an error the counts are of what was written before the end was cut off.
    """

    counts: RowCounts
    error: str | None = None

    def expected(self) -> dict[str, object]:
        """What `fleetcore ingest --json` must say: the counts by name."""
        return asdict(self.counts, filter=lambda count, _: count.name != "malformed_by")

    def as_json(self) -> str:
        """The counts that `expected` gives, and `error` where there is one."""
        content = self.expected()
        if self.error is not None:
            content["error"] = self.error
        return json.dumps(content, indent=2) + "\n"


@define(slots=True)
class Tally:
    """Counts rows while they are written; what is not noted was clean."""

    _fates: Counter[Fate | str] = field(factory=Counter)
    _rejected_by: Counter[str] = field(factory=Counter)
    _malformed_by: Counter[str] = field(factory=Counter)
    _warned_by: Counter[str] = field(factory=Counter)

    def note(self, outcome: Outcome) -> None:
        """A row that dirt was done to."""
        self._fates[outcome.fate] += 1
        self._rejected_by.update(outcome.rejected_by)
        self._malformed_by.update(outcome.malformed_by)
        self._warned_by.update(outcome.warned_by)

    def note_repeat(self, kind: str) -> None:
        """A row of one of the kinds in `REPEATS`."""
        self._fates[kind] += 1

    def truth(self, rows: int, *, readable: bool) -> Truth:
        """The expected ledger of so many rows."""
        fates = self._fates
        return Truth(
            counts=RowCounts(
                read=rows,
                accepted=rows - fates.total() + fates["accepted"],
                duplicate=fates["duplicate"],
                conflicting=fates["conflicting"],
                rejected=fates["rejected"],
                malformed=fates["malformed"],
                rejected_by=dict(sorted(self._rejected_by.items())),
                malformed_by=dict(sorted(self._malformed_by.items())),
                warned_by=dict(sorted(self._warned_by.items())),
            ),
            error=None if readable else UnreadableFile.code,
        )
