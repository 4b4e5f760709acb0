"""Answers for a region to others, over sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from fleetcore.errors import FleetcoreError, StorageUnavailable
from fleetcore.ports.region import Region
from fleetcore_adapters.links.addresses import Address, check_secret
from fleetcore_adapters.links.channel import Channel
from fleetcore_adapters.links.client import ANSWERED, MOST_ANSWER_BYTES, REFUSED
from fleetcore_adapters.links.columns import Malformed, Reader
from fleetcore_adapters.links.operations import OPERATIONS

MOST_QUESTION_BYTES: Final = 16 << 20
MOST_CONNECTIONS: Final = 256
"""Two for each of a hundred peers, and some more; further ones are turned away."""

GREETING_S: Final = 3.0
ACCEPT_AGAIN_S: Final = 0.1
"""The pause where no connection can be taken: too many files are open, say."""

QUESTION_S: Final = 120.0
"""So long a connection may be idle."""


class RegionServer:
    """Serves a region at an address, a thread a connection, until it is closed.

    While `is_cut` it answers nobody, and ends the connections of those who ask. Whatever bytes
    come, they end at most their own connection.
    """

    def __init__(
        self,
        region: Region,
        address: Address,
        secret: bytes = b"",
        is_cut: Callable[[], bool] = lambda: False,
    ) -> None:
        """Listen. Raises `InvalidConfiguration`, or `StorageUnavailable` for a taken address."""
        check_secret(address, secret)
        self._region = region
        self._secret = secret
        self._is_cut = is_cut
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        try:
            self._listener = socket.create_server((address.host, address.port))
        except OSError as error:
            raise StorageUnavailable(
                f"region {region.name!r} cannot listen at {address}: {error.strerror or error}"
            ) from error
        self.address = Address(address.host, self._listener.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept, name="link", daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Answer nobody any more; returns when every thread has ended."""
        with self._lock:
            self._closing.set()
            connections = dict(self._connections)
        # A blocking accept does not notice that its socket is closed; a shutdown wakes it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for connection, thread in connections.items():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._closing.wait(ACCEPT_AGAIN_S):
                    return
                continue
            with self._lock:
                if self._closing.is_set() or len(self._connections) >= MOST_CONNECTIONS:
                    connection.close()
                    continue
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._connections[connection] = thread
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._converse(connection)
        except (OSError, Malformed):
            pass  # whoever it was is gone, or is no region; either can connect again
        finally:
            with self._lock:
                del self._connections[connection]
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        if self._cut():
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel = Channel(connection, self._secret, "server", GREETING_S)
        channel.send(self._region.name.encode(), GREETING_S)
        while not self._closing.is_set():
            question = channel.receive(MOST_QUESTION_BYTES, QUESTION_S)
            if self._cut():
                return
            channel.send(self._answered(Reader(question)), QUESTION_S)

    def _cut(self) -> bool:
        try:
            return self._is_cut()
        except StorageUnavailable:
            return True  # nobody can tell, so nobody is answered

    def _answered(self, question: Reader) -> bytes:
        operation = OPERATIONS.get(question.number())
        if operation is None:
            return REFUSED + b"it does not know this question; install the same fleetcore there"
        try:
            answer = operation.answer(self._region, question)
        except Malformed:
            raise
        except FleetcoreError as error:
            return REFUSED + str(error).encode()
        except Exception as error:  # noqa: BLE001 - the edge: who asked is told, the server goes on
            return REFUSED + f"unexpected {type(error).__name__}: {error}".encode()
        if len(answer) >= MOST_ANSWER_BYTES:
            return REFUSED + b"the answer is too long; ask for less at once"
        return ANSWERED + answer
