"""The AWS SDK's errors as fleetcore's own: all of them."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from typing import Final

import botocore.exceptions as sdk
import botocore.session
import pytest
import urllib3.exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import StructureShape
from botocore.parsers import ResponseParserError

from fleetcore.errors import (
    FleetcoreError,
    ObjectMissing,
    StorageUnavailable,
    Throttled,
    VersionConflict,
)
from fleetcore_adapters.aws.aws_errors import (
    ADVICE_BY_CODE,
    MISSING_CODES,
    THROTTLE_CODES,
    TRANSIENT_CODES,
    code_of,
    reasons_of,
    translated,
)
from fleetcore_adapters.aws.operations import OPERATIONS
from fleetcore_adapters.resilience.breaker import Transient

GENERIC: Final[Mapping[str, type[FleetcoreError]]] = {
    "AccessDenied": StorageUnavailable,
    "AccessDeniedException": StorageUnavailable,
    "ConditionalRequestConflict": Throttled,
    "ExpiredToken": StorageUnavailable,
    "ExpiredTokenException": StorageUnavailable,
    "InternalError": Transient,
    "InvalidAccessKeyId": StorageUnavailable,
    "InvalidClientTokenId": StorageUnavailable,
    "InvalidSignatureException": StorageUnavailable,
    "KMS.DisabledException": StorageUnavailable,
    "KMS.InternalException": Transient,
    "KMS.InvalidStateException": StorageUnavailable,
    "KMS.KeyUnavailableException": Transient,
    "KMS.NotFoundException": StorageUnavailable,
    "KMS.ThrottlingException": Throttled,
    "KmsThrottled": Throttled,
    "NoSuchBucket": StorageUnavailable,
    "NoSuchKey": ObjectMissing,
    "PreconditionFailed": StorageUnavailable,
    "ProvisionedThroughputExceededException": Throttled,
    "RequestLimitExceeded": Throttled,
    "RequestThrottled": Throttled,
    "RequestTimeTooSkewed": StorageUnavailable,
    "RequestTimeout": Transient,
    "ServiceUnavailable": Transient,
    "SignatureDoesNotMatch": StorageUnavailable,
    "SlowDown": Throttled,
    "Throttling": Throttled,
    "ThrottlingException": Throttled,
    "TooManyRequestsException": Throttled,
    "TransactionConflictException": Throttled,
    "UnrecognizedClientException": StorageUnavailable,
    "ValidationException": StorageUnavailable,
}
"""What services answer although no operation's model lists it, and how it must be taken."""


def modelled() -> Iterator[tuple[str, str]]:
    """Every error code the SDK's models list for an operation used, by service."""
    session = botocore.session.get_session()
    for service, operations in OPERATIONS.items():
        model = session.get_service_model(service)
        for operation in sorted(operations):
            for shape in model.operation_model(operation).error_shapes:
                assert isinstance(shape, StructureShape)
                yield service, shape.error_code


def bases(kind: type[Exception]) -> Iterator[type[Exception]]:
    """A class of errors and all below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from bases(below)


SDK_ERRORS: Final = sorted(
    {kind for kind in bases(BotoCoreError) if kind.__module__.startswith("botocore.")},
    key=lambda kind: kind.__name__,
)

EXAMPLES: Final[Mapping[type[Exception], type[StorageUnavailable]]] = {
    sdk.EndpointConnectionError: Transient,
    sdk.ConnectTimeoutError: Transient,
    sdk.ReadTimeoutError: Transient,
    sdk.ConnectionClosedError: Transient,
    sdk.ProxyConnectionError: Transient,
    sdk.SSLError: Transient,
    sdk.HTTPClientError: Transient,
    sdk.ResponseStreamingError: Transient,
    sdk.IncompleteReadError: Transient,
    sdk.ChecksumError: Transient,
    sdk.FlexibleChecksumError: Transient,
    sdk.NoCredentialsError: StorageUnavailable,
    sdk.PartialCredentialsError: StorageUnavailable,
    sdk.CredentialRetrievalError: StorageUnavailable,
    sdk.NoRegionError: StorageUnavailable,
    sdk.ParamValidationError: StorageUnavailable,
}

NETWORK: Final = (
    ConnectionResetError(104, "Connection reset by peer"),
    BrokenPipeError(32, "Broken pipe"),
    TimeoutError("timed out"),
    ssl.SSLError(1, "decryption failed or bad record mac"),
    http.client.IncompleteRead(b"ab", 3),
    http.client.BadStatusLine("\x00"),
    urllib3.exceptions.ProtocolError("Connection broken"),
    urllib3.exceptions.IncompleteRead(2, 3),
    urllib3.exceptions.DecodeError("not gzip"),
    urllib3.exceptions.SSLError("bad record mac"),
    ResponseParserError("Unable to parse response: not well-formed"),
)


def answer(code: str, status: int = 400, **more: object) -> ClientError:
    """A service's answer that is an error."""
    response = {
        "Error": {"Code": code, "Message": "boom"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, "Operation")  # type: ignore[arg-type]  # as short as may be


def example(kind: type[Exception]) -> Exception:
    """An error of the SDK's class, its message filled in with anything."""

    class Anything(dict[str, object]):
        def __missing__(self, key: str) -> str:
            return "boom"

    error = kind.__new__(kind)
    Exception.__init__(error, getattr(kind, "fmt", "boom").format_map(Anything()))
    return error


def told(error: Exception) -> FleetcoreError:
    """What an error is translated to."""
    with pytest.raises(FleetcoreError) as raised, translated("the store"):
        raise error
    assert error is raised.value.__cause__
    assert str(raised.value).startswith("the store: ")
    return raised.value


def advice(error: FleetcoreError) -> str:
    """What is said behind the service's own words."""
    return str(error).partition("boom; ")[2]


@pytest.mark.parametrize(("service", "code"), sorted(set(modelled())))
def test_every_modelled_code_is_translated(service: str, code: str) -> None:
    """It becomes ours, says the code, and what to do unless the object is only missing."""
    error = told(answer(code))

    assert code in str(error)
    assert isinstance(error, ObjectMissing) or advice(error)


def test_the_models_list_codes() -> None:
    """The table above is not empty by mistake: each service has some."""
    assert set(OPERATIONS) == {service for service, _ in modelled()}
    assert ("dynamodb", "ProvisionedThroughputExceededException") in set(modelled())


@pytest.mark.parametrize(("code", "kind"), GENERIC.items())
def test_generic_codes_are_taken_for_what_they_are(code: str, kind: type[FleetcoreError]) -> None:
    """A refusal for now, a fault that may pass, or what stays: each of its class, exactly."""
    assert kind is type(told(answer(code)))


def test_a_code_has_one_meaning() -> None:
    """The tables do not overlap, or their order would decide."""
    tables = (MISSING_CODES, THROTTLE_CODES, TRANSIENT_CODES, frozenset(ADVICE_BY_CODE))

    assert sum(map(len, tables)) == len(frozenset().union(*tables))


@pytest.mark.parametrize(("code", "expected"), ADVICE_BY_CODE.items())
def test_what_stays_says_what_to_do(code: str, expected: str) -> None:
    """Its code decides the advice, whatever the status."""
    assert expected == advice(told(answer(code, 500)))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, StorageUnavailable), (429, Throttled), (500, Transient), (503, Transient)],
)
def test_an_unknown_code_is_taken_by_its_status(status: int, kind: type[FleetcoreError]) -> None:
    """As are answers without a body, whose code is the status."""
    assert kind is type(told(answer("NewInventedCode", status)))
    assert kind is type(told(answer(str(status), status)))


def test_an_answer_without_anything_is_translated() -> None:
    """Not even a code."""
    error = told(ClientError({}, "Operation"))

    assert StorageUnavailable is type(error)


def test_the_name_space_of_old_queue_codes_is_left_out() -> None:
    """SQS answers in two protocols; adapters compare one code."""
    error = answer("AWS.SimpleQueueService.NonExistentQueue")

    assert "NonExistentQueue" == code_of(error)
    assert "check the region" in advice(told(error))


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (["None", "ThrottlingError"], Throttled),
        (["TransactionConflict", "None"], Throttled),
        (["ProvisionedThroughputExceeded"], Throttled),
        (["None", "ValidationError"], StorageUnavailable),
        (["ConditionalCheckFailed"], StorageUnavailable),
    ],
)
def test_a_cancelled_transaction_is_taken_by_its_reasons(
    reasons: list[str], kind: type[FleetcoreError]
) -> None:
    """One throttled item is worth another try."""
    error = answer(
        "TransactionCanceledException", CancellationReasons=[{"Code": code} for code in reasons]
    )

    assert kind is type(told(error))
    assert tuple(reasons) == reasons_of(error)


@pytest.mark.parametrize("kind", SDK_ERRORS)
def test_every_error_of_the_sdk_is_translated(kind: type[Exception]) -> None:
    """Whatever class it has, it becomes ours, says its name and what to do."""
    error = told(example(kind))

    assert isinstance(error, StorageUnavailable)
    assert f"the store: {kind.__name__}: " in str(error)
    assert "; " in str(error)


@pytest.mark.parametrize(("kind", "expected"), EXAMPLES.items())
def test_errors_of_the_sdk_are_taken_for_what_they_are(
    kind: type[Exception], expected: type[StorageUnavailable]
) -> None:
    """What the network does may pass, what is not set up does not."""
    assert kind in SDK_ERRORS
    assert expected is type(told(example(kind)))


@pytest.mark.parametrize("error", NETWORK, ids=lambda error: type(error).__name__)
def test_errors_below_the_sdk_are_translated(error: Exception) -> None:
    """As they leak from bodies that are read in pieces."""
    assert Transient is type(told(error))


@pytest.mark.parametrize("error", [VersionConflict("a", 0, 1), KeyError("a bug")])
def test_other_errors_pass(error: Exception) -> None:
    """What is raised on purpose inside is not changed, nor is a bug hidden."""
    with pytest.raises(type(error)) as raised, translated("the store"):
        raise error
    assert error is raised.value
