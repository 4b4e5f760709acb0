"""What all lanes do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from fleetcore.domain.lanes import Lane
from fleetcore.domain.parts import LaneMessage, Part
from fleetcore.ports.lanes import Lanes
from fleetcore.testing.contracts.race import raced

ALL: Final = 1000


def message(name: str, lane: Lane = "moving") -> LaneMessage:
    """A message that is known by its name."""
    part = Part(key=f"fresh/1f/{name}", lane=lane, rows=7, size_bytes=2**40, sha256="0f" * 32)
    return LaneMessage(ingestion="1f", part=part)


ONE: Final = message("1")
TWO: Final = message("2")
THREE: Final = message("3")


class LanesContract:
    """Needs the fixture `open_lanes`."""

    @pytest.fixture
    def lanes(self, open_lanes: Callable[[], Lanes]) -> Lanes:
        """The lanes under test."""
        return open_lanes()

    def test_are_empty_at_first(self, lanes: Lanes) -> None:
        """Nothing waits where nothing was sent."""
        assert () == lanes.receive(ALL)

    def test_hand_out_oldest_first(self, lanes: Lanes) -> None:
        """Inside a lane messages come whole, in the order they were sent."""
        lanes.send([TWO, ONE])
        lanes.send([THREE])

        assert (TWO, ONE, THREE) == lanes.receive(ALL)

    def test_moving_comes_before_idle(self, lanes: Lanes) -> None:
        """A moving message overtakes every idle one."""
        idle = message("idle", "idle")
        lanes.send([idle, ONE])

        assert (ONE, idle) == lanes.receive(ALL)
        assert (ONE,) == lanes.receive(1)

    @pytest.mark.parametrize(("limit", "received"), [(2, (ONE, TWO)), (0, ()), (-1, ())])
    def test_hand_out_at_most_the_limit(
        self, lanes: Lanes, limit: int, received: tuple[LaneMessage, ...]
    ) -> None:
        """No more messages come than were asked for."""
        lanes.send([ONE, TWO, THREE])

        assert received == lanes.receive(limit)

    def test_hand_out_again_until_settled(self, lanes: Lanes) -> None:
        """A message that was received and not settled waits on."""
        lanes.send([ONE, TWO])
        lanes.receive(ALL)
        lanes.settle([ONE])

        assert (TWO,) == lanes.receive(ALL)

    def test_queue_a_waiting_message_once(self, lanes: Lanes) -> None:
        """Sending what waits already changes neither number nor order."""
        lanes.send([ONE, TWO, ONE])
        lanes.send([TWO, ONE])

        assert (ONE, TWO) == lanes.receive(ALL)

    def test_queue_a_settled_message_again(self, lanes: Lanes) -> None:
        """A message that was settled and is sent again waits again, behind the others."""
        lanes.send([ONE, TWO])
        lanes.settle([ONE])
        lanes.send([ONE])

        assert (TWO, ONE) == lanes.receive(ALL)

    def test_settling_is_idempotent(self, lanes: Lanes) -> None:
        """Settling twice, or what was never sent, is nothing."""
        lanes.send([ONE, TWO])
        lanes.settle([ONE, ONE, THREE])
        lanes.settle([ONE])

        assert (TWO,) == lanes.receive(ALL)

    def test_sending_and_settling_nothing_is_nothing(self, lanes: Lanes) -> None:
        """Empty calls leave the lanes alone."""
        lanes.send([ONE])
        lanes.send([])
        lanes.settle([])

        assert (ONE,) == lanes.receive(ALL)

    def test_keep_messages(self, open_lanes: Callable[[], Lanes]) -> None:
        """Another handle sees what was sent and what was settled."""
        first = open_lanes()
        first.send([ONE, TWO])
        first.settle([ONE])

        assert (TWO,) == open_lanes().receive(ALL)

    def test_racing_senders_lose_nothing(self, open_lanes: Callable[[], Lanes]) -> None:
        """Messages sent at once all wait, each of them once."""
        handles = [open_lanes() for _ in range(4)]
        sent = [[ONE, message(f"own-{n}")] for n in range(4)]

        raced([partial(h.send, messages) for h, messages in zip(handles, sent, strict=True)])

        received = handles[0].receive(ALL)
        assert len(received) == 5
        assert {m for messages in sent for m in messages} == set(received)
