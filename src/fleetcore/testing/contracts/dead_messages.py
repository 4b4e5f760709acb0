"""What every place for dead messages does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from fleetcore.domain.messages import DeadMessage, Message, RefusedAs
from fleetcore.ports.dead_messages import DeadMessages
from fleetcore.testing.contracts.race import raced

AT_MS: Final = 1_700_000_000_000


def dead(payload: bytes, topic: str = "fleet/1", code: RefusedAs = "malformed") -> DeadMessage:
    """A message that is known by its payload."""
    message = Message(topic=topic, payload=payload, received_at_ms=AT_MS)
    return DeadMessage(message=message, code=code, reasons=("no-object",))


ONE: Final = dead(b"1")
TWO: Final = dead(b"2")
ODD: Final = DeadMessage(
    message=Message(topic="f\u00fc/\U0001f69a", payload=bytes(range(256)), received_at_ms=0),
    code="rejected",
    reasons=("latitude-range", "zero-island"),
)
BARE: Final = DeadMessage(
    message=Message(topic="", payload=b"", received_at_ms=AT_MS), code="malformed", reasons=()
)


class DeadMessagesContract:
    """Needs the fixture `open_dead_messages`: of six messages and 1,000 bytes at most."""

    @pytest.fixture
    def place(self, open_dead_messages: Callable[[], DeadMessages]) -> DeadMessages:
        """The place under test."""
        return open_dead_messages()

    def test_holds_nothing_at_first(self, place: DeadMessages) -> None:
        """Where nothing was buried nothing is read, counted or removed."""
        place.clear()

        assert () == place.read()
        assert (0, 0, 0) == (place.count(), place.dropped(), place.remove(b"1"))

    def test_reads_messages_whole_oldest_first(self, place: DeadMessages) -> None:
        """Whatever the bytes, they come back as they were, in the order they were buried."""
        place.bury([ODD, TWO])
        place.bury([])
        place.bury([BARE, ONE])

        assert (ODD, TWO, BARE, ONE) == place.read()
        assert 4 == place.count()

    def test_reads_the_last_ones(self, place: DeadMessages) -> None:
        """A limit keeps the newest."""
        place.bury([ODD, TWO, ONE])

        assert (TWO, ONE) == place.read(2)
        assert () == place.read(0)

    def test_keeps_what_came_twice_twice(self, place: DeadMessages) -> None:
        """Nobody can tell a message that came again from one that was sent again."""
        place.bury([ONE])
        place.bury([ONE])

        assert (ONE, ONE) == place.read()

    def test_too_many_let_the_oldest_go(self, place: DeadMessages) -> None:
        """Six are kept; those that went are counted."""
        many = [dead(str(number).encode()) for number in range(9)]
        place.bury(many[:5])
        assert 0 == place.dropped()
        place.bury(many[5:])

        assert tuple(many[3:]) == place.read()
        assert (6, 3) == (place.count(), place.dropped())

    def test_too_many_bytes_let_the_oldest_go(self, place: DeadMessages) -> None:
        """So many bytes of payload are kept, and not one more."""
        place.bury([dead(b"x" * 500), dead(b"y" * 500)])
        assert 0 == place.dropped()
        place.bury([ONE])

        assert (dead(b"y" * 500), ONE) == place.read()
        assert 1 == place.dropped()

    def test_one_that_is_too_large_by_itself_goes_too(self, place: DeadMessages) -> None:
        """And all before it; what comes next is kept."""
        place.bury([ONE, dead(b"x" * 1001)])
        assert (0, 2) == (place.count(), place.dropped())

        place.bury([TWO])
        assert (TWO,) == place.read()

    def test_removes_what_holds_bytes(self, place: DeadMessages) -> None:
        """In the payload or in the topic; others stay."""
        place.bury([ONE, dead(b'{"id": "cab-1"}'), dead(b"{", "fleet/cab-1"), ODD])

        assert 2 == place.remove(b"cab-1")
        assert 1 == place.remove("\U0001f69a".encode())
        assert 0 == place.remove(b"cab-1")
        assert (ONE,) == place.read()

    def test_a_removal_makes_room(self, place: DeadMessages) -> None:
        """What was removed counts no longer, and was not dropped."""
        place.bury([dead(b"x" * 990), ONE])
        assert 1 == place.remove(b"xx")
        place.bury([dead(b"y" * 990)])

        assert (ONE, dead(b"y" * 990)) == place.read()
        assert (2, 0) == (place.count(), place.dropped())

    def test_clearing_lets_go_of_all(self, place: DeadMessages) -> None:
        """Of the count of those that went, too."""
        place.bury([dead(str(number).encode()) for number in range(9)])
        place.clear()
        assert (0, 0) == (place.count(), place.dropped())

        place.bury([ONE])
        assert (ONE,) == place.read()

    def test_keeps_messages(self, open_dead_messages: Callable[[], DeadMessages]) -> None:
        """Another handle sees what was buried."""
        open_dead_messages().bury([ONE, TWO])

        assert (ONE, TWO) == open_dead_messages().read()

    def test_racing_burials_lose_nothing(
        self, open_dead_messages: Callable[[], DeadMessages]
    ) -> None:
        """Messages buried at once are all there."""
        handles = [open_dead_messages() for _ in range(4)]
        buried = [dead(str(number).encode()) for number in range(4)]

        raced([partial(h.bury, [each]) for h, each in zip(handles, buried, strict=True)])

        read = handles[0].read()
        assert sorted(buried, key=repr) == sorted(read, key=repr)
        assert 4 == handles[1].count()
