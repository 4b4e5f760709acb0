"""A TCP proxy that does to connections what networks do."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tests.standins.server import LOOPBACK

PIECE_BYTES: Final = 65_536


class Proxy:
    """Forwards its port to another of the loopback interface.

    What it is told holds from then on for all connections, open ones and new ones, until
    `heal`. Faults are in the answers; a request gets through, and may be done.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.heal()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: Final[int] = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self) -> None:
        """Forward faithfully; what was cut stays so."""
        self._delay_s = 0.0
        self._corrupt = False
        self._answer_bytes = sys.maxsize
        self._cut = False

    def delay(self, seconds: float) -> None:
        """Hold every piece of an answer back."""
        self._delay_s = seconds

    def corrupt(self) -> None:
        """Flip a bit in the middle of every piece of an answer."""
        self._corrupt = True

    def cut(self, *, after_bytes: int | None = None) -> None:
        """End all connections, and new ones at once; or each after so much of its answers."""
        if after_bytes is not None:
            self._answer_bytes = after_bytes
            return
        self._cut = True
        with self._lock:
            for connection in self._open:
                _wake(connection)

    def close(self) -> None:
        """Listen no more."""
        _wake(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        target = (LOOPBACK, self._target_port)
        with client, suppress(OSError), socket.create_connection(target) as server:
            self._forward(client, server)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            self._open |= {client, server}
        requests = threading.Thread(target=_pass_on, args=(client, server), daemon=True)
        requests.start()
        try:
            if not self._cut:
                self._answer(server, client)
        finally:
            with self._lock:
                self._open -= {client, server}
            _wake(client)
            _wake(server)
            requests.join()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        answered = 0
        while data := server.recv(PIECE_BYTES):
            time.sleep(self._delay_s)
            if self._corrupt:
                middle = len(data) // 2
                data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
            left = self._answer_bytes - answered
            client.sendall(data[: max(0, left)])
            answered += len(data)
            if answered > self._answer_bytes:
                return


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    """Send requests on, unchanged."""
    with suppress(OSError):
        while data := client.recv(PIECE_BYTES):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)


def _wake(connection: socket.socket) -> None:
    """End a connection that another thread waits for; closing it would leave the thread there."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_proxy(target_port: int) -> Iterator[Proxy]:
    """A proxy to a loopback port, which runs while the block does."""
    proxy = Proxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()
