"""`fleetcore listen` and a real broker: all that is acknowledged is in the log, once."""

from __future__ import annotations

import os
import random
import resource
import signal
import ssl
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

import pytest
from tests.standins.certificate import issued, self_signed
from tests.standins.mosquitto import password_program, running_mosquitto, tls
from tests.standins.mqtt_publisher import Publisher
from tests.standins.server import LOOPBACK, Endpoint, free_port
from tests.system.live import Listening, Vehicles, listening, message, numbers_in, opened

pytestmark = pytest.mark.system

KILLS: Final = 20
PER_S: Final = 1_000
SAVING: Final = ("autosave_on_changes true", "autosave_interval 100")
"""A broker that saves what it holds whenever that changed so often."""

HOSTILE: Final = (
    b"",
    b"{",
    b"null",
    b'"v1"',
    b"\xff\xfe{\x00}\x00",
    b"\x00" * 100,
    b"[" * 100_000,
    b'{"vehicle_id": "v1", "observed_at": ' + b"9" * 5_000 + b"}",
    b'{"vehicle_id": "v1", "observed_at": "yesterday", "latitude": 1, "longitude": 2}',
    b'{"vehicle_id": {"a": []}, "observed_at": true, "latitude": [], "longitude": {}}',
    b'{"vehicle_id": "v1", "observed_at": 1700000000000, "latitude": NaN, "longitude": 1e999}',
    b'{"vehicle_id": "v1", "observed_at": 4102444800000, "latitude": 1, "longitude": 2}',
    b'{"vehicle_id": "v1", "observed_at": 1700000000000, "latitude": 91, "longitude": 2}',
    b"x" * 300_000,
)
"""None of them is a report that can be taken in."""


@pytest.fixture(name="broker")
def _broker() -> Iterator[Endpoint]:
    """A broker that lives as long as the test."""
    with running_mosquitto() as endpoint:
        yield endpoint


def is_idle(said: Mapping[str, Any]) -> bool:
    """Whether something came, and for a second nothing more."""
    return bool(said["received"] != 0 and said["rate_per_s"] == 0)


def has_stored(count: int) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a listener has stored so many."""
    return lambda said: bool(said["stored"] >= count)


def publish(port: int, *numbers: int) -> None:
    """Publish reports; the broker has acknowledged them when it returns."""
    with Publisher(port, "publisher") as publisher:
        publisher.send(map(message, numbers))
        publisher.settle()


def test_everything_published_is_in_the_log_once(broker: Endpoint, tmp_path: Path) -> None:
    """Also what is published twice; the counts of the listener say so."""
    with listening(tmp_path, broker.port) as listener:
        publish(broker.port, *range(3_000), *range(100))
        listener.until(lambda said: said["received"] == 3_100)
        assert 0 == listener.stop()

    assert Counter(range(3_000)) == numbers_in(tmp_path)
    said = listener.last
    assert (True, 3_100, 3_000) == (said["done"], said["read"], said["stored"])
    assert 100 == said["duplicate"] + said["already_stored"]
    assert {0} == {said[each] for each in ("conflicting", "rejected", "malformed")}


def test_what_cannot_be_taken_in_is_kept_with_its_bytes(broker: Endpoint, tmp_path: Path) -> None:
    """Whatever the bytes: the listener goes on, and what came with them is stored."""
    with listening(tmp_path, broker.port) as listener:
        with Publisher(broker.port, "hostile") as publisher:
            publisher.send([("fleet/odd \u00fc", payload) for payload in HOSTILE])
            publisher.send([message(7)])
            publisher.settle()
        listener.until(lambda said: said["received"] == len(HOSTILE) + 1)
        assert 0 == listener.stop()

    assert {7: 1} == numbers_in(tmp_path)
    assert len(HOSTILE) == listener.last["rejected"] + listener.last["malformed"]
    with opened(tmp_path) as live:
        dead = live.dead_messages.read()
    assert list(HOSTILE) == [each.message.payload for each in dead]
    assert {"fleet/odd \u00fc"} == {each.message.topic for each in dead}
    assert all(each.reasons for each in dead)


def test_a_topic_may_tell_of_riders(broker: Endpoint, tmp_path: Path) -> None:
    """They are kept; what tells of none is a dead message."""
    with listening(tmp_path, broker.port, "--of", "rider") as listener:
        with Publisher(broker.port, "riders") as publisher:
            rider = b'{"rider_id": "r1", "latitude": 52.5, "longitude": 13.4}'
            publisher.send([("fleet/riders", rider), ("fleet/riders", b"{")])
            publisher.settle()
        listener.until(lambda said: said["received"] == 2)
        assert 0 == listener.stop()

    assert (1, 1) == (listener.last["stored"], listener.last["malformed"])
    with opened(tmp_path) as live:
        assert [b"{"] == [each.message.payload for each in live.dead_messages.read()]


def test_what_comes_while_no_listener_runs_is_taken_in_later(
    broker: Endpoint, tmp_path: Path
) -> None:
    """The broker keeps it for the same listener, and sends it when it is back."""
    with listening(tmp_path, broker.port) as listener:
        assert 0 == listener.stop()
    publish(broker.port, *range(2_000))
    with listening(tmp_path, broker.port) as listener:
        listener.until(lambda said: said["stored"] == 2_000)
        assert 0 == listener.stop()

    assert Counter(range(2_000)) == numbers_in(tmp_path)


def test_a_listener_killed_under_load_loses_and_doubles_nothing(
    broker: Endpoint, tmp_path: Path
) -> None:
    """Twenty times, at random moments, while vehicles publish."""
    chance = random.Random(20240229)
    with listening(tmp_path, broker.port) as listener:
        listener.kill()
    with Vehicles(broker.port, PER_S) as vehicles:
        for _ in range(KILLS):
            with listening(tmp_path, broker.port) as listener:
                with pytest.raises(subprocess.TimeoutExpired):
                    listener.process.wait(chance.uniform(0, 0.3))
                listener.kill()
    with listening(tmp_path, broker.port) as listener:
        publish(broker.port, vehicles.published)
        listener.until(is_idle)
        assert 0 == listener.stop()

    assert Counter(range(vehicles.published + 1)) == numbers_in(tmp_path)


def test_a_broker_killed_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """It comes back with what it saved; vehicles send their last reports again."""
    state = tmp_path / "broker"
    state.mkdir()
    data = tmp_path / "data"
    port = free_port()
    with ExitStack() as stack:
        with running_mosquitto(*SAVING, state=state, port=port) as broker:
            listener = stack.enter_context(listening(data, port))
            vehicles = stack.enter_context(Vehicles(port, PER_S))
            listener.until(lambda said: said["stored"] > PER_S // 2)
            os.kill(broker.pid, signal.SIGKILL)
        for _ in range(2):
            listener.until(lambda said: said["problem"] is not None)
            before = listener.last["stored"]
            with running_mosquitto(*SAVING, state=state, port=port) as broker:
                listener.until(has_stored(before + PER_S // 2))
                os.kill(broker.pid, signal.SIGKILL)
        with running_mosquitto(*SAVING, state=state, port=port):
            vehicles.finish()
            publish(port, vehicles.published)
            listener.until_listening().until(is_idle)
            assert 0 == listener.stop()

    assert Counter(range(vehicles.published + 1)) == numbers_in(data)
    assert listener.err.count("waiting: ") >= 3


def test_two_listeners_share_the_messages_and_the_folder(broker: Endpoint, tmp_path: Path) -> None:
    """Of one group; each message goes to one of them, and all are in the log."""
    shared = ("--group", "store", "--client-id")
    with (
        listening(tmp_path, broker.port, *shared, "store-1") as first,
        listening(tmp_path, broker.port, *shared, "store-2") as second,
        Vehicles(broker.port, PER_S) as vehicles,
    ):
        first.until(has_stored(PER_S))
        second.kill()
        with listening(tmp_path, broker.port, *shared, "store-2") as again:
            again.until(has_stored(PER_S // 4))
            vehicles.finish()
            for each in (first, again):
                each.until(is_idle)
                assert 0 == each.stop()

    assert Counter(range(vehicles.published)) == numbers_in(tmp_path)
    assert min(first.last["stored"], again.last["stored"]) > 0


def test_two_listeners_of_one_client_id_are_told(broker: Endpoint, tmp_path: Path) -> None:
    """They take the session from each other, more and more seldom, and say what to do."""
    with (
        listening(tmp_path / "1", broker.port, "--client-id", "same") as first,
        listening(tmp_path / "2", broker.port, "--client-id", "same"),
    ):
        first.until(lambda said: "--client-id" in (said["problem"] or ""))


def test_asked_to_end_it_takes_in_what_it_has(broker: Endpoint, tmp_path: Path) -> None:
    """What it acknowledged is in the log, and what it did not comes to the next one."""
    with Vehicles(broker.port, PER_S) as vehicles:
        with listening(tmp_path, broker.port) as listener:
            listener.until(lambda said: said["stored"] > PER_S // 2)
            assert 0 == listener.stop()
        stored = numbers_in(tmp_path)
        first = min(stored)
        assert Counter(range(first, first + listener.last["stored"])) == stored
    with listening(tmp_path, broker.port) as listener:
        publish(broker.port, vehicles.published)
        listener.until(is_idle)
        assert 0 == listener.stop()

    assert Counter(range(first, vehicles.published + 1)) == numbers_in(tmp_path)
    # What was acknowledged does not come again.
    assert 0 == listener.last["already_stored"]


def test_a_full_disk_is_told_and_waited_for(broker: Endpoint, tmp_path: Path) -> None:
    """Nothing is acknowledged meanwhile; with space again it goes on and nothing is lost."""
    with listening(tmp_path, broker.port) as listener:
        publish(broker.port, *range(500))
        listener.until(lambda said: said["stored"] == 500)
        pid = listener.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        publish(broker.port, *range(500, 4_000))
        listener.until(lambda said: said["problem"] is not None)
        assert 500 == listener.last["stored"]
        publish(broker.port, *range(4_000, 20_000))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        listener.until(lambda said: said["stored"] == 20_000)
        assert 0 == listener.stop()

    assert Counter(range(20_000)) == numbers_in(tmp_path)
    assert "waiting: " in listener.err


def test_asked_to_end_with_a_full_disk_it_leaves_the_messages_to_the_broker(
    broker: Endpoint, tmp_path: Path
) -> None:
    """It says why it could not take them in; the next listener gets them."""
    with listening(tmp_path, broker.port) as listener:
        pid = listener.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        publish(broker.port, *range(100))
        listener.until(lambda said: said["problem"] is not None)
        assert 1 == listener.stop()
    assert "error [storage-unavailable]" in listener.err

    with listening(tmp_path, broker.port) as listener:
        listener.until(lambda said: said["stored"] == 100)
        assert 0 == listener.stop()


def test_a_certificate_opens_the_door_and_none_does_not(tmp_path: Path) -> None:
    """A broker that wants to know its listeners: with TLS, both sides are checked."""
    server = self_signed(tmp_path)
    client = issued(tmp_path, server)
    trust = ("--ca", server.certificate)
    known = ("--cert", client.certificate, "--key", client.key)
    with running_mosquitto(*tls(server)) as broker:
        url = f"mqtts://{LOOPBACK}:{broker.port}/fleet/#"
        with closing(Listening(tmp_path / "data", url, *trust, *known)) as listener:
            listener.until_listening()
            context = ssl.create_default_context(cafile=server.certificate)
            context.load_cert_chain(client.certificate, client.key)
            with Publisher(broker.port, "publisher", tls=context) as publisher:
                publisher.send(map(message, range(1_000)))
                publisher.settle()
            listener.until(lambda said: said["stored"] == 1_000)
            assert 0 == listener.stop()
        with closing(Listening(tmp_path / "data", url, *trust)) as unknown:
            assert 1 == unknown.ended()
        with closing(Listening(tmp_path / "data", url, *known)) as trusting:
            assert 1 == trusting.ended()

    assert Counter(range(1_000)) == numbers_in(tmp_path / "data")
    assert "error [broker-refused]" in unknown.err
    assert "--cert" in unknown.err
    assert "error [broker-refused]" in trusting.err
    assert "--ca" in trusting.err


def test_a_wrong_password_is_told_at_once(tmp_path: Path) -> None:
    """And the right one lets it in."""
    passwords, right, wrong = (tmp_path / name for name in ("passwords", "right", "wrong"))
    words = ["-c", "-b", str(passwords), "tracker", "open sesame"]
    subprocess.run([password_program(), *words], check=True, capture_output=True)
    right.write_text("open sesame\n", encoding="utf-8")
    wrong.write_text("open, says me\n", encoding="utf-8")
    with running_mosquitto("allow_anonymous false", f"password_file {passwords}") as broker:
        url = f"mqtt://tracker@{LOOPBACK}:{broker.port}/fleet/#"
        with closing(Listening(tmp_path / "data", url, "--password-file", wrong)) as refused:
            assert 1 == refused.ended()
        with closing(Listening(tmp_path / "data", url, "--password-file", right)) as listener:
            assert 0 == listener.until_listening().stop()

    assert "error [broker-refused]" in refused.err
    assert "--password-file" in refused.err


def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """It says so on stderr, and listens when the broker is there."""
    port = free_port()
    url = f"mqtt://{LOOPBACK}:{port}/fleet/#"
    with closing(Listening(tmp_path, url)) as listener:
        listener.until(lambda said: said["problem"] is not None)
        with running_mosquitto(port=port):
            listener.until_listening()
            assert 0 == listener.stop()

    assert "Connection refused" in listener.err
    assert "Traceback" not in listener.err
