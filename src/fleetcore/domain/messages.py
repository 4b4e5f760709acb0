"""Messages: what vehicles report one by one, before anybody understood it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from attrs import frozen

from fleetcore.domain.ledger import RowCounts

RefusedAs: TypeAlias = Literal["malformed", "rejected"]

MAX_PAYLOAD_BYTES: Final = 256 << 10
"""A longer payload is malformed; no position report comes near it."""


@frozen(kw_only=True, slots=True)
class Message:
    """A payload as it came, and where: `topic` is the broker's, `received_at_ms` epoch ms."""

    topic: str
    payload: bytes
    received_at_ms: int


@frozen(kw_only=True, slots=True)
class DeadMessage:
    """A message of which nothing, or not all, could be taken in, with its bytes.

    `code` is `malformed` where that is true of any of its reports; `reasons` say why, by code,
    each once.
    """

    message: Message
    code: RefusedAs
    reasons: tuple[str, ...]


@frozen(kw_only=True, slots=True)
class EventBatch:
    """Events as an engine encoded them, provenance included: what the log's tail keeps whole.

    `rows` of one `ingestion`, which names who took them in. `content` is the engine's own form.
    """

    ingestion: str
    rows: int
    content: bytes


@frozen(kw_only=True, slots=True)
class JudgedMessages:
    """What an engine made of messages; nothing of it is stored yet.

    `counts` are of reports: a message may hold several. `batch` is None where none was accepted.
    `dead` has each message that held a refused report once, in order. `ignored` counts what is
    no location and says so, such as a device's farewell; it is no report.
    """

    counts: RowCounts
    batch: EventBatch | None
    dead: tuple[DeadMessage, ...]
    ignored: int = 0


def dead_message(
    message: Message, refused: Sequence[tuple[RefusedAs, tuple[str, ...]]]
) -> DeadMessage:
    """A message and what became of its refused reports, in order."""
    malformed = any(code == "malformed" for code, _ in refused)
    return DeadMessage(
        message=message,
        code="malformed" if malformed else "rejected",
        reasons=tuple(dict.fromkeys(reason for _, reasons in refused for reason in reasons)),
    )
