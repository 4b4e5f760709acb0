"""DynamoDB Local: AWS's own stand-in, on Java."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.standins.missing import Missing
from tests.standins.server import REPOSITORY, Endpoint, answers_http, running

JARS: Final = REPOSITORY / ".jars" / "dynamodb-local"
MAIN: Final = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"


@contextmanager
def running_dynamodb_local(*, port: int | None = None) -> Iterator[Endpoint]:
    """An empty DynamoDB in memory, one for all keys and regions."""
    java = shutil.which("java")
    if java is None:
        raise Missing("DynamoDB Local needs Java 17: no java on this machine")
    if not JARS.is_dir():
        raise Missing("the jars of DynamoDB Local are not here (they need Maven): make stand-ins")
    library, classes = f"-Djava.library.path={JARS}", str(JARS / "*")
    with running(
        lambda at, _folder: [
            *(java, library, "-cp", classes, MAIN),
            *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(at)),
        ],
        ready=answers_http,
        port=port,
    ) as endpoint:
        yield endpoint
