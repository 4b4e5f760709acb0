"""A fleet in memory as a Lambda sees it, events from files, and what a run logged."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import field, frozen
from aws_lambda_powertools.logging import Logger
from tests.fleets import memory_fleet

from fleetcore.application.fleet import Fleet
from fleetcore.application.ingesting import Request
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import ObjectMissing, UnreadableFile
from fleetcore.ports.source import Content, Source
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.source import BytesSource
from fleetcore_adapters.memory.telemeter import MemoryTelemeter

EVENTS: Final = Path(__file__).parent / "events"
NOW_MS: Final = 1_750_000_000_000
START_MS: Final = 1_700_000_000_000
SMALL: Final = Sizes(block_bytes=256, blocks_per_chunk=2)
VEHICLE: Final = "cab-4711"


def rows(start: int, stop: int) -> bytes:
    """Rows with a header; every 11th breaks a rule, every 13th cannot be read."""
    lines = ["vehicle_id,observed_at,latitude,longitude,speed_kmh\n"]
    for number in range(start, stop):
        latitude = 95 if number % 11 == 5 else 40.25 + number % 7 / 10
        longitude = "east" if number % 13 == 7 else -3.5
        at = START_MS + number * 1000
        lines.append(f"{VEHICLE},{at},{latitude},{longitude},{number % 2 * 30}\n")
    return "".join(lines).encode()


class Missing(BytesSource):
    """An object that is not there."""

    def content(self) -> Content:
        """Raises what a store's source raises."""
        raise UnreadableFile(f"{self.name}: there is no such object") from ObjectMissing("404")


class NoVehicles(VehicleDirectory):
    """Metadata that tells of no vehicle."""

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        """None of them."""
        return {}


@frozen(kw_only=True)
class MemoryApp:
    """What `AwsApp` is to a handler, in memory; `bucket` holds objects by key and version."""

    fleet: Fleet
    telemeter: MemoryTelemeter = field(factory=MemoryTelemeter)
    bucket: dict[tuple[str, str | None], bytes] = field(factory=dict)
    continuations: list[str] = field(factory=list)
    hidden: list[tuple[str, int]] = field(factory=list)
    clock: MemoryClock = MemoryClock(NOW_MS)

    def request(self) -> Request:
        """Small chunks."""
        return Request(sizes=SMALL)

    def source(self, bucket: str, key: str, version_id: str | None) -> Source:
        """The object, or one that is missing."""
        data = self.bucket.get((key, version_id))
        name = f"s3://{bucket}/{key}"
        return Missing(name, b"") if data is None else BytesSource(name, data)

    def directory(self, content_id: str) -> VehicleDirectory:
        """The vehicles of a document that was kept."""
        self.fleet.objects.get(content_id.replace(":", "-"))
        return NoVehicles()

    def go_on(self, body: str) -> None:
        """Keep the message."""
        self.continuations.append(body)

    def put_off(self, receipt: str, seconds: int) -> None:
        """Note for how long."""
        self.hidden.append((receipt, seconds))

    def states(self) -> list[Ingestion]:
        """The state of every ingestion."""
        events = self.fleet.events
        return [IngestionStream(events, each).state for each in ingestions(events)]

    def metrics(self) -> Mapping[str, float]:
        """The values of the last run."""
        return {name: value for name, (value, _) in self.telemeter.measured()[-1].metrics.items()}


@pytest.fixture(name="app")
def _app() -> MemoryApp:
    clock = MemoryClock(NOW_MS)
    return MemoryApp(clock=clock, fleet=memory_fleet(clock))


class Context:
    """An invocation's context, in which each look at the time left costs some."""

    function_name = "function"
    memory_limit_in_mb = "512"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def __init__(self, left_ms: int = 900_000, step_ms: int = 0) -> None:
        self.left_ms = left_ms
        self.step_ms = step_ms

    def get_remaining_time_in_millis(self) -> int:
        """What is left."""
        self.left_ms = max(self.left_ms - self.step_ms, 0)
        return self.left_ms


def event_of(name: str) -> dict[str, Any]:
    """An event from its file."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


@frozen
class Logged:
    """A log of its own, and its lines."""

    log: Logger
    stream: io.StringIO

    def lines(self) -> list[dict[str, Any]]:
        """Each line."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()


@pytest.fixture(name="logged")
def _logged(request: pytest.FixtureRequest) -> Logged:
    stream = io.StringIO()
    return Logged(Logger(service=request.node.name, stream=stream, level="DEBUG"), stream)


@pytest.fixture(name="event")
def _event() -> Callable[[str], dict[str, Any]]:
    """Reads events."""
    return event_of
