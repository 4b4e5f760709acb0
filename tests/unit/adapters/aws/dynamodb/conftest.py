"""DynamoDB in this process, behind a wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from moto.core.models import botocore_stubber
from tests.contract.harness.dynamodb import new_table
from tests.standins.moto import running_moto
from tests.unit.adapters.aws.dynamodb.wire import Service, Wire, as_handler

from fleetcore_adapters.aws.dynamodb.tables import LOG, PARTS, STREAMS, VIEWS
from fleetcore_adapters.memory.object_store import MemoryObjectStore


@pytest.fixture(name="service")
def _service() -> Iterator[Service]:
    """An empty one."""
    wire = Wire()
    with ExitStack() as stack:
        clients = stack.enter_context(running_moto())
        log, parts, streams, views = (
            new_table(clients, stack, each) for each in (LOG, PARTS, STREAMS, VIEWS)
        )
        events = clients.dynamodb.meta.events
        # The SDK asks every handler, whatever the first one answered.
        moto, ours = as_handler(botocore_stubber), as_handler(wire)
        events.unregister("before-send", moto)
        stack.callback(events.register, "before-send", moto)
        events.register("before-send.dynamodb", ours)
        stack.callback(events.unregister, "before-send.dynamodb", ours)
        yield Service(
            wire=wire, clients=clients, streams=streams, views=views, log=log, parts=parts
        )


@pytest.fixture(name="objects")
def _objects() -> MemoryObjectStore:
    """Where parts lie."""
    return MemoryObjectStore()
