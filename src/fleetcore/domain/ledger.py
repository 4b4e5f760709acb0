"""The ledger of one ingestion: every row counted once, or the ledger does not exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from attrs import field, frozen

from fleetcore.errors import UnbalancedLedger


@frozen(kw_only=True, slots=True)
class RowCounts:
    """What became of the rows of a file or a chunk while it was read.

    accepted: distinct identities; conflicting: further distinct payloads of an identity;
    duplicate: the rest of what the rules let through. `rejected_by`, `malformed_by` and
    `warned_by` count rows a code; a row may have several. Raises `UnbalancedLedger` unless
    `read = accepted + duplicate + conflicting + rejected + malformed`.
    """

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    conflicting: int = 0
    rejected: int = 0
    malformed: int = 0
    rejected_by: Mapping[str, int] = field(factory=dict)
    malformed_by: Mapping[str, int] = field(factory=dict)
    warned_by: Mapping[str, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        parts = (self.accepted, self.duplicate, self.conflicting, self.rejected, self.malformed)
        if min(parts) < 0 or self.read != sum(parts):
            raise UnbalancedLedger(
                f"read {self.read} is not accepted {self.accepted} + duplicate {self.duplicate} "
                f"+ conflicting {self.conflicting} + rejected {self.rejected} "
                f"+ malformed {self.malformed}"
            )

    @property
    def to_store(self) -> int:
        """Rows the log must take: accepted and conflicting."""
        return self.accepted + self.conflicting

    def __add__(self, other: RowCounts) -> RowCounts:
        return RowCounts(
            read=self.read + other.read,
            accepted=self.accepted + other.accepted,
            duplicate=self.duplicate + other.duplicate,
            conflicting=self.conflicting + other.conflicting,
            rejected=self.rejected + other.rejected,
            malformed=self.malformed + other.malformed,
            rejected_by=dict(Counter(self.rejected_by) + Counter(other.rejected_by)),
            malformed_by=dict(Counter(self.malformed_by) + Counter(other.malformed_by)),
            warned_by=dict(Counter(self.warned_by) + Counter(other.warned_by)),
        )


@frozen(kw_only=True, slots=True)
class StoreOutcome:
    """What the log said of a part's rows; `forgotten` are of vehicles that it must not hold."""

    stored: int = 0
    already_stored: int = 0
    conflicting: int = 0
    forgotten: int = 0

    @property
    def rows(self) -> int:
        """All rows of the part."""
        return self.stored + self.already_stored + self.conflicting + self.forgotten

    def __add__(self, other: StoreOutcome) -> StoreOutcome:
        return StoreOutcome(
            stored=self.stored + other.stored,
            already_stored=self.already_stored + other.already_stored,
            conflicting=self.conflicting + other.conflicting,
            forgotten=self.forgotten + other.forgotten,
        )

    def forgetting(self, rows: int) -> StoreOutcome:
        """The same rows where so many of those it stored the log has forgotten since.

        Which of them were conflicting is not known any more: the others go first.
        """
        stored = min(rows, self.stored)
        conflicting = min(rows - stored, self.conflicting)
        return StoreOutcome(
            stored=self.stored - stored,
            already_stored=self.already_stored,
            conflicting=self.conflicting - conflicting,
            forgotten=self.forgotten + stored + conflicting,
        )


@frozen(kw_only=True, slots=True)
class Ledger:
    """The counts of one ingestion.

    Raises `UnbalancedLedger` unless, beside the equation of `RowCounts`,
    `accepted + conflicting = stored + already_stored + conflicting_at_store + forgotten
    + dead_lettered + pending`.
    """

    rows: RowCounts
    store: StoreOutcome = StoreOutcome()
    dead_lettered: int = 0
    pending: int = 0

    def __attrs_post_init__(self) -> None:
        parts = (
            self.store.stored,
            self.store.already_stored,
            self.store.conflicting,
            self.store.forgotten,
            self.dead_lettered,
            self.pending,
        )
        if min(parts) < 0 or self.rows.to_store != sum(parts):
            raise UnbalancedLedger(
                f"accepted {self.rows.accepted} + conflicting {self.rows.conflicting} is not "
                f"stored {self.store.stored} + already stored {self.store.already_stored} "
                f"+ conflicting at the store {self.store.conflicting} "
                f"+ forgotten {self.store.forgotten} "
                f"+ dead-lettered {self.dead_lettered} + pending {self.pending}"
            )
