"""The proxy of the tests: what it does to answers, and that it does nothing else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Final

import pytest
from tests.standins.proxy import Proxy, running_proxy
from tests.standins.server import LOOPBACK

PATIENCE_S: Final = 10.0
ANSWER: Final = bytes(range(100))


def _echo(listener: socket.socket) -> None:
    """Answer each of a few connections with what it sends."""
    try:
        while True:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(65_536):
                    connection.sendall(data)
    except OSError:
        return


@pytest.fixture(name="proxy")
def _proxy() -> Iterator[Proxy]:
    """A proxy to a server that sends back what it is sent, one connection after another."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        echo = threading.Thread(target=_echo, args=(listener,))
        echo.start()
        with running_proxy(listener.getsockname()[1]) as proxy:
            yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        echo.join()


def _connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection((LOOPBACK, proxy.port), timeout=PATIENCE_S)


def _all_of(client: socket.socket) -> bytes:
    """What comes until the connection ends."""
    received = b""
    try:
        while data := client.recv(65_536):
            received += data
    except ConnectionError:
        pass
    return received


def _asked(proxy: Proxy, question: bytes = ANSWER) -> bytes:
    """The whole answer to a question on a new connection."""
    with _connected(proxy) as client:
        try:
            client.sendall(question)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            return b""  # cut already
        return _all_of(client)


def test_forwards(proxy: Proxy) -> None:
    """Until it is told otherwise all bytes pass, also more than one piece."""
    assert ANSWER * 5_000 == _asked(proxy, ANSWER * 5_000)


def test_delays(proxy: Proxy) -> None:
    """An answer comes no earlier than the delay."""
    proxy.delay(0.05)
    asked_at = time.monotonic()

    assert ANSWER == _asked(proxy)
    assert 0.05 <= time.monotonic() - asked_at


def test_corrupts(proxy: Proxy) -> None:
    """An answer has its length and one wrong bit."""
    proxy.corrupt()

    answer = _asked(proxy)
    wrong = [(a ^ b).bit_count() for a, b in zip(ANSWER, answer, strict=True)]

    assert 1 == sum(wrong)


def test_cuts_what_is_open(proxy: Proxy) -> None:
    """A client that waits for an answer is left."""
    with _connected(proxy) as client:
        client.sendall(ANSWER)
        assert ANSWER == client.recv(len(ANSWER), socket.MSG_WAITALL)
        proxy.cut()

        assert b"" == _all_of(client)


def test_cuts_what_is_new(proxy: Proxy) -> None:
    """No answer comes through a connection that is made later."""
    proxy.cut()

    assert b"" == _asked(proxy)


def test_cuts_inside_an_answer(proxy: Proxy) -> None:
    """So many bytes come, and then nothing."""
    proxy.cut(after_bytes=7)

    assert ANSWER[:7] == _asked(proxy)


def test_heals(proxy: Proxy) -> None:
    """Nothing of what it was told is left."""
    proxy.delay(60)
    proxy.corrupt()
    proxy.cut(after_bytes=7)
    proxy.cut()
    proxy.heal()

    assert ANSWER == _asked(proxy)
