"""Parts: immutable files of one chunk's events of one lane, and the messages that name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from fleetcore.domain.lanes import Lane
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.errors import FleetcoreError


@frozen(kw_only=True, slots=True)
class Part:
    """A part as the ingestion's stream names it. `sha256` is of the whole object, in hex."""

    key: str
    lane: Lane
    rows: int
    size_bytes: int
    sha256: str


@frozen(kw_only=True, slots=True)
class LaneMessage:
    """A claim check: the part whose rows a worker is asked to store, all of them.

    `attempt` is 1, and one more each time the part is sent again after it was a dead letter.
    """

    ingestion: str
    part: Part
    attempt: int = 1


@frozen(kw_only=True, slots=True)
class RefusedRow:
    """A row of a part that a log can never hold.

    `number` counts the part's rows from 0, `line` is the physical line of the file it starts
    on, `payload` the row as JSON, cut off where it is long.
    """

    number: int
    line: int
    reason: str
    payload: str


class RowsRefused(FleetcoreError):
    """Rows of a part that the log can never hold; all others of the part are in it.

    `key` is the part's, `outcome` what the log said of the others.
    """

    code = "rows-refused"

    def __init__(self, key: str, outcome: StoreOutcome, rows: Sequence[RefusedRow]) -> None:
        some = f"line {rows[0].line}: {rows[0].reason}"
        more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
        super().__init__(f"{key!r}: the log cannot hold its row of {some}{more}")
        self.key = key
        self.outcome = outcome
        self.rows = tuple(rows)


@frozen(kw_only=True, slots=True)
class DeadLetter:
    """A message that was given up, and why: its part's rows, or some of them, are not in the log.

    `rows` are those that were refused; empty where the whole part could not be stored. `code`
    and `reason` are those of the error, `tries` how often it was handed out, `died_at_ms` when
    it was given up (epoch ms). A queue that gave a message up by itself knows no reason:
    `UNEXPLAINED`.
    """

    message: LaneMessage
    code: str
    reason: str
    tries: int
    died_at_ms: int
    rows: tuple[RefusedRow, ...] = ()


UNEXPLAINED: Final = "unexplained"
"""The code of a dead letter that its queue gave up by itself: its workers died, again and again."""


@frozen(kw_only=True, slots=True)
class StoredEvent:
    """A location event as a part or the log holds it, with enrichment and provenance.

    `ingestion` is the ingestion's id and `line` the physical line its row starts on.
    """

    event: LocationEvent
    distance_from_depot_m: float | None
    ingestion: str
    line: int
