"""LocalStack's core from PyPI, for S3 and SQS, in a virtual environment of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.standins.missing import Missing
from tests.standins.server import LOOPBACK, REPOSITORY, Endpoint, answers_http, running

PYTHON: Final = REPOSITORY / ".venv-localstack" / "bin" / "python"


@contextmanager
def running_localstack(*, port: int | None = None) -> Iterator[Endpoint]:
    """An empty LocalStack; it asks nobody outside this machine for anything."""
    if not PYTHON.is_file():
        raise Missing("LocalStack is not installed: make stand-ins")
    with running(
        lambda _port, _folder: [str(PYTHON), "-m", "localstack.runtime.main"],
        env=lambda at, folder: {
            "GATEWAY_LISTEN": f"{LOOPBACK}:{at}",
            "SERVICES": "s3,sqs",
            "DNS_ADDRESS": "0",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DISABLE_EVENTS": "1",
            "FILESYSTEM_ROOT": str(folder),
            "TMPDIR": str(folder),
        },
        ready=lambda at: answers_http(at, "/_localstack/health"),
        port=port,
    ) as endpoint:
        yield endpoint
