"""Passwords for ElastiCache."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from boto3 import Session
from botocore import auth
from botocore.model import ServiceId
from botocore.signers import RequestSigner

from fleetcore.errors import InvalidConfiguration, StorageUnavailable
from fleetcore_adapters.aws.elasticache_token import elasticache_token

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "get_current_datetime", lambda **_: NOW)


@pytest.fixture(name="session")
def _session() -> Session:
    return Session(
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        aws_session_token="to/k+en",
        region_name="eu-central-1",
    )


def test_a_token_has_the_documented_form(session: Session) -> None:
    """A presigned URL without its scheme: the cache, the user, fifteen minutes."""
    url = urlsplit("https://" + elasticache_token(session, "Fleet-Cache", "fleetcore")())
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    signature = query.pop("X-Amz-Signature")

    assert ("fleet-cache", "/") == (url.netloc, url.path)
    assert 64 == len(signature)
    assert {
        "Action": "connect",
        "User": "fleetcore",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKID/20260102/eu-central-1/elasticache/aws4_request",
        "X-Amz-Date": "20260102T030405Z",
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Security-Token": "to/k+en",
    } == query


def test_a_token_is_what_the_documented_signer_makes(session: Session) -> None:
    """The user guide's example signs with botocore's `RequestSigner`: the same token."""
    credentials = session.get_credentials()
    signer = RequestSigner(
        ServiceId("elasticache"),
        "eu-central-1",
        "elasticache",
        "v4",
        credentials,  # type: ignore[arg-type]
        session.events,
    )
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": "https://cache/?Action=connect&User=app&ResourceType=ServerlessCache",
            "body": {},
            "headers": {},
            "context": {},
        },
        operation_name="connect",
        expires_in=900,
        region_name="eu-central-1",
    )

    assert url == "https://" + elasticache_token(session, "cache", "app", is_serverless=True)()


def test_a_region_is_needed() -> None:
    """Without a region there is nothing to sign for."""
    with pytest.raises(InvalidConfiguration, match="AWS_REGION"):
        elasticache_token(_NoRegion(), "cache", "app")


def test_credentials_are_needed(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that are gone are an unavailable store: a cache goes on without."""
    monkeypatch.setattr(session, "get_credentials", lambda: None)

    with pytest.raises(StorageUnavailable, match="credentials"):
        elasticache_token(session, "cache", "app")()


class _NoRegion(Session):
    region_name = None  # type: ignore[assignment]
