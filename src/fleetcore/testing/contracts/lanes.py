"""What all lanes do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Final

import pytest
from attrs import evolve, frozen

from fleetcore.domain.lanes import Lane
from fleetcore.domain.parts import LaneMessage, Part
from fleetcore.ports.lanes import Delivery, Lanes, idle_places
from fleetcore.testing.contracts.race import raced

SOON_S: Final = 2
LONG_S: Final = 600
LOOKS: Final = 200


@frozen(kw_only=True, slots=True)
class LanesRig:
    """Lanes, and what lets seconds pass for them: a clock that is moved, or waiting."""

    lanes: Lanes
    advance: Callable[[float], None]


def message(name: str, lane: Lane = "moving") -> LaneMessage:
    """A message that is known by its name."""
    part = Part(key=f"fresh/1f/{name}", lane=lane, rows=7, size_bytes=2**40, sha256="0f" * 32)
    return LaneMessage(ingestion="1f", part=part)


def all_visible(lanes: Lanes, limit: int = 10) -> list[Delivery]:
    """Whatever may be handed out now, each message once; it stays handed out.

    Looks until nothing new comes: lanes may hand out a message twice.
    """
    found: dict[LaneMessage, Delivery] = {}
    for look in range(LOOKS):
        new = {each.message: each for each in lanes.receive(limit * (look + 1))}
        if not new.keys() - found.keys():
            # A later delivery has the receipt that counts.
            return list((found | new).values())
        found |= new
    raise AssertionError(f"new messages still come after {LOOKS} looks")


def waiting(lanes: Lanes) -> set[LaneMessage]:
    """What may be handed out now, and may be again afterwards."""
    deliveries = all_visible(lanes)
    lanes.hide(deliveries, 0)
    return {each.message for each in deliveries}


def waiting_soon(rig: LanesRig, count: int) -> set[LaneMessage]:
    """What may be handed out as soon as there is so much of it: a service may be late."""
    for _ in range(LOOKS):
        if len(found := waiting(rig.lanes)) >= count:
            return found
        rig.advance(0.1)
    raise AssertionError(f"{count} messages are not there after {LOOKS} looks")


def only(deliveries: Collection[Delivery], *messages: LaneMessage) -> list[Delivery]:
    """The deliveries of these messages."""
    return [each for each in deliveries if each.message in messages]


def lanes_of(deliveries: Sequence[Delivery]) -> list[Lane]:
    """The lane of each delivery."""
    return [each.message.part.lane for each in deliveries]


def assert_passes(lanes: Lanes, idle: int) -> None:
    """A moving message that is sent behind so many idle ones is in the next receive."""
    lanes.send([message(f"i{n}", "idle") for n in range(idle)])
    assert ["idle"] * 10 == lanes_of(lanes.receive(10))
    lanes.send([ONE])

    assert ["moving", "idle"] == lanes_of(lanes.receive(2))


ONE: Final = message("1")
TWO: Final = message("2")
THREE: Final = message("3", "idle")
ODD: Final = evolve(message('ü/"\n<&>\U0001f69a', "idle"), ingestion="2e#2", attempt=3)


class LanesContract:
    """Needs the fixture `open_lanes`, which opens a `LanesRig`."""

    @pytest.fixture
    def rig(self, open_lanes: Callable[[], LanesRig]) -> LanesRig:
        """The lanes under test, and their time."""
        return open_lanes()

    @pytest.fixture
    def lanes(self, rig: LanesRig) -> Lanes:
        """The lanes under test."""
        return rig.lanes

    def test_are_empty_at_first(self, lanes: Lanes) -> None:
        """Nothing waits where nothing was sent."""
        assert () == lanes.receive(10)

    def test_hand_out_what_was_sent(self, lanes: Lanes) -> None:
        """Messages of both lanes come whole, odd names and attempts too."""
        lanes.send([TWO, ONE])
        lanes.send([THREE, ODD])

        assert {ONE, TWO, THREE, ODD} == waiting(lanes)

    @pytest.mark.parametrize("lane", ["moving", "idle"])
    def test_take_more_than_one_request_holds(self, lanes: Lanes, lane: Lane) -> None:
        """Many messages that are sent at once all wait."""
        many = {message(str(n), lane) for n in range(25)}
        lanes.send(list(many))

        assert many == waiting(lanes)

    def test_hand_out_more_than_one_request_holds(self, lanes: Lanes) -> None:
        """A receive fills its places as long as messages wait."""
        lanes.send([message(str(n)) for n in range(25)])

        assert 25 == len(lanes.receive(30))

    def test_moving_comes_before_idle(self, lanes: Lanes) -> None:
        """A moving message overtakes the idle ones."""
        lanes.send([THREE, ODD])
        lanes.send([ONE])

        assert ["moving", "idle", "idle"] == lanes_of(lanes.receive(10))

    def test_the_only_place_is_for_a_moving_message(self, lanes: Lanes) -> None:
        """Where one message is asked for, moving goes first."""
        lanes.send([THREE, ONE])

        assert ["moving"] == lanes_of(lanes.receive(1))

    def test_keep_places_for_idle_messages(self, lanes: Lanes) -> None:
        """However many moving messages wait, some of the places are kept."""
        lanes.send([message(f"m{n}") for n in range(20)])
        lanes.send([message(f"i{n}", "idle") for n in range(5)])

        served = lanes_of(lanes.receive(16))

        assert (14, 2) == (served.count("moving"), served.count("idle"))

    @pytest.mark.parametrize("lane", ["moving", "idle"])
    def test_a_place_that_one_lane_leaves_the_other_takes(self, lanes: Lanes, lane: Lane) -> None:
        """Nothing is kept for a lane where nothing waits."""
        lanes.send([message(str(n), lane) for n in range(5)])

        assert [lane] * 4 == lanes_of(lanes.receive(4))

    @pytest.mark.parametrize(("limit", "received"), [(2, 2), (1, 1), (0, 0), (-1, 0)])
    def test_hand_out_at_most_the_limit(self, lanes: Lanes, limit: int, received: int) -> None:
        """No more messages come than were asked for."""
        lanes.send([ONE, TWO, THREE])

        assert received == len(lanes.receive(limit))

    def test_hand_out_again_until_settled(self, lanes: Lanes) -> None:
        """A message that was received and not settled waits on."""
        lanes.send([ONE, TWO, THREE, ODD])
        deliveries = all_visible(lanes)
        lanes.settle(only(deliveries, ONE, THREE))
        lanes.hide(only(deliveries, TWO, ODD), 0)

        assert {TWO, ODD} == waiting(lanes)

    def test_count_tries(self, lanes: Lanes) -> None:
        """A delivery tells how often its message was handed out."""
        lanes.send([ONE])
        first = lanes.receive(1)
        lanes.hide(first, 0)
        second = lanes.receive(1)

        assert [1, 2] == [each.tries for each in (*first, *second)]

    def test_hand_out_nothing_that_is_hidden(self, rig: LanesRig) -> None:
        """A message that is put off comes when its time is over; it blocks no other."""
        rig.lanes.send([ONE, TWO, THREE, ODD])
        deliveries = all_visible(rig.lanes)
        rig.lanes.hide(only(deliveries, ONE, THREE), SOON_S)
        rig.lanes.hide(only(deliveries, TWO, ODD), 0)

        assert {TWO, ODD} == waiting(rig.lanes)
        rig.advance(SOON_S)
        assert {ONE, TWO, THREE, ODD} == waiting_soon(rig, 4)

    def test_hiding_again_extends(self, rig: LanesRig) -> None:
        """The time begins anew with each call, to be longer or to end at once."""
        rig.lanes.send([ONE, THREE])
        deliveries = all_visible(rig.lanes)
        rig.lanes.hide(deliveries, 1)
        rig.lanes.hide(deliveries, LONG_S)
        rig.advance(1.2)
        assert set() == waiting(rig.lanes)

        rig.lanes.hide(deliveries, 0)
        assert {ONE, THREE} == waiting(rig.lanes)

    def test_hiding_what_is_settled_is_nothing(self, lanes: Lanes) -> None:
        """What is off its lane stays off."""
        lanes.send([ONE, THREE])
        deliveries = all_visible(lanes)
        lanes.settle(deliveries)
        lanes.hide(deliveries, 0)

        assert set() == waiting(lanes)

    def test_settling_is_idempotent(self, lanes: Lanes) -> None:
        """Settling twice, at once or later, is nothing."""
        lanes.send([ONE, TWO, THREE])
        deliveries = all_visible(lanes)
        done = only(deliveries, ONE, THREE)
        lanes.settle([*done, *done])
        lanes.settle(done)
        lanes.hide(only(deliveries, TWO), 0)

        assert {TWO} == waiting(lanes)

    def test_sending_settling_and_hiding_nothing_is_nothing(self, lanes: Lanes) -> None:
        """Empty calls leave the lanes alone."""
        lanes.send([ONE])
        lanes.send([])
        lanes.settle([])
        lanes.hide([], LONG_S)

        assert {ONE} == waiting(lanes)

    @pytest.mark.parametrize("first", [ONE, THREE])
    def test_queue_the_next_attempt_of_a_settled_part(
        self, lanes: Lanes, first: LaneMessage
    ) -> None:
        """A part that is sent again at once, as a redrive does, is not taken for the first."""
        again = evolve(first, attempt=2)
        lanes.send([first])
        lanes.settle(all_visible(lanes))
        lanes.send([again])

        assert {again} == waiting(lanes)

    @pytest.mark.parametrize("first", [ONE, THREE])
    def test_queue_the_next_attempt_of_a_waiting_part(
        self, lanes: Lanes, first: LaneMessage
    ) -> None:
        """The newest attempt of a part is handed out; an older one may be, too."""
        again = evolve(first, attempt=2)
        lanes.send([first])
        lanes.send([again])

        assert again in waiting(lanes)

    def test_keep_messages(self, open_lanes: Callable[[], LanesRig]) -> None:
        """Another handle sees what was sent, and can do without what was settled or hidden."""
        first = open_lanes().lanes
        first.send([ONE, TWO, THREE])
        deliveries = all_visible(first)
        first.settle(only(deliveries, ONE))
        first.hide(only(deliveries, TWO), LONG_S)
        first.hide(only(deliveries, THREE), 0)

        assert {THREE} == waiting(open_lanes().lanes)

    def test_racing_senders_lose_nothing(self, open_lanes: Callable[[], LanesRig]) -> None:
        """Messages sent at once all wait."""
        handles = [open_lanes().lanes for _ in range(4)]
        sent = [[ONE, message(f"own-{n}")] for n in range(4)]

        raced([partial(h.send, messages) for h, messages in zip(handles, sent, strict=True)])

        assert {m for messages in sent for m in messages} == waiting(handles[0])

    def test_racing_workers_lose_nothing(self, open_lanes: Callable[[], LanesRig]) -> None:
        """Between them, workers are handed every message, and settle all."""
        sent = {message(str(n), "moving" if n % 2 else "idle") for n in range(20)}
        workers = [open_lanes().lanes for _ in range(3)]
        workers[0].send(list(sent))

        def work(lanes: Lanes) -> set[LaneMessage]:
            done: set[LaneMessage] = set()
            while deliveries := lanes.receive(3):
                lanes.settle(deliveries)
                done |= {each.message for each in deliveries}
            return done

        done = raced([partial(work, lanes) for lanes in workers])

        assert sent == set().union(*(each for each in done if isinstance(each, set)))
        assert set() == waiting(workers[0])

    def test_a_moving_message_passes_all_idle_ones(self, lanes: Lanes) -> None:
        """It is in the next receive, of however few places."""
        assert_passes(lanes, idle=100)

    def test_a_stream_of_moving_messages_starves_no_idle_one(self, lanes: Lanes) -> None:
        """Each receive serves both lanes, though more moving messages come than are served."""
        lanes.send([message(f"i{n}", "idle") for n in range(6)])
        served: list[Lane] = []
        for turn in range(3):
            lanes.send([message(f"m{turn}-{n}") for n in range(8)])
            deliveries = lanes.receive(4)
            served += lanes_of(deliveries)
            lanes.settle(deliveries)

        assert 3 * idle_places(4) == served.count("idle")
        assert 3 * (4 - idle_places(4)) == served.count("moving")
