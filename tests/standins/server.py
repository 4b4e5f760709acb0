"""Servers of their own process, on free loopback ports."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from attrs import frozen

REPOSITORY: Final = Path(__file__).parents[2]
LOOPBACK: Final = "127.0.0.1"
GUARD: Final = Path(__file__).with_name("guard.py")
PORTS: Final = range(20_000, 32_000)
"""Below those that systems give to outgoing connections, so that nobody takes one in between."""
READY_WITHIN_S: Final = 60.0
POLL_S: Final = 0.02


class NotStarted(Exception):
    """A server ended, or did not answer in time; holds the last of what it printed."""


@frozen(slots=True)
class Endpoint:
    """A server that answers on a port of the loopback interface; `pid` is its process."""

    port: int
    pid: int

    @property
    def http(self) -> str:
        """For clients of HTTP."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def redis(self) -> str:
        """For clients of Redis."""
        return f"redis://{LOOPBACK}:{self.port}"


def free_port() -> int:
    """A port nobody listens on."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise NotStarted("every port is taken")


def accepts(port: int) -> bool:
    """Whether a server takes connections."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def answers_http(port: int, path: str = "/") -> bool:
    """Whether a server answers a request, be it with an error."""
    try:
        build_opener(ProxyHandler({})).open(f"http://{LOOPBACK}:{port}{path}", timeout=1).close()
    except HTTPError as error:
        error.close()
    except (URLError, OSError):
        return False
    return True


@contextmanager
def running(
    command: Callable[[int, Path], Sequence[str]],
    *,
    ready: Callable[[int], bool],
    port: int | None = None,
    env: Callable[[int, Path], Mapping[str, str]] = lambda _port, _folder: {},
) -> Iterator[Endpoint]:
    """A server while it runs: what it is started by is made from its port and an empty folder.

    It ends with the block, and with this process however that ends. Raises `NotStarted`.
    """
    at = free_port() if port is None else port
    with TemporaryDirectory(prefix="standin-") as name, Path(name, "output").open("xb") as output:
        folder = Path(name, "state")
        folder.mkdir()
        guard = subprocess.Popen(
            [sys.executable, "-IS", GUARD, *command(at, folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env={**os.environ, **env(at, folder)},
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for whoever holds the pipe
        )
        with guard:
            assert guard.stdout is not None
            pid = int(guard.stdout.readline())
            try:
                _await(guard, at, ready, Path(output.name))
                yield Endpoint(at, pid)
            finally:
                guard.communicate()  # closes its input, and returns when all is dead


def _await(
    guard: subprocess.Popen[bytes], port: int, ready: Callable[[int], bool], output: Path
) -> None:
    give_up = time.monotonic() + READY_WITHIN_S
    while not ready(port):
        if guard.poll() is not None or time.monotonic() > give_up:
            said = output.read_text(errors="replace")[-2000:]
            raise NotStarted(f"{guard.args!r} did not start\n{said}")
        time.sleep(POLL_S)
