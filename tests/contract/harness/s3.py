"""The adapters on S3, a row a stand-in; sources also where the bucket keeps versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from attrs import frozen
from tests.contract.harness.harness import Harness, Rows
from tests.standins import ministack, moto
from tests.standins.aws import clients_at
from tests.standins.endpoint import pluggable
from tests.standins.localstack import running_localstack
from tests.standins.ministack import running_ministack
from tests.standins.moto import running_moto
from tests.standins.shared import shared

from fleetcore.ports.object_store import ObjectStore
from fleetcore.testing.contracts.capabilities import Capability
from fleetcore.testing.contracts.source import SourceRig
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.s3.object_store import S3ObjectStore
from fleetcore_adapters.aws.s3.source import S3Source
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@frozen(slots=True)
class Service:
    """Something that serves S3 until the stack is closed, or longer."""

    name: str
    open: Callable[[ExitStack], Clients]
    lacks: frozenset[Capability] = frozenset()


SERVICES: Final = (
    Service("ministack", lambda _: clients_at(shared(running_ministack).http), ministack.LACKS),
    Service("moto", lambda stack: stack.enter_context(running_moto()), moto.LACKS),
    Service("localstack", lambda _: clients_at(shared(running_localstack).http)),
    *([Service("aws", lambda _: Clients())] if pluggable() else []),
)


@contextmanager
def new_bucket(client: S3Client, *, versioned: bool = False) -> Iterator[str]:
    """A bucket with a name of its own; it goes with the block, and all that is in it."""
    name = f"fleet-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    yield name
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        for each in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            client.delete_object(
                Bucket=name, Key=each.get("Key", ""), VersionId=each.get("VersionId", "")
            )
    client.delete_bucket(Bucket=name)


def object_stores(service: Service, _folder: Path, stack: ExitStack) -> Callable[[], ObjectStore]:
    """Objects of one bucket; a handle has a policy of its own."""
    client = service.open(stack).s3
    bucket = stack.enter_context(new_bucket(client))
    return lambda: S3ObjectStore(client, bucket, Policy("S3"))


def sources(
    service: Service, _folder: Path, stack: ExitStack, *, versioned: bool = False
) -> Callable[[], SourceRig]:
    """Uploads, each under a key of its own."""
    client = service.open(stack).s3
    bucket = stack.enter_context(new_bucket(client, versioned=versioned))
    numbers = count()

    def opened(data: bytes = b"") -> SourceRig:
        key = f"telemetry/{next(numbers)}/file.csv"

        def change(new: bytes) -> None:
            client.put_object(Bucket=bucket, Key=key, Body=new)

        change(data)
        return SourceRig(source=S3Source(client, bucket, key, Policy("S3")), change=change)

    return opened


ROWS: Final[Rows] = {
    "object_store": tuple(
        Harness(f"s3-{each.name}", partial(object_stores, each), each.lacks) for each in SERVICES
    ),
    "source": (
        *(Harness(f"s3-{each.name}", partial(sources, each), each.lacks) for each in SERVICES),
        *(
            Harness(f"s3-versioned-{each.name}", partial(sources, each, versioned=True), each.lacks)
            for each in SERVICES
        ),
    ),
}
