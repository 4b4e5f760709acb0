"""The adapters of a fleet on AWS."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from attrs import frozen

from fleetcore.application.fleet import Fleet
from fleetcore.application.ingesting import Request
from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.chunks import Chunk
from fleetcore.domain.lanes import LANES, Lane
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import InvalidConfiguration
from fleetcore.ports.batch_engine import BatchEngine, Work
from fleetcore.ports.source import Source
from fleetcore.ports.telemeter import Telemeter
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.cloudwatch.telemeter import CloudWatchTelemeter
from fleetcore_adapters.aws.dynamodb.event_store import DynamoEventStore
from fleetcore_adapters.aws.dynamodb.latest_positions import DynamoLatestPositions
from fleetcore_adapters.aws.dynamodb.location_log import DynamoLog, LogSettings
from fleetcore_adapters.aws.dynamodb.origins import DynamoOrigins
from fleetcore_adapters.aws.dynamodb.requests import Requests
from fleetcore_adapters.aws.s3.object_store import S3ObjectStore
from fleetcore_adapters.aws.s3.source import S3Source
from fleetcore_adapters.aws.sqs.dead_letters import SqsDeadLetters
from fleetcore_adapters.aws.sqs.lanes import SqsLanes
from fleetcore_adapters.aws.sqs.queue import Outgoing, Queue
from fleetcore_adapters.local.clock import SystemClock
from fleetcore_adapters.resilience.policy import Policy, no_deadline
from fleetcore_entrypoints.wiring.app import App
from fleetcore_entrypoints.wiring.aws_config import AwsConfig
from fleetcore_entrypoints.wiring.aws_redis import redis_caches
from fleetcore_entrypoints.wiring.aws_settings import directories_in, requests_of

TO_RECORD_S: Final = 5.0
"""Of a run's time, what is kept from the log."""

_S3_URL: Final = "s3://"


@frozen(kw_only=True, slots=True)
class AwsApp(App):
    """A fleet on AWS, with what only its handlers use.

    `request` tells how files are read and judged, `source` gives an uploaded object, of the
    version where one is named, and `directory` the vehicles' metadata of an ingestion that goes
    on, by its content id. `go_on` asks for another run with this message's body, and `put_off`
    hides the message with a receipt for so many seconds.
    `move_letters` has SQS move the idle lane's dead letters back, so many a second, and says
    whether the service can.
    """

    telemeter: Telemeter
    request: Callable[[], Request]
    source: Callable[[str, str, str | None], Source]
    directory: Callable[[str], VehicleDirectory]
    go_on: Callable[[str], None]
    put_off: Callable[[str, int], None]
    move_letters: Callable[[int], bool]


def wire_aws(
    config: AwsConfig | None = None,
    *,
    deadline_s: Callable[[], float | None] = no_deadline,
    metrics: TextIO | None = None,
) -> AwsApp:
    """The fleet that a configuration names (None: the environment's variables).

    `deadline_s` tells the instant, on the monotonic clock, by which the work at hand must be
    over. `metrics` is where they are written (None: standard output, where Lambda looks).
    Raises `InvalidConfiguration`; nothing is asked of a service yet.
    """
    config = config or AwsConfig.from_environment(os.environ)
    clients = Clients()
    policy = partial(Policy, deadline_s=deadline_s)
    s3 = policy("S3")
    objects = S3ObjectStore(clients.s3, config.bucket, s3, kms_key=config.kms_key)
    clock = SystemClock()
    telemeter = CloudWatchTelemeter(
        metrics or sys.stdout,
        clock,
        clients=clients,
        policy=policy("SNS"),
        topic=config.alerts_topic,
    )
    redis = redis_caches(config, clients, telemeter)
    requests = Requests(clients.dynamodb, policy("DynamoDB"))
    engine = _Engine()
    sqs = policy("SQS")
    lane_queues = _queues(clients, sqs, moving=config.moving_queue, idle=config.idle_queue)
    uploads = None
    if config.uploads_queue is not None:
        uploads = Queue(clients, config.uploads_queue, sqs)
    dead_letters = SqsDeadLetters(
        _queues(clients, sqs, moving=config.moving_dead_queue, idle=config.idle_dead_queue)
    )
    fleet = Fleet(
        clock=clock,
        events=DynamoEventStore(requests, config.streams_table, INGESTION_EVENTS),
        lanes=SqsLanes(lane_queues),
        dead_letters=dead_letters,
        objects=objects,
        origins=DynamoOrigins(requests, config.streams_table),
        log=DynamoLog(
            Requests(clients.dynamodb, Policy("DynamoDB", deadline_s=_earlier(deadline_s))),
            config.log_table,
            config.parts_table,
            objects=objects,
            read_rows=engine.events,
            clock=clock,
            seen=None if redis is None else redis.seen_window(),
            settings=LogSettings(keep_days=config.log_ttl_days),
        ),
        latest=DynamoLatestPositions(requests, config.views_table),
        engine=engine,
    )

    def source(bucket: str, key: str, version: str | None) -> Source:
        return S3Source(clients.s3, bucket, key, s3, version=version)

    def document(url: str) -> bytes:
        bucket, _, key = url.removeprefix(_S3_URL).partition("/")
        return S3ObjectStore(clients.s3, bucket, s3).get(key)

    return AwsApp(
        fleet=fleet,
        resume=lambda: None,
        settle=dict,
        close=lambda: None,
        telemeter=telemeter,
        request=requests_of(config, document, redis, objects),
        source=source,
        directory=directories_in(objects),
        go_on=partial(_go_on, uploads),
        put_off=partial(_put_off, uploads),
        move_letters=lambda rate: dead_letters.redrive_all_native(lane_queues["idle"], rate),
    )


def _earlier(deadline_s: Callable[[], float | None]) -> Callable[[], float | None]:
    """The log stops in time for an outcome to be recorded, or a message to be put off."""

    def earlier_s() -> float | None:
        at_s = deadline_s()
        return None if at_s is None else at_s - TO_RECORD_S

    return earlier_s


def _queues(clients: Clients, policy: Policy, *, moving: str, idle: str) -> dict[Lane, Queue]:
    return dict(zip(LANES, (Queue(clients, url, policy) for url in (moving, idle)), strict=True))


class _Engine(BatchEngine):
    """The columnar engine, imported when a file is first read: that is most of a start."""

    def chunks(self, content: BinaryIO, work: Work) -> Iterator[Chunk]:
        from fleetcore_adapters.arrow.batch_engine import ArrowEngine

        return ArrowEngine(spool_folder=Path(tempfile.gettempdir())).chunks(content, work)

    def events(self, content: bytes) -> Sequence[StoredEvent]:
        from fleetcore_adapters.arrow import part_file

        return part_file.events_of(part_file.decode(content))


def _go_on(uploads: Queue | None, body: str) -> None:
    if uploads is None:
        raise InvalidConfiguration(
            "FLEETCORE_UPLOADS_QUEUE is not set: a file that is too long for one run needs it"
        )
    uploads.send([Outgoing(body=body, group_id="", deduplication_id="")])


def _put_off(uploads: Queue | None, receipt: str, seconds: int) -> None:
    if uploads is not None:
        uploads.hide([receipt], seconds)
