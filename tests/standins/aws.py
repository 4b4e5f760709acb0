"""The SDK's clients, pointed at a stand-in."""

from __future__ import annotations

import os
from functools import cache
from typing import Final

import boto3
import pytest
from tests.standins.server import LOOPBACK

from fleetcore_adapters.aws.clients import Clients

REGION: Final = "us-east-1"


@cache
def clients_at(endpoint: str | None) -> Clients:
    """Clients of an endpoint, all of them made; None: of AWS's own, which `mock_aws` catches.

    Cached, since making one costs more than most tests. Region and credentials are made up, and
    nothing of what this machine's user has set up for AWS is looked at.
    """
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("NO_PROXY", LOOPBACK)
        if endpoint is not None:
            environment.setenv("AWS_ENDPOINT_URL", endpoint)
        clients = Clients(boto3.Session("test", "test", region_name=REGION))
        _ = clients.dynamodb, clients.s3, clients.sns, clients.sqs
    return clients
