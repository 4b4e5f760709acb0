"""The fleet of a Lambda: wired on the first event, kept as long as the process lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol

from fleetcore.application.fleet import Fleet
from fleetcore.application.ingesting import Request
from fleetcore.errors import InvalidConfiguration
from fleetcore.ports.source import Source
from fleetcore.ports.telemeter import Telemeter
from fleetcore.ports.vehicle_directory import VehicleDirectory

if TYPE_CHECKING:
    from fleetcore_entrypoints.wiring.aws import AwsApp

KEPT_BACK_S: Final = 0.5
"""No call of a service may last into this end of an invocation: an answer has to be given."""


class Context(Protocol):
    """What is used of what Lambda tells of an invocation."""

    @property
    def function_name(self) -> str:
        """The function's name, as it was deployed."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """How long the invocation may go on."""
        ...


class StoringApp(Protocol):
    """What `store_events` needs of a wired fleet."""

    @property
    def fleet(self) -> Fleet: ...

    @property
    def telemeter(self) -> Telemeter: ...


class FilesApp(StoringApp, Protocol):
    """What `ingest_file` needs of a wired fleet."""

    @property
    def request(self) -> Callable[[], Request]:
        """How files are to be ingested. Raises `InvalidInput`, `StorageUnavailable`."""
        ...

    @property
    def source(self) -> Callable[[str, str, str | None], Source]:
        """An object as a file: bucket, key, version."""
        ...

    @property
    def directory(self) -> Callable[[str], VehicleDirectory]:
        """The vehicles' metadata of an ingestion that goes on, by its content id.

        Raises `ObjectMissing`, `StorageUnavailable`.
        """
        ...

    @property
    def go_on(self) -> Callable[[str], None]:
        """Sends the body of a continuation. Raises `StorageUnavailable`, `InvalidConfiguration`."""
        ...

    @property
    def put_off(self) -> Callable[[str, int], None]:
        """Hides the message with this receipt for so many seconds. Raises `StorageUnavailable`."""
        ...


class Deadline:
    """When the invocation at hand has to be over, on the clock of `time.monotonic`."""

    def __init__(self) -> None:
        self._at_s: float | None = None

    def begin(self, context: Context) -> None:
        """A new invocation."""
        self._at_s = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - KEPT_BACK_S

    def __call__(self) -> float | None:
        """See `resilience.policy.Policy`: the instant, or None before any invocation."""
        return self._at_s


DEADLINE: Final = Deadline()


@cache
def wired() -> AwsApp:
    """The fleet that the environment names. Raises `InvalidConfiguration`."""
    # Here, so that a handler can be imported, and run on another fleet, without the SDK.
    from fleetcore_entrypoints.wiring.aws import wire_aws

    return wire_aws(deadline_s=DEADLINE)


def upload_limit(environment: Mapping[str, str]) -> int | None:
    """The largest file to take in, in bytes: `FLEETCORE_LARGEST_UPLOAD_BYTES`; None: any.

    Raises `InvalidConfiguration`.
    """
    text = environment.get("FLEETCORE_LARGEST_UPLOAD_BYTES", "").strip()
    if text and not (text.isascii() and text.isdecimal()):
        raise InvalidConfiguration(
            f"FLEETCORE_LARGEST_UPLOAD_BYTES: {text!r} is no number of bytes"
        )
    return int(text) if text else None
