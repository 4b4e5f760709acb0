"""Errors of the AWS SDK as fleetcore's own, translated in one place.

What a service may rightly answer (a condition that does not hold) is handled where it is
expected, inside `translated`:

    def put() -> bool:
        with translated("the streams table"):
            try:
                client.put_item(...)
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    return False
                raise
            return True

    policy.call(put)
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import botocore.exceptions as sdk
import urllib3.exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from fleetcore.errors import ObjectMissing, StorageUnavailable, Throttled
from fleetcore_adapters.resilience.breaker import Transient

_PATIENCE: Final = "the service asks for patience; try again later, or raise its limits"
_OUTAGE: Final = "the service is at fault; try again later"
_NETWORK: Final = "check the network and AWS_ENDPOINT_URL, then try again"
_CREDENTIALS: Final = "sign in again, or give valid credentials"
_CLOCK: Final = "set this machine's clock"
_PERMISSION: Final = "allow it in the policy of the role, the resource and the KMS key"
_SETTINGS: Final = "check the region, the endpoint and the SDK's configuration"
_RESOURCE: Final = "check the region and the FLEETCORE_ variables that name it, or create it"
_KEY: Final = "check that the KMS key exists, is enabled and its policy allows this use"
_SIZE: Final = "it is larger than the service takes; use smaller parts or batches"
_ARCHIVED: Final = "the object is archived; restore it in S3, then try again"
_CONDITION: Final = "another writer was there first; read again, then decide"
_FORWARDED: Final = "the endpoint of the topic's subscriber is disabled; enable it"
_REQUEST: Final = "the service refuses the request as such; check that it is the one configured"

MISSING_CODES: Final = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
"""An object that is not there; a HEAD has no body to say more than its status."""

THROTTLE_CODES: Final = frozenset(
    {
        *("BandwidthLimitExceeded", "LimitExceededException", "OverLimit", "RequestLimitExceeded"),
        *("PriorRequestNotComplete", "ProvisionedThroughputExceededException", "SlowDown"),
        *("RequestThrottled", "RequestThrottledException", "ThrottledException", "Throttling"),
        *("ThrottlingException", "TooManyRequestsException", "429"),
        # Racing requests for one thing: the service wants one of them to come later.
        *("ConditionalRequestConflict", "OperationAborted", "ReplicatedWriteConflictException"),
        *("TransactionConflictException", "TransactionInProgressException"),
    }
)

TRANSIENT_CODES: Final = frozenset(
    {
        *("InternalError", "InternalErrorException", "InternalFailure", "InternalServerError"),
        *("InternalServiceError", "RequestTimeout", "RequestTimeoutException"),
        *("ServiceUnavailable", "ServiceUnavailableException", "Unavailable"),
        # What arrived is not what was sent.
        *("BadDigest", "IncompleteBody", "XAmzContentChecksumMismatch"),
        "XAmzContentSHA256Mismatch",
    }
)

ADVICE_BY_CODE: Final[Mapping[str, str]] = {
    "400": _REQUEST,
    "403": _PERMISSION,
    "412": _CONDITION,
    "AccessDenied": f"{_PERMISSION}; without s3:ListBucket S3 says this of what is missing too",
    "AccessDeniedException": _PERMISSION,
    "AllAccessDisabled": _PERMISSION,
    "AuthFailure": _CREDENTIALS,
    "AuthorizationError": _PERMISSION,
    "AuthorizationHeaderMalformed": _SETTINGS,
    "BatchRequestTooLong": _SIZE,
    "ConditionalCheckFailedException": _CONDITION,
    "EndpointDisabled": _FORWARDED,
    "EntityTooLarge": _SIZE,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidAddress": _RESOURCE,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidObjectState": _ARCHIVED,
    "InvalidSecurity": "use https and Signature Version 4",
    "InvalidSignatureException": f"{_CREDENTIALS}; {_CLOCK}",
    "InvalidToken": _CREDENTIALS,
    "ItemCollectionSizeLimitExceededException": _SIZE,
    "MissingAuthenticationToken": _CREDENTIALS,
    "NoSuchBucket": _RESOURCE,
    "NonExistentQueue": _RESOURCE,
    "NotFound": _RESOURCE,
    "NotSignedUp": _PERMISSION,
    "OptInRequired": _PERMISSION,
    "PermanentRedirect": _SETTINGS,
    "PlatformApplicationDisabled": _FORWARDED,
    "PreconditionFailed": _CONDITION,
    "QueueDoesNotExist": _RESOURCE,
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "ResourceNotFoundException": _RESOURCE,
    "SignatureDoesNotMatch": f"{_CREDENTIALS}; {_CLOCK}",
    "TransactionCanceledException": _CONDITION,
    "UnauthorizedAccess": _PERMISSION,
    "UnrecognizedClientException": _CREDENTIALS,
}
"""Answers that will be the same next time; a code that is not here is a request refused as such."""

_THROTTLE_REASONS: Final = frozenset(
    {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}
)
_TRANSIENT_ERRORS: Final = (
    sdk.HTTPClientError,
    sdk.ConnectionError,
    sdk.IncompleteReadError,
    sdk.ChecksumError,
    sdk.FlexibleChecksumError,
    sdk.MetadataRetrievalError,
)
_CREDENTIAL_ERRORS: Final = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.NoAuthTokenError,
    sdk.TokenRetrievalError,
    sdk.UnknownCredentialError,
    sdk.RefreshWithMFAUnsupportedError,
    sdk.SSOError,
    sdk.LoginError,
)
_REQUEST_ERRORS: Final = (sdk.ParamValidationError, sdk.ValidationError)

NETWORK_ERRORS: Final = (
    ResponseParserError,  # an answer cut or damaged on the way
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)
"""What the layers below the SDK raise, mostly while a body is read."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise what the SDK says of `what`, such as "the log table", as fleetcore's own error.

    `ObjectMissing`: S3 has no such object. `Throttled`: the service refuses for now.
    `Transient`: it did not answer, or is at fault. Else `StorageUnavailable`; all say what to
    do. The codes are those of the services' documentation.
    """
    try:
        yield
    except ClientError as error:
        raise _answered(what, error) from error
    except BotoCoreError as error:
        raise _failed(what, error) from error
    except NETWORK_ERRORS as error:
        raise Transient(f"{what}: {_named(error)}; {_NETWORK}") from error


def code_of(error: ClientError) -> str:
    """The error code a service answered; SQS's without the namespace of its old protocol."""
    code = error.response.get("Error", {}).get("Code", "")
    return code.removeprefix("AWS.SimpleQueueService.")


def reasons_of(error: ClientError) -> tuple[str, ...]:
    """Why a DynamoDB transaction was cancelled, a code an item; `None` is the text of no reason."""
    reasons = error.response.get("CancellationReasons", [])
    return tuple(reason.get("Code", "None") for reason in reasons)


def _answered(what: str, error: ClientError) -> ObjectMissing | StorageUnavailable:
    code = code_of(error)
    message = error.response.get("Error", {}).get("Message", "no message")
    told = f"{what}: {code or 'no code'}: {message}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in MISSING_CODES:
        return ObjectMissing(told)
    if (
        code in THROTTLE_CODES
        or status == http.HTTPStatus.TOO_MANY_REQUESTS
        or _THROTTLE_REASONS.intersection(reasons_of(error))
    ):
        return Throttled(f"{told}; {_PATIENCE}")
    if code.lower().startswith("kms"):
        return _of_key(told, code)
    if code in ADVICE_BY_CODE:
        return StorageUnavailable(f"{told}; {ADVICE_BY_CODE[code]}")
    if code in TRANSIENT_CODES or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return Transient(f"{told}; {_OUTAGE}")
    return StorageUnavailable(f"{told}; {_REQUEST}")


def _of_key(told: str, code: str) -> StorageUnavailable:
    """KMS behind another service: `KMS.DisabledException`, `KmsThrottled`, `KMSAccessDenied`."""
    if "Throttl" in code or "LimitExceeded" in code:
        return Throttled(f"{told}; {_PATIENCE}")
    if "Internal" in code or "Timeout" in code or "Unavailable" in code:
        return Transient(f"{told}; {_OUTAGE}")
    return StorageUnavailable(f"{told}; {_KEY}")


def _failed(what: str, error: BotoCoreError) -> StorageUnavailable:
    told = f"{what}: {_named(error)}"
    if isinstance(error, _TRANSIENT_ERRORS):
        return Transient(f"{told}; {_NETWORK}")
    if isinstance(error, _CREDENTIAL_ERRORS):
        return StorageUnavailable(f"{told}; {_CREDENTIALS}")
    if isinstance(error, _REQUEST_ERRORS):
        return StorageUnavailable(f"{told}; {_REQUEST}")
    return StorageUnavailable(f"{told}; {_SETTINGS}")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
