"""The clients of the AWS SDK, made when they are first asked for."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from fleetcore.errors import InvalidConfiguration
from fleetcore_adapters.aws.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONNECT_TIMEOUT_S: Final = 3.0

READ_TIMEOUT_S: Final[Mapping[str, float]] = {
    "dynamodb": 10.0,
    "s3": 20.0,
    "sns": 10.0,
    "sqs": 30.0,  # a long poll may wait 20 s
}
"""How long a service may be silent before its connection counts as cut."""

CONNECTIONS: Final = 32
"""Kept open to one service; as many threads can use a client without waiting."""


class Clients:
    """One client a service; each is safe to share between threads.

    Region, credentials and endpoints (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`) are
    found as the SDK finds them. The SDK's own retries are off: `resilience.Policy` is the only
    one. Raises `StorageUnavailable` if a client cannot be made, as without a region.
    """

    def __init__(self, session: boto3.Session | None = None) -> None:
        self._session = session
        self._lock = threading.Lock()

    @property
    def session(self) -> boto3.Session:
        """Where region and credentials come from."""
        if self._session is None:
            self._session = boto3.Session()
        return self._session

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB's low-level client: values are `{"S": ...}`."""
        with self._lock, translated("DynamoDB's client"):
            return self.session.client("dynamodb", config=_config("dynamodb"))

    @cached_property
    def s3(self) -> S3Client:
        """S3's client."""
        with self._lock, translated("S3's client"):
            return self.session.client("s3", config=_config("s3"))

    @cached_property
    def sns(self) -> SNSClient:
        """SNS's client."""
        with self._lock, translated("SNS's client"):
            return self.session.client("sns", config=_config("sns"))

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS's client."""
        with self._lock, translated("SQS's client"):
            return self.session.client("sqs", config=_config("sqs"))


def _config(service: str) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S[service],
        # Of the SDK's modes only this one compares DynamoDB's answers with their checksums.
        retries={"total_max_attempts": 1, "mode": "legacy"},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        # Buckets as host names need DNS that a stand-in on one port does not have.
        s3={"addressing_style": "path" if _is_elsewhere(service) else "auto"},
    )


def _is_elsewhere(service: str) -> bool:
    """Whether the environment names an endpoint of a service that is not AWS's own.

    Raises `InvalidConfiguration` for one that is no URL.
    """
    said = {
        name: os.environ[name]
        for name in ("AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{service.upper()}")
        if os.environ.get(name)
    }
    for name, url in said.items():
        if not url.startswith(("http://", "https://")):
            raise InvalidConfiguration(f"{name} {url!r} is no URL: it begins with http(s)://")
    return bool(said)
