"""The library and the bare SDK doing the same calls on the same stand-in, in turn.

A process of its own, `python -m bench.aws.pairs ROUNDS`: it starts the stand-in and prints one
JSON object, what each contender took in each counted round.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from random import Random
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Final, TypeAlias

import boto3
from tests.standins.ministack import running_ministack
from tests.system.cloud import Cloud, cloud_at

from fleetcore.domain.lanes import LANES
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import LaneMessage, Part, StoredEvent
from fleetcore.ports.seen_window import SeenWindow
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.dynamodb.items import log_item
from fleetcore_adapters.aws.dynamodb.part_rows import PartRows
from fleetcore_adapters.aws.dynamodb.requests import BATCH_WRITES, Requests
from fleetcore_adapters.aws.dynamodb.values import Item
from fleetcore_adapters.aws.dynamodb.windows import Windows
from fleetcore_adapters.aws.sqs.lanes import SqsLanes
from fleetcore_adapters.aws.sqs.messages import message_body
from fleetcore_adapters.aws.sqs.queue import BATCH_ENTRIES, Queue
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

ROWS: Final = 40 * BATCH_WRITES
MESSAGES: Final = 20 * BATCH_ENTRIES
READS: Final = 100
DAY_START_MS: Final = 1_714_953_600_000

Work: TypeAlias = Callable[[], None]
Took: TypeAlias = dict[str, list[float]]


class AllNew(SeenWindow):
    """A filter that met nothing yet, and takes no time."""

    def begin(self, window: str, expected: int) -> str | None:
        """See `SeenWindow.begin`."""
        del window, expected
        return "token"

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        """See `SeenWindow.mark`."""
        del window, token
        return (False,) * len(identities)


def rows() -> list[StoredEvent]:
    """Reports of 500 vehicles, most fields filled."""
    random = Random("rows")
    return [
        StoredEvent(
            event=LocationEvent(
                vehicle_id=f"V{number % 500:05d}",
                observed_at=DAY_START_MS + number * 1_000,
                latitude=round(random.uniform(-80, 80), 6),
                longitude=round(random.uniform(-180, 180), 6),
                speed_kmh=round(random.uniform(0, 120), 1),
                heading_deg=float(random.randrange(360)),
                accuracy_m=round(random.uniform(1, 20), 1),
                battery_pct=round(random.uniform(0, 100), 1),
                status="moving",
            ),
            distance_from_depot_m=round(random.uniform(0, 50_000), 2),
            ingestion="0123456789abcdef01234567-1",
            line=number + 2,
        )
        for number in range(ROWS)
    ]


def writers(cloud: Cloud) -> tuple[Work, Work]:
    """Rows written to the log: by the library from events, by the SDK from items made before."""
    events = rows()
    log, parts = (cloud.environment[f"FLEETCORE_{name}_TABLE"] for name in ("LOG", "PARTS"))
    requests = Requests(Clients().dynamodb, Policy("DynamoDB"))
    windows = Windows(requests, parts, AllNew(), identities_a_day=ROWS)
    writer = PartRows(requests=requests, table=log, windows=windows, keep_days=90, threads=1)
    client = boto3.client("dynamodb")
    items = [log_item(event, keep_days=90) for event in events]
    day = {"record": {"S": "window"}, "item": {"S": f"{10**12 + DAY_START_MS // 86_400_000:013d}"}}

    def bare() -> None:
        client.batch_get_item(RequestItems={parts: {"Keys": [day], "ConsistentRead": True}})
        for start in range(0, len(items), BATCH_WRITES):
            some = items[start : start + BATCH_WRITES]
            client.batch_write_item(
                RequestItems={log: [{"PutRequest": {"Item": item}} for item in some]}
            )

    return lambda: _ignored(writer.write(events)), bare


def senders(cloud: Cloud) -> tuple[Work, Work]:
    """Messages of the idle lane: by the library from parts, by the SDK from texts made before."""
    messages = [
        LaneMessage(
            ingestion="0123456789abcdef01234567-1",
            part=Part(
                key=f"fresh/0123456789abcdef01234567-1/{number:05d}-idle-{number:016x}.parquet",
                lane="idle",
                rows=1000,
                size_bytes=20_000,
                sha256=f"{number:064x}",
            ),
        )
        for number in range(MESSAGES)
    ]
    clients, policy = Clients(), Policy("SQS")
    url = cloud.environment["FLEETCORE_IDLE_QUEUE"]
    lanes = SqsLanes({lane: Queue(clients, url, policy) for lane in LANES})
    client = boto3.client("sqs")
    bodies = [message_body(message) for message in messages]

    def bare() -> None:
        for start in range(0, len(bodies), BATCH_ENTRIES):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "MessageBody": body}
                for number, body in enumerate(bodies[start : start + BATCH_ENTRIES])
            ]
            client.send_message_batch(QueueUrl=url, Entries=entries)

    return lambda: lanes.send(messages), bare


def readers(cloud: Cloud) -> tuple[Work, Work]:
    """Single items read: what any one request costs."""
    table = cloud.environment["FLEETCORE_PARTS_TABLE"]
    requests = Requests(Clients().dynamodb, Policy("DynamoDB"))
    client = boto3.client("dynamodb")
    key: Item = {"record": {"S": "window"}, "item": {"S": "none"}}

    def library() -> None:
        for _ in range(READS):
            requests.get(table, key)

    def bare() -> None:
        for _ in range(READS):
            client.get_item(TableName=table, Key=key, ConsistentRead=True)

    return library, bare


def in_turn(library: Work, bare: Work, rounds: int) -> dict[str, Took]:
    """Wall and CPU seconds of each in each round; who begins changes, the first round warms up."""
    took: dict[str, Took] = {
        name: {"seconds": [], "cpu_seconds": []} for name in ("library", "bare")
    }
    for number in range(rounds + 1):
        contenders = [("library", library), ("bare", bare)]
        for name, work in contenders if number % 2 else reversed(contenders):
            wall, cpu = perf_counter(), process_time()
            work()
            if number:
                took[name]["seconds"].append(perf_counter() - wall)
                took[name]["cpu_seconds"].append(process_time() - cpu)
    return took


def main(rounds: int) -> None:
    """Print what was measured."""
    with running_ministack() as endpoint:
        cloud = cloud_at(endpoint.http)
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(cloud.environment, AWS_CONFIG_FILE=os.devnull)
        print(
            json.dumps(
                {
                    "rows": {"each": ROWS, **in_turn(*writers(cloud), rounds)},
                    "messages": {"each": MESSAGES, **in_turn(*senders(cloud), rounds)},
                    "reads": {"each": READS, **in_turn(*readers(cloud), rounds)},
                }
            )
        )


def _ignored(_: object) -> None:
    """What the library answers."""


if __name__ == "__main__":
    main(int(sys.argv[1]))
