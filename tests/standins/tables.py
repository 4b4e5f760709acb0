"""The tables of a fleet, as tests make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetcore_adapters.aws.dynamodb.tables import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef


def table_definition(name: str, table: Table) -> CreateTableInputTypeDef:
    """What makes a table, under this name, with its keys and its index."""
    definition: CreateTableInputTypeDef = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": table.partition, "KeyType": "HASH"},
            {"AttributeName": table.sort, "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": table.partition, "AttributeType": "S"},
            {"AttributeName": table.sort, "AttributeType": "S"},
        ],
    }
    if table.index is not None:
        definition["AttributeDefinitions"] = [
            *definition["AttributeDefinitions"],
            {"AttributeName": table.index.partition, "AttributeType": "S"},
            {"AttributeName": table.index.sort, "AttributeType": "N"},
        ]
        definition["GlobalSecondaryIndexes"] = [
            {
                "IndexName": table.index.name,
                "KeySchema": [
                    {"AttributeName": table.index.partition, "KeyType": "HASH"},
                    {"AttributeName": table.index.sort, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ]
    return definition
