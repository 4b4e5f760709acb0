"""The contract of dead letters, on every adapter; and what SQS adds by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from tests.contract.harness.harness import Harness
from tests.contract.harness.sqs import DEAD_LETTERING, MAX_RECEIVES, DeadLetteringRig

from fleetcore.domain.lanes import LANES, Lane
from fleetcore.domain.parts import UNEXPLAINED
from fleetcore.testing.contracts.capabilities import needs
from fleetcore.testing.contracts.dead_letters import DeadLettersContract, letter
from fleetcore.testing.contracts.lanes import message

LOOKS: Final = 50


class TestDeadLetters(DeadLettersContract):
    """Runs the suite on what the fixture `open_dead_letters` opens."""


@pytest.fixture(
    name="rig", params=[pytest.param(harness, id=harness.name) for harness in DEAD_LETTERING]
)
def _rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeadLetteringRig]:
    """Lanes with dead-letter queues."""
    harness: Harness[DeadLetteringRig] = request.param
    with ExitStack() as stack:
        yield harness.start(tmp_path, stack)()


def give_up(rig: DeadLetteringRig, lane: Lane) -> None:
    """Let a message be handed out to workers that die, until SQS gives it up."""
    rig.lanes.send([message("killer", lane)])
    for _ in range(MAX_RECEIVES):
        assert rig.lanes.receive(1)
    # SQS moves it when it is asked for it once more.
    assert () == rig.lanes.receive(1)


@pytest.mark.parametrize("lane", LANES)
def test_what_is_handed_out_too_often_becomes_a_letter(rig: DeadLetteringRig, lane: Lane) -> None:
    """It names the message, how often it was handed out, and no reason."""
    give_up(rig, lane)

    (found,) = rig.dead_letters.read()
    assert (message("killer", lane), UNEXPLAINED, MAX_RECEIVES, ()) == (
        found.message,
        found.code,
        found.tries,
        found.rows,
    )


@pytest.mark.parametrize("lane", LANES)
def test_a_letter_that_says_why_is_preferred(rig: DeadLetteringRig, lane: Lane) -> None:
    """A worker that buried a message and was killed before it settled it leaves two."""
    give_up(rig, lane)
    explained = letter("killer", lane)
    rig.dead_letters.bury([explained])

    assert (explained,) == rig.dead_letters.read()
    rig.dead_letters.remove([explained])
    assert () == rig.dead_letters.read()


@pytest.mark.parametrize("lane", LANES)
def test_a_part_that_sqs_gave_up_is_sent_again_at_once(rig: DeadLetteringRig, lane: Lane) -> None:
    """The next attempt is handed out, and counts its tries from 1."""
    give_up(rig, lane)
    again = evolve(message("killer", lane), attempt=2)
    rig.lanes.send([again])
    rig.dead_letters.remove(rig.dead_letters.read())

    assert [(again, 1)] == [(each.message, each.tries) for each in rig.lanes.receive(1)]
    assert () == rig.dead_letters.read()


@needs("message moves")
def test_sqs_moves_letters_back_by_itself(rig: DeadLetteringRig) -> None:
    """Those that were buried and those it gave up are the messages they were made of."""
    give_up(rig, "idle")
    rig.dead_letters.bury([letter("buried", "idle")])
    assert rig.dead_letters.redrive_all_native(rig.queues["idle"], rate_per_s=500)

    found = set()
    for _ in range(LOOKS):
        deliveries = rig.queues["idle"].receive(10, lease_s=300, wait_s=1)
        found |= {each.body.partition('"lane"')[0][-30:] for each in deliveries}
        if len(found) == 2:
            break
    assert 2 == len(found)
