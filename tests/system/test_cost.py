"""The requests that `fleetcore cost` counts are those that a real flow makes."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from attrs import evolve, field, frozen
from tests.standins.aws import REGION
from tests.standins.ministack import running_ministack
from tests.standins.redis_server import running_redis
from tests.standins.shared import shared
from tests.system.cloud import Cloud, cloud_at

from fleetcore.application.fleet import Fleet
from fleetcore.application.generation.generator import generate
from fleetcore.application.generation.spec import FleetSpec
from fleetcore.application.ingesting import ingest
from fleetcore.application.storing import store
from fleetcore.domain.ingestion_events import ChunkProcessed, Sizes
from fleetcore.domain.parts import Part
from fleetcore_adapters.aws.dynamodb.values import item_size
from fleetcore_entrypoints.costs.calls import (
    Call,
    ChunkShape,
    PartShape,
    counted,
    storing,
    taking_in,
)
from fleetcore_entrypoints.costs.item_sizes import ItemSizes
from fleetcore_entrypoints.wiring.aws import AwsApp, wire_aws
from fleetcore_entrypoints.wiring.aws_config import AwsConfig

pytestmark = pytest.mark.system

FLEET: Final = FleetSpec(vehicles=20, rows=1200, dirt={"latitude-range": 0.01, "duplicate": 0.01})
MANY_CHUNKS: Final = Sizes(block_bytes=32 << 10, blocks_per_chunk=1)
SIZES: Final = ItemSizes(index_share=0.0)


@frozen
class Seen:
    """Requests by service and operation, and DynamoDB's write units by operation."""

    requests: Counter[tuple[str, str]] = field(factory=Counter)
    write_units: Counter[str] = field(factory=Counter)

    def note(self, params: Mapping[str, Any], model: Any, **_: object) -> None:
        """A handler of botocore's event `before-parameter-build`."""
        service = model.service_model.service_name
        if service == "sqs":
            service = "sqs-fifo" if params["QueueUrl"].endswith(".fifo") else "sqs-standard"
        self.requests[service, model.name] += 1
        if units := _write_units(model.name, params):
            self.write_units[model.name] += units


def _write_units(operation: str, params: Mapping[str, Any]) -> int:
    """By the documentation of capacity; of an item that is only checked the request has the key."""
    match operation:
        case "BatchWriteItem":
            (puts,) = params["RequestItems"].values()
            items = [each["PutRequest"]["Item"] for each in puts]
        case "PutItem":
            items = [params["Item"]]
        case "UpdateItem":
            items = [params["Key"]]
        case "TransactWriteItems":
            changes = params["TransactItems"]
            items = 2 * [
                each["Put"]["Item"] if "Put" in each else each["ConditionCheck"]["Key"]
                for each in changes
            ]
        case _:
            items = []
    return sum(-(-item_size(each) // 1024) for each in items)


@frozen(kw_only=True)
class Flow:
    """A fleet on the stand-in whose requests are counted; `quiet` is the same one, uncounted."""

    cloud: Cloud
    app: AwsApp
    quiet: Fleet
    seen: Seen

    def take_in(self, path: Path, sizes: Sizes) -> list[ChunkProcessed]:
        """Upload a file and take it in; the chunks that were committed."""
        self.cloud.upload(path, path.name)
        bucket = self.cloud.environment["FLEETCORE_BUCKET"]
        source = self.app.source(bucket, f"telemetry/{path.name}", None)
        request = evolve(self.app.request(), sizes=sizes)
        done = ingest(self.app.fleet, source, request, stores=False)
        assert done.error is None
        events = self.quiet.events.read(f"ingestion-{done.ingestion}")
        return [event for event in events if isinstance(event, ChunkProcessed)]

    def store(self) -> list[list[Part]]:
        """Store what waits; the parts of each run."""
        runs = []
        while deliveries := self.quiet.lanes.receive(10):
            assert not store(self.app.fleet, deliveries)
            self.quiet.lanes.settle(deliveries)
            runs.append([delivery.message.part for delivery in deliveries])
        return runs

    def rows_by_vehicle(self, part: Part) -> Counter[str]:
        """How many each vehicle has in a part."""
        rows = self.quiet.engine.events(self.quiet.objects.get(part.key))
        return Counter(row.event.vehicle_id for row in rows)

    def forget(self) -> None:
        """Count from here."""
        self.seen.requests.clear()
        self.seen.write_units.clear()


@pytest.fixture(name="environment", params=["without Redis", "with Redis"])
def _environment(request: pytest.FixtureRequest) -> Cloud:
    cloud = cloud_at(shared(running_ministack).http)
    if request.param == "without Redis":
        return cloud
    redis = {"FLEETCORE_REDIS_URL": shared(running_redis).redis}
    return evolve(cloud, environment={**cloud.environment, **redis})


@pytest.fixture(name="flow")
def _flow(environment: Cloud, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """Without Redis every row may be known; with it the filter says which."""
    for name, text in environment.environment.items():
        monkeypatch.setenv(name, text)
    config = AwsConfig.from_environment(environment.environment)
    quiet = wire_aws(config, metrics=io.StringIO()).fleet
    seen = Seen()
    session = boto3.Session("test", "test", region_name=REGION)
    session.events.register("before-parameter-build", seen.note)
    monkeypatch.setattr(boto3, "Session", lambda: session)
    app = wire_aws(config, metrics=io.StringIO())
    return Flow(cloud=environment, app=app, quiet=quiet, seen=seen)


@pytest.fixture(name="upload")
def _upload(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.csv"
    with path.open("wb") as sink:
        generate(FLEET, sink)
    return path


def shape_of(chunk: ChunkProcessed) -> ChunkShape:
    """What taking a chunk in depends on."""
    parts = [
        PartShape(lane=each.lane, rows=each.rows, size_bytes=each.size_bytes)
        for each in chunk.parts
    ]
    return ChunkShape(parts=parts, rejects_bytes=None if chunk.rejects is None else 1)


def write_units(calls: Sequence[Call]) -> Counter[str]:
    """By operation."""
    units: Counter[str] = Counter()
    for call in calls:
        if call.operation in {"BatchWriteItem", "PutItem", "TransactWriteItems", "UpdateItem"}:
            units[call.operation] += round(call.units)
    return units


@pytest.mark.parametrize("sizes", [Sizes(), MANY_CHUNKS])
def test_taking_a_file_in_costs_what_is_reckoned(flow: Flow, upload: Path, sizes: Sizes) -> None:
    """Every operation is asked as often as reckoned, and writes as many units."""
    chunks = flow.take_in(upload, sizes)

    calls = list(taking_in([shape_of(chunk) for chunk in chunks], SIZES))

    assert counted(calls) == flow.seen.requests
    assert +write_units(calls) == flow.seen.write_units


def test_storing_a_file_costs_what_is_reckoned(flow: Flow, upload: Path) -> None:
    """New rows: of each operation as many requests and write units as reckoned, run by run."""
    is_filtered = "FLEETCORE_REDIS_URL" in flow.cloud.environment
    flow.take_in(upload, MANY_CHUNKS)
    flow.forget()

    runs = flow.store()

    calls: list[Call] = []
    for run in runs:
        parts = [
            PartShape(
                lane=part.lane,
                rows=part.rows,
                maybe=0 if is_filtered else part.rows,
                # Of what is not there yet one query tells, for all rows of a vehicle.
                look_ups=0 if is_filtered else len(flow.rows_by_vehicle(part)),
                # A process asks for a day once where there is no filter, else each time.
                day_reads=int(is_filtered or (not calls and not number)),
                new_days=int(not calls and not number),
            )
            for number, part in enumerate(run)
        ]
        calls += storing(parts, SIZES)
    assert counted(calls) == flow.seen.requests
    assert +write_units(calls) == flow.seen.write_units


def test_storing_a_file_again_costs_what_is_reckoned(flow: Flow, upload: Path) -> None:
    """Rows that the log holds are looked up, none is written.

    Of queries the reckoning knows the bounds: how many rows one answers for depends on how
    densely those of a vehicle lie. The filter's false alarms cannot be told from true ones here.
    """
    is_filtered = "FLEETCORE_REDIS_URL" in flow.cloud.environment
    flow.take_in(upload, Sizes())
    flow.store()
    again = upload.with_name("again.csv")
    again.write_bytes(upload.read_bytes())
    flow.take_in(again, Sizes())
    flow.forget()

    runs = flow.store()

    def calls(*, at_most: bool) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for run in runs:
            parts = [
                PartShape(
                    lane=part.lane,
                    rows=part.rows,
                    maybe=part.rows,
                    known=part.rows,
                    look_ups=part.rows if at_most else len(flow.rows_by_vehicle(part)),
                    day_reads=int(is_filtered),
                )
                for part in run
            ]
            found.update(counted(storing(parts, SIZES)))
        return found

    query = ("dynamodb", "Query")
    asked = dict(flow.seen.requests)
    least, most = calls(at_most=False), calls(at_most=True)
    assert least.pop(query) <= asked.pop(query) <= most.pop(query)
    assert least == asked
