"""What a call to AWS has to be allowed, and what a policy allows: both as grants.

Sources: Service Authorization Reference; "Required permissions for Amazon S3 API operations";
"Using IAM with DynamoDB transactions".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Grant = tuple[str, str]
"""An action, and the name of a resource: its ARN after the account."""
Calls = Mapping[str, Iterable[str]]
"""Operations, `service:Operation` and words that matter to it, with the resources they were on."""

_S3: Final = {
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "CompleteMultipartUpload": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "PutObject": "s3:PutObject",
    "UploadPart": "s3:PutObject",
}
_TRANSACTED: Final = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
_USE_KEY: Final = ("kms:Decrypt", "kms:GenerateDataKey")


def actions_of(operation: str) -> frozenset[str]:
    """The actions that a role needs to be allowed for an operation of the SDK.

    Words after the operation are those of its parameters on which that depends: `VersionId` of
    S3's reads; `Put`, `Update`, `Delete` and `ConditionCheck` of DynamoDB's transactions.
    """
    name, *words = operation.split(" ")
    service, call = name.split(":")
    match service:
        case "s3" if "VersionId" in words:
            return frozenset({f"{_S3[call]}Version"})
        case "s3":
            return frozenset({_S3[call]})
        case "dynamodb" if call == "TransactWriteItems":
            return frozenset(_TRANSACTED[word] for word in words)
        case "dynamodb" | "sns":
            return frozenset({name})
        case "sqs":
            return frozenset({name.removesuffix("Batch")})
    raise LookupError(f"{operation}: no table of IAM actions")


def operation_of(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """A call of the SDK as `actions_of` takes it."""
    words = {word for item in parameters.get("TransactItems", ()) for word in item}
    words |= {"VersionId"} & set(parameters)
    return " ".join([f"{service}:{operation}", *sorted(words)])


def resources_of(parameters: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """What a call of the SDK was on, by the names that `names` gives to buckets, tables, ...

    An object goes by its bucket and the folder it lies in, or its key where it lies in none.
    """
    found = [
        *(parameters[each] for each in ("TableName", "QueueUrl", "TopicArn") if each in parameters),
        *parameters.get("RequestItems", ()),
        *(
            part["TableName"]
            for item in parameters.get("TransactItems", ())
            for part in item.values()
        ),
    ]
    for each in found:
        yield names[each]
    if "Bucket" in parameters:
        bucket = names[parameters["Bucket"]]
        key = parameters.get("Key")
        folder = "" if key is None else key.partition("/")[0]
        yield bucket if key is None else f"{bucket}/{folder}" + "/*" * (folder != key)


def needed(calls: Calls) -> frozenset[Grant]:
    """What a role needs for the calls themselves, and for what they bring with them.

    All is encrypted with the key `data`, alerts with `operations`. Who reads an object must be
    allowed to list its bucket, or a missing one looks forbidden.
    """
    grants = {
        (action, resource)
        for operation, resources in calls.items()
        for action in actions_of(operation)
        for resource in resources
    }
    services = {action.partition(":")[0] for action, _ in grants}
    keys = {"operations" if service == "sns" else "data" for service in services}
    grants |= {(action, f"key/{key}") for action in _USE_KEY for key in keys}
    if any(action.startswith("s3:GetObject") for action, _ in grants):
        grants.add(("s3:ListBucket", "bucket"))
    return frozenset(grants)


def granted(policy: str) -> frozenset[Grant]:
    """What a policy allows."""
    return frozenset(
        (action, resource.split(":", 5)[-1].removeprefix("table/"))
        for statement in json.loads(policy)["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        for resource in statement["Resource"]
    )
