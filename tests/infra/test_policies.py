"""A role may do what its handler does, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from tests.infra.iam import Grant, actions_of, granted, needed, operation_of, resources_of

from fleetcore_adapters.aws.operations import OPERATIONS

CALLS: Final = Path(__file__).parents[1] / "system" / "recorded_calls.json"
"""What each handler was seen to call."""

CONSUMED: Final = {"ingest_file": ("uploads",), "store_events": ("idle", "moving.fifo")}
"""The queues that Lambda itself polls for each handler."""

EVERYWHERE: Final = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Actions on resources that have no names, or none yet."""


def _of_lambda(handler: str) -> frozenset[Grant]:
    """What Lambda does in the role's name, and Redis, which is not called through the SDK."""
    return frozenset(
        {
            *((action, "*") for action in EVERYWHERE),
            ("logs:CreateLogStream", "log-group:/aws/lambda/one:*"),
            ("logs:PutLogEvents", "log-group:/aws/lambda/one:*"),
            ("elasticache:Connect", "replicationgroup:cache"),
            ("elasticache:Connect", "user:functions"),
            *(
                (f"sqs:{action}", queue)
                for queue in CONSUMED[handler]
                for action in (
                    "ChangeMessageVisibility",
                    "DeleteMessage",
                    "GetQueueAttributes",
                    "ReceiveMessage",
                )
            ),
        }
    )


def _policy(built: Mapping[str, Mapping[str, Any]], handler: str) -> str:
    policy: str = built["telemetry/everything"]["outputs"]["policies"]["value"][handler]
    return policy


@pytest.mark.terraform
@pytest.mark.slow
@pytest.mark.parametrize("handler", CONSUMED)
def test_a_role_may_do_what_its_handler_does(
    built: Mapping[str, Mapping[str, Any]], handler: str
) -> None:
    """Nothing is missing in the policy, and nothing is extra."""
    calls = json.loads(CALLS.read_text())[handler]
    expected = needed(calls) | _of_lambda(handler)
    actual = granted(_policy(built, handler))

    assert frozenset() == expected - actual, "missing"
    assert frozenset() == actual - expected, "extra"


@pytest.mark.terraform
@pytest.mark.slow
@pytest.mark.parametrize("handler", CONSUMED)
def test_wildcards_stand_where_nothing_has_a_name(
    built: Mapping[str, Mapping[str, Any]], handler: str
) -> None:
    """No action is a wildcard, and no resource but those of tracing and of the network."""
    statements = json.loads(_policy(built, handler))["Statement"]

    assert not [action for each in statements for action in each["Action"] if "*" in action]
    assert EVERYWHERE == {
        action for each in statements if each["Resource"] == ["*"] for action in each["Action"]
    }


def test_every_operation_has_its_actions() -> None:
    """Every operation that the adapters may use can be compared with a policy."""
    operations = [f"{service}:{each}" for service, names in OPERATIONS.items() for each in names]

    assert [] == [
        each
        for each in operations
        if each != "dynamodb:TransactWriteItems" and not actions_of(each)
    ]


@pytest.mark.parametrize(
    ("operation", "actions"),
    [
        ("s3:HeadObject", {"s3:GetObject"}),
        ("s3:GetObject VersionId", {"s3:GetObjectVersion"}),
        ("s3:UploadPart", {"s3:PutObject"}),
        ("sqs:DeleteMessageBatch", {"sqs:DeleteMessage"}),
        (
            "dynamodb:TransactWriteItems ConditionCheck Put",
            {"dynamodb:ConditionCheckItem", "dynamodb:PutItem"},
        ),
    ],
)
def test_an_operation_needs_its_actions(operation: str, actions: set[str]) -> None:
    """Some operations are allowed by actions of another name."""
    assert actions == actions_of(operation)


def test_an_unknown_service_is_an_error() -> None:
    """What no table knows is not taken for allowed."""
    with pytest.raises(LookupError, match="iot:Publish"):
        actions_of("iot:Publish")


def test_a_call_is_known_by_its_parameters() -> None:
    """Operation and resources are read from what the SDK is called with."""
    parameters = {"TransactItems": [{"Put": {"TableName": "t1"}}, {"Update": {"TableName": "t2"}}]}
    names = {"t1": "streams", "t2": "parts", "b": "bucket"}
    versioned = {"Bucket": "b", "Key": "telemetry/a/b.csv", "VersionId": "1"}

    assert "dynamodb:TransactWriteItems Put Update" == operation_of(
        "dynamodb", "TransactWriteItems", parameters
    )
    assert ["streams", "parts"] == list(resources_of(parameters, names))
    assert "s3:GetObject VersionId" == operation_of("s3", "GetObject", versioned)
    assert ["bucket/telemetry/*"] == list(resources_of(versioned, names))
