"""Mosquitto, the MQTT broker, with what it holds on disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.standins.certificate import Certificate
from tests.standins.missing import Missing
from tests.standins.server import LOOPBACK, Endpoint, accepts, running

SETTINGS: Final = (
    "user root",  # which counts only where root starts it: else it gives up its own folder
    "persistence true",
    "max_queued_messages 0",
    "max_inflight_messages 0",
    "set_tcp_nodelay true",
    "log_type error",
    "log_type warning",
)
DEBIAN: Final = Path("/usr/sbin")
"""Where Debian puts servers, which is not on every user's path."""


@contextmanager
def running_mosquitto(
    *settings: str, state: Path | None = None, port: int | None = None
) -> Iterator[Endpoint]:
    """A broker that lets everybody in, unless the lines of `settings` say otherwise.

    What it keeps lies in `state` (None: a new folder), where another one finds it again.
    """
    program = _found("mosquitto")

    def command(at: int, folder: Path) -> Sequence[str]:
        lines = [*SETTINGS, f"persistence_location {state or folder}/"]
        lines += [f"listener {at} {LOOPBACK}", "allow_anonymous true", *settings]
        config = folder / "mosquitto.conf"
        config.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return [program, "-c", str(config)]

    with running(command, ready=accepts, port=port) as endpoint:
        yield endpoint


def tls(server: Certificate) -> tuple[str, ...]:
    """Settings of a broker that has a certificate, and asks for one that it vouches for."""
    return (
        f"certfile {server.certificate}",
        f"keyfile {server.key}",
        f"cafile {server.certificate}",
        "require_certificate true",
    )


def password_program() -> str:
    """What makes a broker's file of passwords."""
    return _found("mosquitto_passwd")


def _found(name: str) -> str:
    program = shutil.which(name) or shutil.which(name, path=str(DEBIAN))
    if program is None:
        raise Missing(f"{name} is not on this machine: install Debian's mosquitto")
    return program
