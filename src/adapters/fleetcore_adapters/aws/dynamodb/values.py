"""Plain values as DynamoDB's attribute values and back, exactly, and how large they are there.

Numbers reach the SDK as text: it refuses floats. DynamoDB's numbers have 38 digits and reach
from 1e-130 to 9.99e125, without a negative zero; a float outside is written as a string.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from fleetcore.errors import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Value: TypeAlias = "AttributeValueTypeDef"
Item: TypeAlias = "Mapping[str, AttributeValueTypeDef]"
"""An item, or its key, as the service's low-level API has it."""

MOST_ITEM_BYTES: Final = 400 * 1024
"""Names and values of an item together (service quotas of DynamoDB)."""

_LEAST_NUMBER: Final = 1e-130
_NUMBERS_END: Final = 1e126


def of_text(text: str) -> Value:
    """A string."""
    return {"S": text}


def of_bytes(content: bytes) -> Value:
    """A binary value."""
    return {"B": content}


def of_int(number: int) -> Value:
    """A whole number of at most 38 digits."""
    return {"N": str(number)}


def of_float(number: float) -> Value:
    """A finite float: a number where DynamoDB has it exactly, else a string."""
    if _LEAST_NUMBER <= abs(number) < _NUMBERS_END:
        return {"N": repr(number)}
    if number == 0.0 and math.copysign(1.0, number) > 0:
        return {"N": "0"}
    return {"S": repr(number)}


def text_in(item: Item, name: str) -> str:
    """The string of that name."""
    return _held(item, name, "S")


def bytes_in(item: Item, name: str) -> bytes:
    """The binary value of that name."""
    value = item.get(name, {}).get("B")
    if value is None:
        raise _damaged(item, name)
    return bytes(value)


def int_in(item: Item, name: str) -> int:
    """The whole number of that name."""
    return int(_held(item, name, "N"))


def float_in(item: Item, name: str) -> float:
    """The float of that name, however it was written."""
    value = item.get(name, {})
    text = value.get("N", value.get("S"))
    if text is None:
        raise _damaged(item, name)
    return float(text)


def item_size(item: Item) -> int:
    """At most how many bytes an item takes, by the service's documentation of item sizes.

    Of strings, binary values, numbers and truth values; a number is a byte for two digits and
    one more.
    """
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Value) -> int:
    if "S" in value:
        return len(value["S"].encode())
    if "B" in value:
        return len(value["B"])
    if "N" in value:
        return len(value["N"]) // 2 + 2
    return 1


def _held(item: Item, name: str, kind: str) -> str:
    value = item.get(name, {}).get(kind)
    if not isinstance(value, str):
        raise _damaged(item, name)
    return value


def _damaged(item: Item, name: str) -> StorageUnavailable:
    kinds = {each: sorted(value) for each, value in item.items()}
    return StorageUnavailable(
        f"an item without a readable {name!r} ({kinds}): something else writes to the table; "
        "restore it from a backup"
    )
