"""The tables that Terraform makes are those that the adapters use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fleetcore_adapters.aws.dynamodb.tables import LOG, PARTS, STREAMS, VIEWS, Index, Table

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def _table(values: Mapping[str, Any]) -> Table:
    indexes = [
        Index(name=each["name"], partition=each["hash_key"], sort=each["range_key"])
        for each in values["global_secondary_index"]
    ]
    expiry = [each["attribute_name"] for each in values["ttl"] if each["enabled"]]
    return Table(
        partition=values["hash_key"],
        sort=values["range_key"],
        index=next(iter(indexes), None),
        expires=next(iter(expiry), None),
    )


@pytest.mark.parametrize(
    ("role", "table"), [("log", LOG), ("parts", PARTS), ("streams", STREAMS), ("views", VIEWS)]
)
def test_keys_are_those_of_the_adapters(
    built: Mapping[str, Mapping[str, Any]], role: str, table: Table
) -> None:
    """Keys, index and expiry are what the adapters read and write by."""
    [values] = [
        each["values"]
        for each in built["storage/tables"]["root_module"]["resources"]
        if each["type"] == "aws_dynamodb_table" and each["index"] == role
    ]

    assert table == _table(values)
    assert {
        table.partition: "S",
        table.sort: "S",
        **({table.index.partition: "S", table.index.sort: "N"} if table.index else {}),
    } == {each["name"]: each["type"] for each in values["attribute"]}
