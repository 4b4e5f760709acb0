"""A connection between two regions that share a secret: frames, signed and in order.

    client: magic, nonce         ->
           <- server: magic, nonce, signature of both nonces
    client: signature of both    ->
    then frames either way: length (4 bytes), content, signature

The signatures are HMAC-SHA256 (RFC 2104), cut to 16 bytes; those of frames are made with a key of
this connection and cover direction and number, so that none can be forged, repeated, dropped or
sent back. Contents are not encrypted. Before the other side has signed, only messages of fixed
length are read. Every method raises `OSError`, or `Malformed` for what is no such frame.
"""

from __future__ import annotations

import hmac
import os
import socket
import struct
import time
from typing import Final, Literal

from fleetcore_adapters.links.columns import Malformed

MAGIC: Final = b"fleetcore-link-1"
NONCE_BYTES: Final = 16
SIGNATURE_BYTES: Final = 16
GREETING_BYTES: Final = len(MAGIC) + NONCE_BYTES

_LENGTH: Final = struct.Struct(">I")


class Channel:
    """One side of a connection, after the other side has shown that it knows the secret.

    `exchanged` counts the bytes sent and received, greetings included.
    """

    def __init__(
        self,
        connection: socket.socket,
        secret: bytes,
        side: Literal["client", "server"],
        timeout_s: float,
    ) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + timeout_s
        self.exchanged = 0
        own = os.urandom(NONCE_BYTES)
        if side == "client":
            self._send(MAGIC + own)
            nonces = own + self._greeted()
            _check(self._receive(SIGNATURE_BYTES), _signed(secret, b"server", nonces))
            self._send(_signed(secret, b"client", nonces))
        else:
            nonces = self._greeted() + own
            self._send(MAGIC + own + _signed(secret, b"server", nonces))
            _check(self._receive(SIGNATURE_BYTES), _signed(secret, b"client", nonces))
        self._key = hmac.digest(secret, b"key" + nonces, "sha256")
        self._sends, self._receives = (b"c", b"s") if side == "client" else (b"s", b"c")
        self._sent = self._received = 0

    def send(self, content: bytes, timeout_s: float) -> None:
        """Send a frame."""
        self._deadline = time.monotonic() + timeout_s
        signature = self._signature(self._sends, self._sent, content)
        self._sent += 1
        self._send(_LENGTH.pack(len(content)) + content + signature)

    def receive(self, most_bytes: int, timeout_s: float) -> bytes:
        """The next frame, of at most so many bytes."""
        self._deadline = time.monotonic() + timeout_s
        (length,) = _LENGTH.unpack(self._receive(_LENGTH.size))
        if length > most_bytes:
            raise Malformed(f"a frame of {length} bytes; {most_bytes} is the most")
        content = self._receive(length)
        _check(
            self._receive(SIGNATURE_BYTES),
            self._signature(self._receives, self._received, content),
        )
        self._received += 1
        return content

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _greeted(self) -> bytes:
        greeting = self._receive(GREETING_BYTES)
        if not greeting.startswith(MAGIC):
            raise Malformed("the other side does not speak as a region does")
        return greeting[len(MAGIC) :]

    def _signature(self, direction: bytes, number: int, content: bytes) -> bytes:
        return _signed(self._key, direction, number.to_bytes(8, "big") + content)

    def _send(self, content: bytes) -> None:
        self._connection.settimeout(self._left_s())
        self._connection.sendall(content)
        self.exchanged += len(content)

    def _receive(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            self._connection.settimeout(self._left_s())
            some = self._connection.recv(min(size - len(received), 1 << 16))
            if not some:
                raise ConnectionResetError("the other side ended the connection")
            received += some
        self.exchanged += size
        return bytes(received)

    def _left_s(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left


def _signed(key: bytes, what: bytes, content: bytes) -> bytes:
    return hmac.digest(key, what + content, "sha256")[:SIGNATURE_BYTES]


def _check(given: bytes, expected: bytes) -> None:
    if not hmac.compare_digest(given, expected):
        raise Malformed("a signature is wrong; do both regions have the same secret?")
