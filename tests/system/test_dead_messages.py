"""`fleetcore dead-letters` and messages from a broker: whatever they hold, it can be looked at."""

from __future__ import annotations

from base64 import b64decode
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from tests.system.conftest import Command

from fleetcore.domain.messages import DeadMessage, Message
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.dead_messages import LocalDeadMessages

pytestmark = pytest.mark.system

HOSTILE: Final = b'\x1b[2J{"vehicle_id": \xff\x00' + b"x" * 5_000
DATA: Final = Path("fleetcore-data")


@pytest.fixture(name="hostile", autouse=True)
def _hostile() -> None:
    """A data folder with one message."""
    message = Message(topic="fleet/\x1b[31m", payload=HOSTILE, received_at_ms=1_700_000_000_000)
    dead = DeadMessage(message=message, code="malformed", reasons=("not-json",))
    with closing(Database(DATA)) as database:
        LocalDeadMessages(database).bury([dead])


@pytest.mark.parametrize("verb", ["list", "show"])
def test_a_message_is_shown_without_what_a_terminal_would_obey(
    fleetcore: Command, verb: str
) -> None:
    """Escapes stand in its place, in the topic as in the payload; its end is left out."""
    done = fleetcore("dead-letters", verb)

    assert 0 == done.status
    assert "fleet/\\x1b[31m" in done.out
    assert "malformed: not-json" in done.out
    assert done.out.replace("\n", "").isprintable()
    assert len(done.out) < 2_000


def test_the_payload_is_shown_with_its_odd_bytes(fleetcore: Command) -> None:
    """As far as it is no text, byte by byte."""
    assert '\\x1b[2J{"vehicle_id": \\xff\\x00xxx' in fleetcore("dead-letters", "show").out


@pytest.mark.parametrize("verb", ["list", "show"])
def test_for_machines_all_bytes_are_there(fleetcore: Command, verb: str) -> None:
    """In base 64."""
    said = fleetcore("dead-letters", verb, "--json").object

    assert HOSTILE == b64decode(said["payload_base64"])
    assert ("fleet/\x1b[31m", "malformed", ["not-json"]) == (
        said["topic"],
        said["code"],
        said["reasons"],
    )


def test_what_went_because_there_were_too_many_is_told(fleetcore: Command) -> None:
    """A sender that went astray is seen even where its messages are gone."""
    with closing(Database(DATA)) as database:
        place = LocalDeadMessages(database, most_messages=1)
        place.bury(place.read())

    assert "1 older messages went" in fleetcore("dead-letters", "list").err
