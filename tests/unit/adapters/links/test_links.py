"""Links between regions: who may ask, what a fault does, and what strangers cannot do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest
from tests.regions import LOOPBACK, MemoryRegion, fact, forged, linked, memory_region

from fleetcore.application.hosting import HostedRegion
from fleetcore.domain.digests import Digest
from fleetcore.errors import InvalidConfiguration, RegionUnreachable, StorageUnavailable
from fleetcore_adapters.links import channel, client, operations, server
from fleetcore_adapters.links.addresses import Address, address_of
from fleetcore_adapters.links.channel import MAGIC, Channel
from fleetcore_adapters.links.client import LinkedRegion
from fleetcore_adapters.links.columns import Malformed
from fleetcore_adapters.links.server import RegionServer

SECRET: Final = b"secret"
PATIENCE_S: Final = 5.0


@pytest.fixture(name="held")
def _held() -> MemoryRegion:
    held = memory_region("north")
    held.take_in([fact()])
    return held


@pytest.fixture(name="serving")
def _serving(held: MemoryRegion) -> Iterator[RegionServer]:
    with RegionServer(held.region, LOOPBACK, SECRET, held.links.are_cut) as serving:
        yield serving


def asking(serving: RegionServer, name: str = "north", secret: bytes = SECRET) -> LinkedRegion:
    """A client of the server."""
    return LinkedRegion(name, serving.address, secret, timeout_s=PATIENCE_S)


def connected(serving: RegionServer) -> socket.socket:
    """A bare connection."""
    connection = socket.create_connection((serving.address.host, serving.address.port))
    connection.settimeout(PATIENCE_S)
    return connection


def is_ended(connection: socket.socket) -> bool:
    """Whether the server ends a connection, after whatever it still says."""
    try:
        while connection.recv(1 << 12):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_region_that_is_not_there_is_unreachable() -> None:
    """Nobody listens: the error says where, and what to look at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(RegionUnreachable, match=f"127.0.0.1:{port}.*is it running"):
        LinkedRegion("north", Address("127.0.0.1", port)).digest()


def test_a_region_that_never_answers_is_given_up() -> None:
    """Silence lasts as long as the time-out, and no longer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = Address("127.0.0.1", silent.getsockname()[1])
        began = time.monotonic()
        with pytest.raises(RegionUnreachable, match=r"in time|timed out"):
            LinkedRegion("north", address, timeout_s=0.2).digest()

    assert time.monotonic() - began < PATIENCE_S


def test_a_log_may_be_read_for_longer(
    serving: RegionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows: an answer from it is waited for longer than one from registers."""
    waits: list[float] = []
    receive = Channel.receive

    def received(channel: Channel, most_bytes: int, timeout_s: float) -> bytes:
        if most_bytes == client.MOST_ANSWER_BYTES:
            waits.append(timeout_s)
        return receive(channel, most_bytes, timeout_s)

    monkeypatch.setattr(Channel, "receive", received)
    with closing(asking(serving)) as region:
        region.digest()
        region.logged(["cab-1"])
        region.batches_since(0, 10)

    assert [client.TIMEOUT_S, *[client.LOG_TIMES * client.TIMEOUT_S] * 2] == waits


def test_drops_of_an_answer_do_not_keep_anybody_waiting(held: MemoryRegion) -> None:
    """The time-out is of the whole answer, not of its next byte."""

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(MAGIC[:1])
                    time.sleep(0.05)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        address = Address("127.0.0.1", listener.getsockname()[1])
        with pytest.raises(RegionUnreachable):
            LinkedRegion("north", address, timeout_s=0.3).digest()
        thread.join()


def test_another_secret_is_refused(serving: RegionServer) -> None:
    """Neither side takes the other for a region."""
    with pytest.raises(RegionUnreachable, match="same secret"):
        asking(serving, secret=b"another").digest()


def test_another_region_is_refused(serving: RegionServer) -> None:
    """Addresses that were mixed up are noticed."""
    with pytest.raises(RegionUnreachable, match="is called 'north'"):
        asking(serving, "south").digest()


def test_a_cut_region_answers_nobody(serving: RegionServer, held: MemoryRegion) -> None:
    """Neither those who are connected nor those who come; healed, it answers both."""
    with closing(asking(serving)) as before:
        before.digest()
        held.links.cut(True)
        for region in (before, asking(serving)):
            with pytest.raises(RegionUnreachable):
                region.digest()
        held.links.cut(False)

        assert held.registers.digest().buckets == before.digest().buckets


def test_a_server_that_came_back_is_asked_again(held: MemoryRegion) -> None:
    """The client notices that its connection has ended, and makes another."""
    with RegionServer(held.region, LOOPBACK, SECRET) as first:
        address = first.address
        region = asking(first)
        region.digest()
    with pytest.raises(RegionUnreachable):
        region.digest()
    with RegionServer(held.region, address, SECRET), closing(region):
        assert held.registers.digest().buckets == region.digest().buckets


def test_an_ended_connection_is_made_again_at_once(
    held: MemoryRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server ends idle connections; nobody who asks notices."""
    monkeypatch.setattr(server, "QUESTION_S", 0.05)
    with RegionServer(held.region, LOOPBACK, SECRET) as serving, closing(asking(serving)) as region:
        region.digest()
        exchanged = region.exchanged
        while serving._connections:
            time.sleep(0.01)

        assert held.registers.digest().buckets == region.digest().buckets
        assert region.exchanged > exchanged


def test_bytes_are_counted(serving: RegionServer) -> None:
    """All that is sent and received, greetings included, over every connection."""
    with closing(asking(serving)) as region:
        assert region.exchanged == 0
        region.digest()
        first = region.exchanged
        region.close()
        assert first == region.exchanged > 2 * channel.GREETING_BYTES
        region.digest()
        assert 2 * first == region.exchanged


def test_what_a_region_cannot_do_is_told() -> None:
    """Its error comes as unreachable, with its words; the connection lives on."""

    class Full(HostedRegion):
        def digest(self) -> Digest:
            raise StorageUnavailable("no space left")

        def recount(self, part: int, parts: int) -> object:  # type: ignore[override]
            raise ZeroDivisionError

    held = memory_region("north")
    full = Full(
        "north",
        registers=held.registers,
        log=held.log,
        history=held.log,
        engine=held.region._engine,
    )
    with linked([full]) as (region,):
        with pytest.raises(RegionUnreachable, match="no space left"):
            region.digest()
        with pytest.raises(RegionUnreachable, match="unexpected ZeroDivisionError"):
            region.recount(0, 1)

        assert () == region.read(["cab-1"])


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: north\r\n\r\n" + b" " * 32,
        b"\x00" * 4096,
        MAGIC + b"n" * 16 + b"s" * 16,
        MAGIC + b"n" * 16 + b"s" * 16 + b"\xff\xff\xff\xff" * 100,
    ],
)
def test_strangers_end_their_own_connection(
    serving: RegionServer, held: MemoryRegion, said: bytes
) -> None:
    """What is no greeting, or is signed by nobody, is answered with the end; others go on."""
    with connected(serving) as stranger, closing(asking(serving)) as region:
        stranger.sendall(said)

        assert is_ended(stranger)
        assert held.registers.digest().buckets == region.digest().buckets


def test_a_stranger_who_says_nothing_is_not_waited_for(
    held: MemoryRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without a greeting ends by itself."""
    monkeypatch.setattr(server, "GREETING_S", 0.05)
    with RegionServer(held.region, LOOPBACK, SECRET) as serving, connected(serving) as stranger:
        assert is_ended(stranger)


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"\xff" * 12,
        operations.LEAVES.asking([1]) + b"\x00",
        bytes([operations.LEAVES.number]) + b"\x01\x04\xff\xff\xff\xff",
        bytes([operations.MEND.number]) + b"\x03abc",
        bytes([operations.RECOUNT.number]) + b"\x05\x02",
    ],
)
def test_a_malformed_question_ends_its_connection(
    serving: RegionServer, held: MemoryRegion, question: bytes
) -> None:
    """Even of one who knows the secret; nothing is carried out."""
    with connected(serving) as connection, closing(asking(serving)) as region:
        speaking = Channel(connection, SECRET, "client", PATIENCE_S)
        speaking.receive(1 << 10, PATIENCE_S)
        speaking.send(question, PATIENCE_S)

        assert is_ended(connection)
        assert held.registers.digest().buckets == region.digest().buckets


def test_an_unknown_question_is_refused(serving: RegionServer) -> None:
    """A newer region may ask what this one does not know."""
    with connected(serving) as connection:
        speaking = Channel(connection, SECRET, "client", PATIENCE_S)
        speaking.receive(1 << 10, PATIENCE_S)
        speaking.send(b"\x7f", PATIENCE_S)

        assert speaking.receive(1 << 10, PATIENCE_S).startswith(client.REFUSED)


def test_a_question_beyond_the_limit_is_not_read(
    held: MemoryRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its length alone ends the connection."""
    monkeypatch.setattr(server, "MOST_QUESTION_BYTES", 100)
    with RegionServer(held.region, LOOPBACK, SECRET) as serving, closing(asking(serving)) as region:
        assert 1 == len(region.read(["cab-1"]))
        with pytest.raises(RegionUnreachable):
            region.read([f"cab-{n}" for n in range(1_000)])

        assert 1 == len(region.read(["cab-1"]))


def test_an_answer_beyond_the_limit_is_refused(
    held: MemoryRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked is told to ask for less."""
    monkeypatch.setattr(server, "MOST_ANSWER_BYTES", 10)
    with (
        RegionServer(held.region, LOOPBACK, SECRET) as serving,
        closing(asking(serving)) as region,
        pytest.raises(RegionUnreachable, match="ask for less"),
    ):
        region.read(["cab-1"])


def test_connections_have_a_limit(held: MemoryRegion, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond it are turned away; when one ends there is room again."""
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 1)
    with RegionServer(held.region, LOOPBACK, SECRET) as serving:
        first, second = asking(serving), asking(serving)
        first.digest()
        with pytest.raises(RegionUnreachable):
            second.digest()
        first.close()
        while serving._connections:
            time.sleep(0.01)

        assert held.registers.digest().buckets == second.digest().buckets
        second.close()


class Tampered(socket.socket):
    """Flips a bit of what is sent, from the second frame on."""

    frames = 0

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        self.frames += 1
        if self.frames > 2:
            data = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
        super().sendall(data, flags)


def test_what_was_changed_on_the_way_is_refused(serving: RegionServer, held: MemoryRegion) -> None:
    """A frame whose signature is not its own ends the connection, and nothing is carried out."""
    newer = fact("cab-1", 9)
    with Tampered() as connection:
        connection.connect((serving.address.host, serving.address.port))
        speaking = Channel(connection, SECRET, "client", PATIENCE_S)
        speaking.receive(1 << 10, PATIENCE_S)
        speaking.send(operations.MEND.asking(([newer], "consistency-1")), PATIENCE_S)

        assert is_ended(connection)
    assert (fact(),) == held.registers.read(["cab-1"])


def test_a_frame_cannot_be_sent_twice(serving: RegionServer, held: MemoryRegion) -> None:
    """Its signature is of its place in this connection."""
    sent: list[bytes] = []

    class Recording(socket.socket):
        def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
            sent.append(data)
            super().sendall(data, flags)

    with Recording() as connection:
        connection.connect((serving.address.host, serving.address.port))
        speaking = Channel(connection, SECRET, "client", PATIENCE_S)
        speaking.receive(1 << 10, PATIENCE_S)
        speaking.send(operations.DIGEST.asking(None), PATIENCE_S)
        assert speaking.receive(1 << 20, PATIENCE_S).startswith(client.ANSWERED)
        connection.sendall(sent[-1])

        assert is_ended(connection)


def test_others_are_kept_out_by_a_secret_or_by_loopback(held: MemoryRegion) -> None:
    """Without a secret a region neither listens to the network nor asks it."""
    with pytest.raises(InvalidConfiguration, match="FLEETCORE_LINK_SECRET"):
        RegionServer(held.region, Address("0.0.0.0", 0))
    with pytest.raises(InvalidConfiguration, match="FLEETCORE_LINK_SECRET"):
        LinkedRegion("north", Address("fleet.example", 7301))
    RegionServer(held.region, Address("127.0.0.1", 0)).close()


def test_a_taken_address_is_told(serving: RegionServer, held: MemoryRegion) -> None:
    """Which region, which address, and why."""
    with pytest.raises(StorageUnavailable, match=f"'north' cannot listen at {serving.address}"):
        RegionServer(held.region, serving.address, SECRET)


@pytest.mark.parametrize(
    ("text", "expected", "loopback"),
    [
        ("127.0.0.1:7301", Address("127.0.0.1", 7301), True),
        ("[::1]:0", Address("::1", 0), True),
        ("localhost:1", Address("localhost", 1), True),
        ("10.0.0.7:65535", Address("10.0.0.7", 65535), False),
        ("eu.example:80", Address("eu.example", 80), False),
    ],
)
def test_addresses_are_read(text: str, expected: Address, loopback: bool) -> None:
    """And printed as they are written."""
    assert (expected, loopback, text) == (
        (read := address_of(text)),
        read.is_loopback,
        str(expected),
    )


@pytest.mark.parametrize("text", ["", ":1", "host", "host:", "host:x", "host:65536", "host:-1"])
def test_what_is_no_address_is_told(text: str) -> None:
    """With the form it should have."""
    with pytest.raises(InvalidConfiguration, match="HOST:PORT"):
        address_of(text)


def test_a_forged_fact_does_not_pass(serving: RegionServer, held: MemoryRegion) -> None:
    """The other side checks again what is mended."""
    with closing(asking(serving)) as region:
        assert 0 == region.mend([forged(fact("cab-9"))], "consistency-1")
    assert () == held.registers.read(["cab-9"])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionResetError(104, "reset"), "it ended the connection"),
        (BrokenPipeError(32, "broken pipe"), "it ended the connection"),
        (ConnectionAbortedError(), "it ended the connection"),
        (ConnectionRefusedError(111, "refused"), "nobody listens there"),
        (TimeoutError("no answer in time"), "no answer in time"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
        (Malformed("a signature is wrong"), "a signature is wrong"),
        (OSError(), ""),
    ],
)
def test_every_fault_of_a_socket_is_unreachable(
    held: MemoryRegion, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    """The translation is total, and says the same of the same."""

    def broken(_self: LinkedRegion) -> Channel:
        raise error

    monkeypatch.setattr(LinkedRegion, "_connected", broken)
    region = LinkedRegion("north", Address("127.0.0.1", 1))

    with pytest.raises(RegionUnreachable, match=f"127.0.0.1:1: {said}; is it running"):
        region.digest()
