"""ministack: most of AWS in one process, in a virtual environment of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.standins.missing import Missing
from tests.standins.server import LOOPBACK, REPOSITORY, Endpoint, answers_http, running

from fleetcore.testing.contracts.capabilities import Capability

PROGRAM: Final = REPOSITORY / ".venv-ministack" / "bin" / "ministack"
LACKS: Final[frozenset[Capability]] = frozenset({"message moves"})


@contextmanager
def running_ministack(*, port: int | None = None) -> Iterator[Endpoint]:
    """An empty ministack."""
    if not PROGRAM.is_file():
        raise Missing("ministack is not installed: make stand-ins")
    with running(
        lambda _port, _folder: [str(PROGRAM)],
        env=lambda at, folder: {
            "GATEWAY_PORT": str(at),
            "BIND_HOST": LOOPBACK,
            "IOT_MTLS_ENABLED": "0",
            "TMPDIR": str(folder),
        },
        ready=lambda at: answers_http(at, "/_ministack/health"),
        port=port,
    ) as endpoint:
        yield endpoint
