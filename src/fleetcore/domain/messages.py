"""Messages: what vehicles report one by one, before anybody understood it."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from fleetcore.domain.ledger import RowCounts

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

    `code` is `malformed` or `rejected`; `reasons` say why, by code.
    """

    message: Message
    code: str
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
    """

    counts: RowCounts
    batch: EventBatch | None
    dead: tuple[DeadMessage, ...]
