"""Queues on a scripted service."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.adapters.aws.sqs.scripted_sqs import ScriptedSqs

from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.sqs.queue import Queue
from fleetcore_adapters.resilience.policy import Policy


@pytest.fixture
def sqs() -> ScriptedSqs:
    """The service."""
    return ScriptedSqs()


@pytest.fixture
def queue_named(sqs: ScriptedSqs) -> Callable[[str], Queue]:
    """Makes a queue of that name on the service; nobody waits between tries."""
    clients = Clients()
    clients.__dict__["sqs"] = sqs
    policy = Policy("queues", sleep=lambda _: None)
    return lambda name: Queue(clients, f"https://sqs.invalid/1/{name}", policy)
