"""A publisher of MQTT that costs next to nothing, and knows what the broker acknowledged."""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from tests.standins.server import LOOPBACK

CONNACK_BYTES: Final = 4
PUBACK_BYTES: Final = 4
MOST_IDS: Final = 0xFFFF
TIMEOUT_S: Final = 30.0


def encoded(topic: str, payload: bytes, identifier: int) -> bytes:
    """A PUBLISH packet; QoS 0 for the identifier 0, else QoS 1."""
    name = topic.encode()
    head = struct.pack("!H", len(name)) + name
    if identifier:
        head += struct.pack("!H", identifier)
    length = len(head) + len(payload)
    kind = b"\x32" if identifier else b"\x30"
    return kind + _length(length) + head + payload


def _length(length: int) -> bytes:
    out = bytearray()
    while True:
        length, low = divmod(length, 128)
        out.append(low | (128 if length else 0))
        if not length:
            return bytes(out)


class Publisher:
    """One connection, MQTT 3.1.1, whose broker acknowledges in the order of sending.

    So of all that was `sent` the first `acknowledged` messages are the broker's. Raises `OSError`
    where the broker goes away.
    """

    def __init__(
        self, port: int, client_id: str, *, window: int = 20_000, tls: ssl.SSLContext | None = None
    ) -> None:
        self.sent = 0
        self.acknowledged = 0
        self._window = window
        self._half = 0
        plain = socket.create_connection((LOOPBACK, port), timeout=TIMEOUT_S)
        self._socket = plain if tls is None else tls.wrap_socket(plain, server_hostname=LOOPBACK)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = client_id.encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack("!H", len(name)) + name
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        answer = self._received(CONNACK_BYTES)
        if answer[3]:
            raise ConnectionRefusedError(f"the broker refused: {answer[3]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._socket.close()

    def send(self, messages: Iterable[tuple[str, bytes]], qos: int = 1) -> None:
        """Send messages, by topic, in one go; it waits where too many are not acknowledged."""
        packets = []
        for topic, payload in messages:
            self.sent += qos
            packets.append(encoded(topic, payload, qos and 1 + self.sent % MOST_IDS))
        self._socket.sendall(b"".join(packets))
        while self.sent - self.acknowledged > self._window:
            self._take(wait_s=TIMEOUT_S)
        self._take(wait_s=0)

    def settle(self) -> None:
        """Wait until everything is acknowledged."""
        while self.acknowledged < self.sent:
            self._take(wait_s=TIMEOUT_S)

    def _take(self, wait_s: float) -> None:
        """Count the acknowledgements that have come."""
        while select.select([self._socket], [], [], wait_s)[0]:
            came = self._socket.recv(1 << 16)
            if not came:
                raise ConnectionResetError("the broker closed the connection")
            acknowledged, self._half = divmod(self._half + len(came), PUBACK_BYTES)
            self.acknowledged += acknowledged
            wait_s = 0

    def _received(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            came = self._socket.recv(size - len(found))
            if not came:
                raise ConnectionResetError("the broker closed the connection")
            found += came
        return found
