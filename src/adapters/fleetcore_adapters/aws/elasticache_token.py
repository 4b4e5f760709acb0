"""Passwords for ElastiCache, made of the caller's AWS credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from boto3 import Session
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from fleetcore.errors import InvalidConfiguration, StorageUnavailable
from fleetcore_adapters.aws.aws_errors import translated

VALID_S: Final = 900
"""The longest that ElastiCache takes a token for: 15 minutes. A connection outlives it, for at
most 12 hours."""


def elasticache_token(
    session: Session, cache: str, user: str, *, is_serverless: bool = False
) -> Callable[[], str]:
    """Makes tokens for a user of a cache: the id of its replication group, in small letters.

    A token is a presigned `GET https://<cache>/?Action=connect&User=<user>` of the service
    `elasticache`, without its scheme (ElastiCache user guide, "Authenticating with IAM"); it is
    computed here, no request is made. Raises `InvalidConfiguration` where the session has no
    region; making a token raises `StorageUnavailable` where there are no credentials.
    """
    region = session.region_name
    if region is None:
        raise InvalidConfiguration("no AWS region is set; set AWS_REGION")
    parameters = {"Action": "connect", "User": user}
    if is_serverless:
        parameters["ResourceType"] = "ServerlessCache"

    def token() -> str:
        with translated("the credentials for ElastiCache"):
            credentials = session.get_credentials()
            if credentials is None:
                raise StorageUnavailable("there are no AWS credentials to make a password of")
            keys = credentials.get_frozen_credentials()
        url = f"https://{cache.lower()}/"
        request = AWSRequest(method="GET", url=url, params=parameters)
        SigV4QueryAuth(keys, "elasticache", region, expires=VALID_S).add_auth(request)
        return str(request.url).removeprefix("https://")

    return token
