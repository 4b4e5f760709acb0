"""The bodies of messages: JSON that a consumer of the lanes and of their dead letters understands.

    {"v": 1, "ingestion": ..., "attempt": 1, "part": {"key": ..., "lane": ..., ...}, "dead": {...}}

A dead letter is the message it was made of, and what went wrong beside it under `dead`: moved
back to its lane, by whatever means, it is that message again.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final, TypeVar

from attrs import evolve
from cattrs import BaseValidationError, transform_error

from fleetcore.codec.converter import strict_converter
from fleetcore.codec.event_codec import Body
from fleetcore.domain.parts import UNEXPLAINED, DeadLetter, LaneMessage
from fleetcore.errors import UndecodableEvent
from fleetcore.ports.lanes import Delivery

T = TypeVar("T")

VERSION: Final = 1
MAX_BYTES: Final = 256 * 1024
"""The longest body, and the most of one batch: what every account and region takes."""

_REASON_CHARACTERS: Final = 1000
_CONVERTER: Final = strict_converter()


def message_body(message: LaneMessage) -> str:
    """A lane message as text, in ASCII; equal messages are equal texts."""
    return _text(_CONVERTER.unstructure(message))


def letter_body(letter: DeadLetter) -> str:
    """A dead letter as text, of at most `MAX_BYTES`.

    Where that is too little for all refused rows the first ones are listed, and the reason says
    how many are not.
    """
    kept = letter
    while len(body := _letter_text(kept)) > MAX_BYTES:
        rows = letter.rows[: len(kept.rows) // 2]
        left_out = len(letter.rows) - len(rows)
        reason = f"{letter.reason[:_REASON_CHARACTERS]} ({left_out:,} more rows are not listed)"
        kept = evolve(letter, rows=rows, reason=reason)
    return body


def _letter_text(letter: DeadLetter) -> str:
    dead = _CONVERTER.unstructure(letter)
    message = dead.pop("message")
    return _text({**message, "dead": dead})


def delivery_of(body: str, receipt: str, receive_count: int) -> Delivery:
    """What a queue handed out, `receive_count` times by now. Raises `UndecodableEvent`."""
    message, _ = _parsed(body)
    return Delivery(
        message=_structured(body, message, LaneMessage), receipt=receipt, tries=receive_count
    )


def letter_of(body: str, *, died_at_ms: int, tries: int) -> DeadLetter:
    """A dead letter; what is given besides holds where its queue gave the message up by itself.

    Raises `UndecodableEvent`.
    """
    message, dead = _parsed(body)
    if dead is None:
        dead = {
            "code": UNEXPLAINED,
            "reason": "it was handed out again and again, and no worker settled it",
            "tries": tries,
            "died_at_ms": died_at_ms,
        }
    return _structured(body, {"message": message, **dead}, DeadLetter)


def group_id(message: LaneMessage) -> str:
    """Of a FIFO queue's messages those of a group wait for each other: a part is a group."""
    return _hashed(message.part.key)


def deduplication_id(message: LaneMessage) -> str:
    """A FIFO queue takes a message with this id once in five minutes; each attempt has its own."""
    return _hashed(f"{message.part.key}\n{message.attempt}")


def burial_id(message: LaneMessage) -> str:
    """The same of a letter: it is not the message, which SQS may have moved there by itself."""
    return _hashed(f"{message.part.key}\n{message.attempt}\ndead")


def _hashed(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()


def _text(body: Body) -> str:
    return json.dumps({"v": VERSION, **body}, sort_keys=True, separators=(",", ":"))


def _parsed(text: str) -> tuple[Body, Body | None]:
    """The message, and what stands under `dead`."""
    try:
        body = json.loads(text)
    except ValueError as error:
        raise _undecodable(text, f"it is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise _undecodable(text, "it is not a JSON object")
    version, dead = body.pop("v", None), body.pop("dead", None)
    if version != VERSION:
        raise _undecodable(
            text, f"its version is {version!r}, and {VERSION} is known; install a newer fleetcore"
        )
    if not isinstance(dead, dict | None):
        raise _undecodable(text, "what stands under `dead` is not a JSON object")
    return body, dead


def _structured(text: str, value: Body, type_: type[T]) -> T:
    try:
        return _CONVERTER.structure(value, type_)
    except BaseValidationError as error:
        raise _undecodable(text, "; ".join(transform_error(error))) from error


def _undecodable(text: str, why: str) -> UndecodableEvent:
    return UndecodableEvent(f"a message of a lane cannot be read: {why}", {"body": text})
