"""The clients of the AWS SDK."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ClientError

from fleetcore.errors import InvalidConfiguration, StorageUnavailable
from fleetcore_adapters.aws.aws_errors import translated
from fleetcore_adapters.aws.clients import READ_TIMEOUT_S, Clients
from fleetcore_adapters.resilience.breaker import Transient

SERVICES = sorted(READ_TIMEOUT_S)


@pytest.fixture(name="clients")
def _clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    session = boto3.Session("test", "test", region_name="eu-central-1")
    return Clients(session)


@pytest.mark.parametrize("service", SERVICES)
def test_the_sdk_does_not_retry(clients: Clients, service: str) -> None:
    """One request a call: retries are the policy's."""
    config = getattr(clients, service).meta.config

    assert 1 == config.retries["total_max_attempts"]
    assert READ_TIMEOUT_S[service] == config.read_timeout


class Raw(io.BytesIO):
    """The body of an answer."""

    def stream(self, **_options: object) -> Iterator[bytes]:
        """As urllib3's."""
        yield self.read()


def answering(
    clients: Clients, status: int, headers: Mapping[str, str], body: bytes
) -> list[AWSRequest]:
    """Lets DynamoDB answer so, for ever; the requests it gets."""
    requests: list[AWSRequest] = []

    def answer(request: AWSRequest, **_more: object) -> AWSResponse:
        requests.append(request)
        return AWSResponse("http://here", status, headers, Raw(body))  # type: ignore[arg-type]  # as short as may be

    clients.dynamodb.meta.events.register_first("before-send", answer)  # type: ignore[arg-type]  # its answer counts
    return requests


def test_a_failure_is_one_request(clients: Clients) -> None:
    """The SDK takes its word for it."""
    requests = answering(clients, 503, {}, b"")

    with pytest.raises(ClientError):
        clients.dynamodb.get_item(TableName="log", Key={"a": {"S": "b"}})
    assert 1 == len(requests)


def test_an_answer_that_was_damaged_on_the_way_is_noticed(clients: Clients) -> None:
    """DynamoDB's carry a CRC-32 of their bytes."""
    requests = answering(
        clients, 200, {"x-amz-crc32": "12345"}, b'{"Item": {"a": {"S": "damaged"}}}'
    )

    with pytest.raises(Transient, match="ChecksumError"), translated("the log table"):
        clients.dynamodb.get_item(TableName="log", Key={"a": {"S": "b"}})
    assert 1 == len(requests)


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_is_made_once(clients: Clients, service: str) -> None:
    """Each time the same one, and the one of its service."""
    client = getattr(clients, service)

    assert client is getattr(clients, service)
    assert service == client.meta.service_model.service_name


def test_threads_may_ask_at_once(clients: Clients) -> None:
    """Every thread gets clients that work."""

    def asked(service: str) -> str:
        return str(getattr(clients, service).meta.service_model.service_name)

    asks = SERVICES * 4
    with ThreadPoolExecutor(8) as pool:
        assert asks == list(pool.map(asked, asks))


def test_endpoints_come_from_the_environment(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for all services, or for one; its buckets are paths, not host names."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://localhost:2")
    url = clients.s3.generate_presigned_url("get_object", {"Bucket": "fleet", "Key": "k"})

    assert url.startswith("http://localhost:1/fleet/k?")
    assert "http://localhost:2" == clients.sqs.meta.endpoint_url


def test_without_a_region_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when they are made, but when a client is asked for."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    clients = Clients()

    with pytest.raises(StorageUnavailable, match=r"DynamoDB's client: NoRegionError: .*region"):
        _ = clients.dynamodb


def test_an_endpoint_that_is_no_url_is_a_mistake_of_the_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is named, before anything is asked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "foo")

    with pytest.raises(InvalidConfiguration, match="AWS_ENDPOINT_URL 'foo' is no URL"):
        _ = Clients(boto3.Session("test", "test", region_name="us-east-1")).sqs
