"""The tables and their keys. The Terraform of `infra/` and the tests make them as they are here."""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen(kw_only=True, slots=True)
class Index:
    """A global secondary index that holds whole items: a string, then a number."""

    name: str
    partition: str
    sort: str


@frozen(kw_only=True, slots=True)
class Table:
    """The names of a table's keys, both strings, and of the attribute that tells an item's end.

    `expires` is in epoch seconds; None where items are kept.
    """

    partition: str
    sort: str
    index: Index | None = None
    expires: str | None = None


CITY_INDEX: Final = Index(name="city-timestamp-index", partition="city_bucket", sort="observed_at")

LOG: Final = Table(
    partition="vehicle_id",
    sort="observed_at_fingerprint",
    index=CITY_INDEX,
    expires="expires_at",
)
"""Location events, an item each."""

STREAMS: Final = Table(partition="stream", sort="item")
"""Decisions, an item an event; the index of streams; origins."""

VIEWS: Final = Table(partition="view", sort="item")
"""Latest positions, and how far they followed the log."""

PARTS: Final = Table(partition="record", sort="item")
"""What the log notes of itself: the parts it holds, and generations of seen windows."""
