"""A broker that says what a test lets it say, byte by byte, in the test's own thread."""

from __future__ import annotations

import socket
import struct
from types import TracebackType
from typing import Final, Self

from tests.standins.server import LOOPBACK

from fleetcore.domain.messages import Message
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.mqtt.address import address_of
from fleetcore_adapters.mqtt.subscription import Login, Subscription

NOW_MS: Final = 1_700_000_000_000
PATIENCE_S: Final = 10.0
MOMENT_S: Final = 0.05
"""For the other end of the loopback."""

CONNECT: Final = 0x10
PUBLISH: Final = 0x32
PUBACK: Final = 0x40
SUBSCRIBE: Final = 0x82
DISCONNECT: Final = 0xE0


class ScriptedBroker:
    """Takes one connection after the other."""

    def __init__(self) -> None:
        self._server = socket.create_server((LOOPBACK, 0))
        self._server.settimeout(PATIENCE_S)
        self._client: socket.socket | None = None
        self._subscriptions: list[Subscription] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for subscription in self._subscriptions:
            subscription.close()
        self.hang_up()
        self._server.close()

    def subscription(self, *, in_flight: int = 100, group: str | None = None) -> Subscription:
        """One that is not connected yet, to the topic `t/#`."""
        port = self._server.getsockname()[1]
        login = Login(client_id="it", group=group)
        address = address_of(f"mqtt://{LOOPBACK}:{port}/t/#")
        made = Subscription(address, login, MemoryClock(NOW_MS), in_flight=in_flight)
        self._subscriptions.append(made)
        return made

    def accept(
        self, subscription: Subscription, code: int = 0, *, knows_session: bool = False
    ) -> bytes:
        """Take a connection and answer it; what it asked for."""
        for _ in range(100):
            subscription.pause(MOMENT_S)
            if subscription._client.socket() is not None:
                break
        self._client, _ = self._server.accept()
        self._client.settimeout(PATIENCE_S)
        asked = self.packet(CONNECT)
        self.send(bytes((0x20, 3, knows_session, code, 0)))
        return asked

    def subscribe(self, subscription: Subscription, code: int = 1) -> bytes:
        """Take its subscription and answer it; what it asked for."""
        subscription.pause(MOMENT_S)
        asked = self.packet(SUBSCRIBE)
        self.send(bytes((0x90, 4, *asked[:2], 0, code)))
        return asked

    def publish(self, identifier: int, payload: bytes, topic: bytes = b"t/1") -> None:
        """Send a message at QoS 1."""
        body = struct.pack("!H", len(topic)) + topic + struct.pack("!HB", identifier, 0) + payload
        length = len(body)
        head = bytearray((PUBLISH,))
        while True:
            length, low = divmod(length, 128)
            head.append(low | (128 if length else 0))
            if not length:
                break
        self.send(bytes(head) + body)

    def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        assert self._client is not None
        self._client.sendall(content)

    def packet(self, kind: int) -> bytes:
        """The next packet, which is of this kind, without its head."""
        head = self._exactly(2)
        assert kind == head[0], head
        length = head[1] & 127
        if head[1] & 128:
            length += self._exactly(1)[0] << 7
        return self._exactly(length)

    def acknowledged(self) -> list[int]:
        """The identifiers acknowledged until the client left."""
        found = []
        while (kind := self._exactly(1)[0]) == PUBACK:
            (length,) = self._exactly(1)
            found.append(struct.unpack("!H", self._exactly(length)[:2])[0])
        assert kind == DISCONNECT
        return found

    def hang_up(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _exactly(self, size: int) -> bytes:
        assert self._client is not None
        found = b""
        while len(found) < size:
            came = self._client.recv(size - len(found))
            assert came, "the client closed the connection"
            found += came
        return found


def pump(subscription: Subscription, limit: int = 1000) -> tuple[Message, ...]:
    """What has come, or comes in a moment."""
    return subscription.receive(limit, wait_s=2 * MOMENT_S, gather_s=MOMENT_S)


def payloads(subscription: Subscription, limit: int = 1000) -> list[bytes]:
    """The payloads that have come."""
    return [message.payload for message in pump(subscription, limit)]
