"""Requests to DynamoDB within its limits, through the one policy of calls.

The limits are those of the service's documentation: 25 items and 16 MB in a batch of writes,
100 keys in a batch of reads, 100 items and 4 MB in a transaction, 400 kB an item, 1 MB a page.
What a batch left undone is asked for again, as a throttled request is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from attrs import field, frozen
from botocore.exceptions import ClientError

from fleetcore.errors import InvalidInput, Throttled
from fleetcore_adapters.aws.aws_errors import code_of, reasons_of, translated
from fleetcore_adapters.aws.dynamodb.values import (
    MOST_ITEM_BYTES,
    Item,
    Value,
    int_in,
    item_size,
    of_int,
)
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        ConditionCheckTypeDef,
        PutItemInputTypeDef,
        PutTypeDef,
        QueryInputTypeDef,
        ScanInputTypeDef,
        TransactWriteItemTypeDef,
        WriteRequestTypeDef,
    )

BATCH_WRITES: Final = 25
BATCH_READS: Final = 100
BATCH_BYTES: Final = 16 * 2**20 // 6
"""Of items in one batch: JSON on the wire may write a byte of text as six."""
TRANSACTION_ITEMS: Final = 100
TRANSACTION_BYTES: Final = 4 * 2**20
_CONFLICT: Final = {"TransactionConflict"}


@frozen(slots=True)
class Expression:
    """A condition in the service's language; attributes stand as `#name`, values as `:name`."""

    text: str
    values: Mapping[str, Value] = field(factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """The attributes by their names in the text: many plain words are reserved."""
        return {f"#{name}": name for name in re.findall(r"#(\w+)", self.text)}


@frozen(slots=True)
class Put:
    """One item of a transaction, put under a condition."""

    table: str
    item: Item
    condition: Expression


@frozen(slots=True)
class Check:
    """One item of a transaction, of which a condition must hold."""

    table: str
    key: Item
    condition: Expression


@frozen(slots=True)
class Page:
    """Items in the order of their keys, and the key up to which was looked; None: to the end."""

    items: Sequence[Item]
    reached: Item | None


class Requests:
    """Every kind of request the adapters make. Safe to share between threads.

    Reads are strongly consistent, apart from those of an index. All methods raise
    `StorageUnavailable`, `Throttled`.
    """

    def __init__(self, client: DynamoDBClient, policy: Policy) -> None:
        self._client = client
        self._policy = policy

    def get(self, table: str, key: Item) -> Item | None:
        """The item under a key."""

        def get() -> Item | None:
            with translated(f"the table {table}"):
                return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get(
                    "Item"
                )

        return self._policy.call(get)

    def get_all(self, table: str, keys: Sequence[Item]) -> list[Item]:
        """The items under distinct keys, as far as there are any, in no order."""
        found: list[Item] = []
        for start in range(0, len(keys), BATCH_READS):
            waiting: Sequence[Item] = keys[start : start + BATCH_READS]

            def get() -> None:
                nonlocal waiting
                with translated(f"the table {table}"):
                    answer = self._client.batch_get_item(
                        RequestItems={table: {"Keys": waiting, "ConsistentRead": True}}
                    )
                found.extend(answer["Responses"].get(table, ()))
                undone = answer.get("UnprocessedKeys", {}).get(table)
                waiting = undone["Keys"] if undone else ()
                if waiting:
                    raise Throttled(f"the table {table} left {len(waiting)} keys unread")

            self._policy.call(get)
        return found

    def query(
        self,
        table: str,
        keys: Expression,
        index: str | None = None,
        matching: Expression | None = None,
    ) -> Iterator[Item]:
        """The items of one partition in the order of their sort keys, page by page."""
        reached: Item | None = None
        while True:
            page = self.query_page(table, keys, index=index, matching=matching, after=reached)
            yield from page.items
            reached = page.reached
            if reached is None:
                return

    def query_page(
        self,
        table: str,
        keys: Expression,
        *,
        index: str | None = None,
        matching: Expression | None = None,
        after: Item | None = None,
        limit: int | None = None,
        is_descending: bool = False,
    ) -> Page:
        """One request of a query: at most 1 MB, and `limit` items that were looked at."""
        request: QueryInputTypeDef = {
            "TableName": table,
            "KeyConditionExpression": keys.text,
            "ExpressionAttributeNames": {**keys.names, **(matching.names if matching else {})},
            "ExpressionAttributeValues": {**keys.values, **(matching.values if matching else {})},
            "ConsistentRead": index is None,
            "ScanIndexForward": not is_descending,
        }
        if index is not None:
            request["IndexName"] = index
        if matching is not None:
            request["FilterExpression"] = matching.text
        if after is not None:
            request["ExclusiveStartKey"] = after
        if limit is not None:
            request["Limit"] = limit

        def query() -> Page:
            with translated(f"the table {table}"):
                answer = self._client.query(**request)
            return Page(answer["Items"], answer.get("LastEvaluatedKey"))

        return self._policy.call(query)

    def scan(self, table: str) -> Iterator[Item]:
        """Every item of a table, page by page."""
        request: ScanInputTypeDef = {"TableName": table, "ConsistentRead": True}

        def scan() -> Page:
            with translated(f"the table {table}"):
                answer = self._client.scan(**request)
            return Page(answer["Items"], answer.get("LastEvaluatedKey"))

        while True:
            page = self._policy.call(scan)
            yield from page.items
            if page.reached is None:
                return
            request["ExclusiveStartKey"] = page.reached

    def put(self, table: str, item: Item, condition: Expression) -> Item | None:
        """Put an item if the condition holds of what is there; else the item that is there."""
        request: PutItemInputTypeDef = {
            "TableName": table,
            "Item": item,
            "ConditionExpression": condition.text,
            "ExpressionAttributeNames": condition.names,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if condition.values:
            request["ExpressionAttributeValues"] = condition.values

        def put() -> Item | None:
            with translated(f"the table {table}"):
                try:
                    self._client.put_item(**request)
                except ClientError as error:
                    if code_of(error) != "ConditionalCheckFailedException":
                        raise
                    return cast("Item", error.response.get("Item", {}))
                return None

        return self._policy.call(put)

    def overwrite(self, table: str, item: Item) -> None:
        """Put an item whatever is there."""

        def put() -> None:
            with translated(f"the table {table}"):
                self._client.put_item(TableName=table, Item=item)

        self._policy.call(put)

    def add(self, table: str, key: Item, attribute: str) -> int:
        """Add one to a number and return it; the first is 1. A retry may leave a number out."""

        def add() -> int:
            with translated(f"the table {table}"):
                answer = self._client.update_item(
                    TableName=table,
                    Key=key,
                    UpdateExpression="ADD #attribute :one",
                    ExpressionAttributeNames={"#attribute": attribute},
                    ExpressionAttributeValues={":one": of_int(1)},
                    ReturnValues="UPDATED_NEW",
                )
            return int_in(answer["Attributes"], attribute)

        return self._policy.call(add)

    def put_batch(self, table: str, items: Sequence[Item]) -> None:
        """Put the items of one of `batches`, of distinct keys, whatever is there."""
        waiting: Sequence[WriteRequestTypeDef] = [{"PutRequest": {"Item": item}} for item in items]

        def put() -> None:
            nonlocal waiting
            with translated(f"the table {table}"):
                answer = self._client.batch_write_item(RequestItems={table: waiting})
            undone = answer.get("UnprocessedItems", {}).get(table)
            if undone:
                waiting = [
                    {"PutRequest": put} for each in undone if (put := each.get("PutRequest"))
                ]
                raise Throttled(f"the table {table} left {len(undone)} items unwritten")

        self._policy.call(put)

    def transact(
        self, changes: Sequence[Put | Check], token: str, *, returns_conflicts: bool = False
    ) -> tuple[bool, ...] | None:
        """Make all changes or none: None if they are made, else of which the condition failed.

        A token, of at most 36 characters, stands for one transaction: sent again within ten
        minutes, because its answer was lost, it is made once. With `returns_conflicts` one that
        met another transaction at the same item is not tried again, as what is throttled is: no
        condition failed then. Raises `InvalidInput` for changes that are too large together, or
        one for itself.
        """
        _check_size(changes)
        items = [_in_transaction(change) for change in changes]

        def write() -> tuple[bool, ...] | None:
            with translated(f"the table {changes[0].table}"):
                try:
                    self._client.transact_write_items(TransactItems=items, ClientRequestToken=token)
                except ClientError as error:
                    reasons = reasons_of(error)
                    failed = tuple(each == "ConditionalCheckFailed" for each in reasons)
                    if code_of(error) == "TransactionCanceledException" and (
                        any(failed) or (returns_conflicts and {*reasons} - {"None"} == _CONFLICT)
                    ):
                        return failed
                    raise
                return None

        return self._policy.call(write)


def batches(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The items, cut where the next one would be too much for one `put_batch`."""
    cut: list[list[Item]] = []
    size = BATCH_BYTES
    for item in items:
        added = item_size(item)
        if size + added > BATCH_BYTES or len(cut[-1]) == BATCH_WRITES:
            cut.append([])
            size = 0
        cut[-1].append(item)
        size += added
    return list(cut)


def _check_size(changes: Sequence[Put | Check]) -> None:
    sizes = [item_size(change.item) for change in changes if isinstance(change, Put)]
    if len(changes) > TRANSACTION_ITEMS or sum(sizes) > TRANSACTION_BYTES:
        raise InvalidInput(
            f"{len(changes)} items of {sum(sizes)} bytes for one transaction; "
            f"{TRANSACTION_ITEMS} and {TRANSACTION_BYTES} are the most: write less at once"
        )
    if max(sizes) > MOST_ITEM_BYTES:
        raise InvalidInput(f"an item of {max(sizes)} bytes; {MOST_ITEM_BYTES} are the most")


def _in_transaction(change: Put | Check) -> TransactWriteItemTypeDef:
    values = change.condition.values
    if isinstance(change, Check):
        check: ConditionCheckTypeDef = {
            "TableName": change.table,
            "Key": change.key,
            "ConditionExpression": change.condition.text,
            "ExpressionAttributeNames": change.condition.names,
        }
        if values:
            check["ExpressionAttributeValues"] = values
        return {"ConditionCheck": check}
    put: PutTypeDef = {
        "TableName": change.table,
        "Item": change.item,
        "ConditionExpression": change.condition.text,
        "ExpressionAttributeNames": change.condition.names,
    }
    if values:
        put["ExpressionAttributeValues"] = values
    return {"Put": put}
