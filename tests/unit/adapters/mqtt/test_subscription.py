"""A subscription byte by byte: what it asks for, what it acknowledges, and what it gives up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.adapters.mqtt.scripted_broker import (
    NOW_MS,
    ScriptedBroker,
    payloads,
    pump,
)

from fleetcore.domain.messages import Message
from fleetcore.errors import BrokerRefused
from fleetcore_adapters.mqtt import subscription as module
from fleetcore_adapters.mqtt.subscription import Subscription


@pytest.fixture(name="broker")
def _broker() -> Iterator[ScriptedBroker]:
    """A broker that waits for a connection."""
    with ScriptedBroker() as broker:
        yield broker


@pytest.fixture(name="subscribed")
def _subscribed(broker: ScriptedBroker) -> Subscription:
    """A subscription that the broker took."""
    subscription = broker.subscription()
    broker.accept(subscription)
    broker.subscribe(subscription)
    assert [] == payloads(subscription)
    assert subscription.problem is None
    return subscription


def test_it_asks_for_its_session_and_no_more_than_it_can_hold(broker: ScriptedBroker) -> None:
    """MQTT 5, no clean start, a session of a week, 100 messages ahead, packets up to 1 MiB."""
    asked = broker.accept(broker.subscription(in_flight=100))

    assert b"\x00\x04MQTT\x05\x00" == asked[:8]
    assert b"\x11" + (7 * 86_400).to_bytes(4, "big") in asked
    assert b"\x21" + (100).to_bytes(2, "big") in asked
    assert b"\x27" + (1 << 20).to_bytes(4, "big") in asked


@pytest.mark.parametrize(("group", "topic"), [(None, b"t/#"), ("store", b"$share/store/t/#")])
def test_it_subscribes_at_qos_1(broker: ScriptedBroker, group: str | None, topic: bytes) -> None:
    """By its group, if it has one; retained messages only where it is new."""
    subscription = broker.subscription(group=group)
    broker.accept(subscription)

    assert broker.subscribe(subscription).endswith(topic + b"\x11")


def test_it_acknowledges_what_was_received_in_order(
    broker: ScriptedBroker, subscribed: Subscription
) -> None:
    """And nothing before, nor what was not handed out yet."""
    for identifier in (5, 3, 9, 4):
        broker.publish(identifier, b"%d" % identifier)
    assert [b"5", b"3", b"9"] == payloads(subscribed, limit=3)
    subscribed.acknowledge()
    subscribed.acknowledge()
    subscribed.close()

    assert [5, 3, 9] == broker.acknowledged()


def test_it_acknowledges_nothing_by_itself(
    broker: ScriptedBroker, subscribed: Subscription
) -> None:
    """Not even where it leaves."""
    broker.publish(1, b"a")
    assert [b"a"] == payloads(subscribed)
    subscribed.close()

    assert [] == broker.acknowledged()


def test_a_message_is_told_with_topic_bytes_and_time(
    broker: ScriptedBroker, subscribed: Subscription
) -> None:
    """Whatever the bytes; a topic that is no UTF-8 is none."""
    broker.publish(1, b"\xff\x00", "t/\u00fc".encode())
    broker.publish(2, b"", b"t/\xff")

    assert (
        Message(topic="t/\u00fc", payload=b"\xff\x00", received_at_ms=NOW_MS),
        Message(topic="", payload=b"", received_at_ms=NOW_MS),
    ) == pump(subscribed)


def test_an_acknowledgement_never_reaches_another_connection(
    broker: ScriptedBroker, subscribed: Subscription
) -> None:
    """Where its identifier may be that of a message that was not taken in."""
    broker.publish(1, b"old")
    broker.publish(2, b"older")
    assert [b"old"] == payloads(subscribed, limit=1)
    broker.hang_up()
    broker.accept(subscribed)
    broker.subscribe(subscribed)
    broker.publish(1, b"new")
    pump(subscribed, limit=1)
    subscribed.acknowledge()
    assert [b"new"] == payloads(subscribed)
    subscribed.close()

    assert [] == broker.acknowledged()


def test_what_came_again_is_acknowledged(broker: ScriptedBroker, subscribed: Subscription) -> None:
    """The new connection's messages are its own."""
    broker.publish(1, b"a")
    assert [b"a"] == payloads(subscribed)
    broker.hang_up()
    broker.accept(subscribed)
    broker.subscribe(subscribed)
    broker.publish(1, b"a")
    assert [b"a"] == payloads(subscribed)
    subscribed.acknowledge()
    subscribed.close()

    assert [1] == broker.acknowledged()


def test_a_forgotten_session_is_counted(broker: ScriptedBroker, subscribed: Subscription) -> None:
    """Not the first one, which is new, nor one that the broker still has."""
    for knows_session in (True, False, True):
        broker.hang_up()
        broker.accept(subscribed, knows_session=knows_session)
        broker.subscribe(subscribed)
        assert [] == payloads(subscribed)

    assert 1 == subscribed.sessions_lost


def test_it_holds_only_so_many_bytes(
    broker: ScriptedBroker, subscribed: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is more stays with the broker until there is room; pausing reads no more either."""
    monkeypatch.setattr(module, "MOST_BYTES_IN_HAND", 100)
    for number in range(6):
        broker.publish(1 + number, bytes(50))
    subscribed.pause(0.1)

    assert 2 == len(subscribed._waiting)
    assert 6 == sum(len(payloads(subscribed)) for _ in range(3))


@pytest.mark.parametrize(
    ("code", "advice"), [(0x86, "--password-file"), (0x87, "--password-file"), (0x85, "client id")]
)
def test_a_refused_connection_is_final(broker: ScriptedBroker, code: int, advice: str) -> None:
    """With what to do about it."""
    subscription = broker.subscription()
    broker.accept(subscription, code)

    with pytest.raises(BrokerRefused, match=advice):
        pump(subscription)


def test_a_refused_topic_is_final(broker: ScriptedBroker) -> None:
    """The broker lets it in, but not read."""
    subscription = broker.subscription()
    broker.accept(subscription)
    broker.subscribe(subscription, code=0x87)

    with pytest.raises(BrokerRefused, match="access rules"):
        pump(subscription)


def test_a_session_taken_over_is_final(broker: ScriptedBroker, subscribed: Subscription) -> None:
    """Two listeners of one client id would take it from each other for ever."""
    broker.send(b"\xe0\x02\x8e\x00")

    with pytest.raises(BrokerRefused, match="--client-id"):
        pump(subscribed)


def test_a_busy_broker_is_tried_again(broker: ScriptedBroker) -> None:
    """It says so meanwhile."""
    subscription = broker.subscription()
    broker.accept(subscription, 0x89)
    pump(subscription)
    assert "Server busy" in (subscription.problem or "")
    broker.hang_up()
    broker.accept(subscription)
    broker.subscribe(subscription)
    pump(subscription)

    assert subscription.problem is None


def test_a_broker_that_shuts_down_is_tried_again(
    broker: ScriptedBroker, subscribed: Subscription
) -> None:
    """What it sends later is received."""
    broker.send(b"\xe0\x02\x8b\x00")
    pump(subscribed)
    assert "shutting down" in (subscribed.problem or "")
    broker.hang_up()
    broker.accept(subscribed)
    broker.subscribe(subscribed)
    broker.publish(1, b"a")

    assert [b"a"] == payloads(subscribed)


@pytest.mark.parametrize(("sound_after_s", "pause_s"), [(1000.0, 1.6), (0.0, 0.4)])
def test_only_a_sound_connection_ends_the_back_off(
    broker: ScriptedBroker,
    monkeypatch: pytest.MonkeyPatch,
    sound_after_s: float,
    pause_s: float,
) -> None:
    """Those that break at once are made more and more seldom, and it says what that may be."""
    monkeypatch.setattr(module, "SOUND_AFTER_S", sound_after_s)
    subscription = broker.subscription()
    for _ in range(2):
        broker.accept(subscription)
        broker.subscribe(subscription)
        pump(subscription)
        broker.hang_up()
        pump(subscription)

    assert (sound_after_s > 0) == ("--client-id" in (subscription.problem or ""))
    broker.accept(subscription)
    assert pause_s == pytest.approx(subscription._pause_s)
