"""The adapters on DynamoDB, a row a stand-in; the log also with a filter before it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from attrs import frozen
from tests.contract.harness.harness import NOW_MS, Harness, Rows
from tests.standins import ministack, moto
from tests.standins.aws import clients_at
from tests.standins.dynamodb_local import running_dynamodb_local
from tests.standins.endpoint import pluggable
from tests.standins.ministack import running_ministack
from tests.standins.moto import running_moto
from tests.standins.shared import shared
from tests.standins.tables import table_definition

from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.ingestion_events import IngestionEvent
from fleetcore.ports.seen_window import SeenWindow
from fleetcore.testing.contracts.capabilities import Capability
from fleetcore.testing.contracts.log_rig import LogRig
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.dynamodb.event_store import DynamoEventStore
from fleetcore_adapters.aws.dynamodb.latest_positions import DynamoLatestPositions
from fleetcore_adapters.aws.dynamodb.location_log import DynamoLog
from fleetcore_adapters.aws.dynamodb.origins import DynamoOrigins
from fleetcore_adapters.aws.dynamodb.requests import Requests
from fleetcore_adapters.aws.dynamodb.tables import LOG, PARTS, STREAMS, VIEWS, Table
from fleetcore_adapters.memory import part_file
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.seen_window import MemorySeenWindow
from fleetcore_adapters.resilience.policy import Policy

T_co = TypeVar("T_co", covariant=True)


@frozen(slots=True)
class Service:
    """Something that serves DynamoDB until the stack is closed, or longer."""

    name: str
    open: Callable[[ExitStack], Clients]
    lacks: frozenset[Capability] = frozenset()


SERVICES: Final = (
    Service(
        "dynamodb-ministack", lambda _: clients_at(shared(running_ministack).http), ministack.LACKS
    ),
    Service("dynamodb-moto", lambda stack: stack.enter_context(running_moto()), moto.LACKS),
    Service("dynamodb-local", lambda _: clients_at(shared(running_dynamodb_local).http)),
    *([Service("dynamodb-aws", lambda _: Clients())] if pluggable() else []),
)


def new_table(clients: Clients, stack: ExitStack, table: Table) -> str:
    """The name of a table of the test's own; deleted with the stack."""
    name = f"test-{uuid4().hex}"
    clients.dynamodb.create_table(**table_definition(name, table))
    clients.dynamodb.get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    stack.callback(clients.dynamodb.delete_table, TableName=name)
    return name


def requests_of(clients: Clients) -> Requests:
    """Requests of a handle: its policy is its own."""
    return Requests(clients.dynamodb, Policy("DynamoDB"))


def on_table(
    service: Service, table: Table, make: Callable[[Requests, str], T_co]
) -> Harness[T_co]:
    """An adapter on one table."""

    def start(_folder: Path, stack: ExitStack) -> Callable[[], T_co]:
        clients = service.open(stack)
        name = new_table(clients, stack, table)
        return lambda: make(requests_of(clients), name)

    return Harness(service.name, start, service.lacks)


def log_on(service: Service, *, is_filtered: bool) -> Harness[LogRig]:
    """A log of plain parts, with or without a filter that its handles share."""

    def start(_folder: Path, stack: ExitStack) -> Callable[[], LogRig]:
        clients = service.open(stack)
        log_table, parts_table = (new_table(clients, stack, each) for each in (LOG, PARTS))
        objects = MemoryObjectStore()
        seen: SeenWindow | None = MemorySeenWindow() if is_filtered else None

        def opened() -> LogRig:
            log = DynamoLog(
                requests_of(clients),
                log_table,
                parts_table,
                objects=objects,
                read_rows=part_file.decode,
                clock=MemoryClock(NOW_MS),
                seen=seen,
            )
            return LogRig(log=log, objects=objects, encode=part_file.encode, compact=lambda: None)

        return opened

    name = f"{service.name}-filtered" if is_filtered else service.name
    return Harness(name, start, service.lacks)


def _event_store(requests: Requests, table: str) -> DynamoEventStore[IngestionEvent]:
    return DynamoEventStore(requests, table, INGESTION_EVENTS)


ROWS: Final[Rows] = {
    "event_store": tuple(on_table(each, STREAMS, _event_store) for each in SERVICES),
    "latest_positions": tuple(on_table(each, VIEWS, DynamoLatestPositions) for each in SERVICES),
    "location_log": tuple(
        log_on(each, is_filtered=is_filtered) for each in SERVICES for is_filtered in (False, True)
    ),
    "origins": tuple(on_table(each, STREAMS, DynamoOrigins) for each in SERVICES),
}
