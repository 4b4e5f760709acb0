"""What each handler calls on AWS: the list that its role is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Never

import pytest
from attrs import evolve
from boto3.session import Session
from botocore.exceptions import ConnectionClosedError
from redis import Redis
from tests.infra.iam import operation_of, resources_of
from tests.system.cloud import QUEUES, TABLES, Cloud, Context, Handler, handlers_on
from tests.system.deployed import Deployed, city_rows, deployed, large_row, written_files

from fleetcore.domain.ingestion_events import ChunkProcessed, IngestionEvent, Sizes
from fleetcore.errors import StorageUnavailable
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.dynamodb.event_store import DynamoEventStore
from fleetcore_adapters.aws.dynamodb.location_log import DynamoLog
from fleetcore_adapters.aws.operations import OPERATIONS
from fleetcore_adapters.aws.s3.object_store import S3ObjectStore
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from botocore.model import OperationModel

pytestmark = pytest.mark.system

CALLS: Final = Path(__file__).with_name("recorded_calls.json")
PART_BYTES: Final = 2000
"""Parts and some rejects are larger."""


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """See `written_files`."""
    return written_files(tmp_path_factory.mktemp("files"))


@pytest.mark.slow
def test_the_calls_of_each_handler_are_those_written_down(
    files: Sequence[Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """On every way through a handler; a role is allowed these and no others."""
    recorder = Recorder()
    monkeypatch.setattr("boto3.Session", recorder.session)
    config, metadata = tmp_path / "fleet.toml", tmp_path / "metadata_api.json"
    config.write_text("[limits]\nmax_speed_kmh = 250\n", encoding="utf-8")
    metadata.write_text('[{"vehicle_id": "cab 1"}]', encoding="utf-8")
    large = tmp_path / "large.csv"
    large.write_text(city_rows(0, 5) + large_row(5, 0) + large_row(6, 30), encoding="utf-8")
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"\x1f\x8b\x08\x00cut off")
    fleet = deployed(monkeypatch, vehicles=metadata, config=config)
    every_way(fleet, recorder, [*files, large, bad, bad], monkeypatch)
    actual = recorder.calls(iam_names(fleet.cloud))

    (tmp_path / "calls.json").write_text(json.dumps(actual, indent=2), encoding="utf-8")
    assert json.loads(CALLS.read_text(encoding="utf-8")) == actual, f"see {tmp_path}/calls.json"
    assert recorder.operations() <= {
        (service, each) for service, names in OPERATIONS.items() for each in names
    }


def every_way(
    fleet: Deployed, recorder: Recorder, paths: Sequence[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files whose rows overlap, a chunk a run, and rows that are refused.

    Every message fails first: at the commit of a chunk, or before a part is stored. Redis loses
    its memory in between.
    """
    small = Sizes(block_bytes=16_000, blocks_per_chunk=1)
    app = evolve(fleet.app, request=lambda: evolve(fleet.app.request(), sizes=small))
    in_parts = evolve(app, fleet=evolve(app.fleet, objects=_in_parts(fleet.cloud, recorder)))
    ingests = cycle(handlers_on(each, fleet.logger())[0] for each in (app, in_parts))
    _, store = handlers_on(app, fleet.logger())
    at_once = Context(lambda: 1)
    for path in paths:
        fleet.cloud.upload(path, path.name)
    found = True
    while found:
        found = False
        for queue in QUEUES:
            for message in fleet.cloud.receive(queue):
                found = True
                handler = (
                    recorder.told("ingest_file", next(ingests))
                    if queue == "UPLOADS"
                    else recorder.told("store_events", store)
                )
                with monkeypatch.context() as patched:
                    patched.setattr(DynamoEventStore, "append", _fails_to_commit)
                    patched.setattr(DynamoLog, "append", _fails)
                    fleet.cloud.handle(queue, [message], handler, at_once)
                fleet.cloud.handle(queue, [message], handler, at_once)
        with Redis.from_url(fleet.cloud.environment["FLEETCORE_REDIS_URL"]) as redis:
            redis.flushall()


def _in_parts(cloud: Cloud, recorder: Recorder) -> S3ObjectStore:
    """Objects that are put in several requests, as large ones are."""
    client = Clients(recorder.session()).s3
    bucket = cloud.environment["FLEETCORE_BUCKET"]
    return S3ObjectStore(client, bucket, Policy("S3"), part_bytes=PART_BYTES)


_append = DynamoEventStore.append


def _fails_to_commit(
    store: DynamoEventStore[IngestionEvent],
    stream: str,
    expected: int,
    events: Sequence[IngestionEvent],
) -> int:
    if any(isinstance(each, ChunkProcessed) for each in events):
        raise StorageUnavailable("not now")
    return _append(store, stream, expected, events)


def _fails(*_: object) -> Never:
    raise StorageUnavailable("not now")


def iam_names(cloud: Cloud) -> dict[str, str]:
    """Resources by what the SDK calls them, as policies name them."""
    environment = cloud.environment
    queues = {"UPLOADS": "uploads", "MOVING": "moving{}.fifo", "IDLE": "idle{}"}
    return {
        environment["FLEETCORE_BUCKET"]: "bucket",
        cloud.settings_bucket: "settings",
        environment["FLEETCORE_ALERTS_TOPIC"]: "alerts",
        **{environment[f"FLEETCORE_{each}_TABLE"]: each.lower() for each in TABLES},
        **{cloud.url(each): name.format("") for each, name in queues.items()},
        **{cloud.url(f"{each}_DEAD"): name.format("-dead") for each, name in queues.items()},
    }


class Recorder:
    """Writes down what handlers call through the SDK, and loses some of the answers."""

    def __init__(self) -> None:
        self._handler: str | None = None
        self._calls: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
        self._lost: set[object] = set()

    def session(
        self,
        key_id: str | None = None,
        secret: str | None = None,
        *,
        region_name: str | None = None,
    ) -> Session:
        """A session whose clients tell of each call."""
        session = Session(key_id, secret, region_name=region_name)
        session.events.register("provide-client-params", self._note)
        session.events.register("after-call", self._lose)
        return session

    def told(self, name: str, handler: Handler) -> Handler:
        """The handler; what it calls is written down under this name."""

        def named(event: dict[str, Any], context: Any) -> Mapping[str, Any]:
            self._calls.setdefault(name, [])
            self._handler = name
            answer = handler(event, context)
            self._handler = None
            return answer

        return named

    def calls(self, names: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
        """By handler: operations as `operation_of` writes them, and what each was on."""
        found: dict[str, dict[str, list[str]]] = {}
        for handler, calls in self._calls.items():
            by_operation: dict[str, set[str]] = {}
            for service, operation, parameters in calls:
                resources = by_operation.setdefault(
                    operation_of(service, operation, parameters), set()
                )
                resources.update(resources_of(parameters, names))
            found[handler] = {each: sorted(on) for each, on in sorted(by_operation.items())}
        return found

    def operations(self) -> set[tuple[str, str]]:
        """Service and operation of every call."""
        return {(each[0], each[1]) for calls in self._calls.values() for each in calls}

    def _note(
        self,
        params: Mapping[str, Any],
        model: OperationModel,
        context: dict[str, object],
        **_: object,
    ) -> None:
        if self._handler is None:
            return
        call = (model.service_model.service_name, model.name, dict(params))
        self._calls[self._handler].append(call)
        context["fleetcore"] = (self._handler, model.name, str(params.get("Key"))[:5])

    def _lose(self, context: Mapping[str, object], **_: object) -> None:
        """The first answer of each operation: whether it was done is to be found out."""
        call = context.get("fleetcore")
        if call is not None and call not in self._lost:
            self._lost.add(call)
            raise ConnectionClosedError(endpoint_url="")
