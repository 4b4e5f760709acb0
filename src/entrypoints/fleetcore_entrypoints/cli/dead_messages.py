"""Messages from a broker that could not be taken in, as `fleetcore dead-letters` shows them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from fleetcore.domain.instants import time_text
from fleetcore_entrypoints.cli.output import note, print_table, shown

if TYPE_CHECKING:
    from fleetcore.domain.messages import DeadMessage
    from fleetcore.ports.dead_messages import DeadMessages
    from fleetcore_entrypoints.wiring.app import App

MOST_SHOWN: Final = 1_000
"""Characters of a payload, and messages of a list."""


def place_of(app: App) -> DeadMessages | None:
    """Where a fleet keeps them; None for one that takes no messages in by itself."""
    from fleetcore_adapters.local.dead_messages import LocalDeadMessages
    from fleetcore_entrypoints.wiring.local import LocalApp

    return LocalDeadMessages(app.database) if isinstance(app, LocalApp) else None


def print_messages(messages: Sequence[DeadMessage]) -> None:
    """A line a message."""
    print_table(
        ["received (UTC)", "topic", "bytes", "why"],
        [
            [
                time_text(each.message.received_at_ms)[:19].replace("T", " "),
                each.message.topic,
                f"{len(each.message.payload):,}",
                f"{each.code}: {', '.join(each.reasons)}",
            ]
            for each in messages
        ],
        "llr",
    )


def print_whole(dead: DeadMessage) -> None:
    """A message with what it held, made safe for a terminal, and its end left out if it is long."""
    message = dead.message
    print(f"message on {shown(message.topic)}")
    print(f"  received {time_text(message.received_at_ms)}, {len(message.payload):,} bytes")
    print(f"  {dead.code}: {shown(', '.join(dead.reasons))}")
    text = message.payload[:MOST_SHOWN].decode("utf-8", "backslashreplace")
    print(f"    {shown(text)}{'...' if len(message.payload) > MOST_SHOWN else ''}")


def note_more(kept: int, shown_messages: int, dropped: int) -> None:
    """Say what is not listed."""
    if kept > shown_messages:
        note(f"these are the last {shown_messages:,} of {kept:,} messages")
    if dropped:
        note(f"{dropped:,} older messages went, because there were too many")


def content_of(dead: DeadMessage) -> Mapping[str, object]:
    """A message for machines, with all its bytes."""
    message = dead.message
    return {
        "topic": message.topic,
        "received_at": time_text(message.received_at_ms),
        "code": dead.code,
        "reasons": list(dead.reasons),
        "bytes": len(message.payload),
        "payload_base64": b64encode(message.payload).decode(),
    }
