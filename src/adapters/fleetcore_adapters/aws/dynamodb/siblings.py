"""What the log holds of identities that may have been seen: looked up side by side.

One query of a vehicle's span answers for every identity in it as far as it gets. A query reads
on from the first identity without an answer, and looks at no more than about twice the items
that are asked for; so a file that comes again costs a request a page, and identities that lie
far apart a request each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from fleetcore.domain.judging import payload_of
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore_adapters.aws.dynamodb.items import instant_in, instant_key, stored_of
from fleetcore_adapters.aws.dynamodb.requests import Expression, Requests
from fleetcore_adapters.aws.dynamodb.tables import LOG
from fleetcore_adapters.aws.dynamodb.values import Item, of_text

ITEMS_AN_IDENTITY: Final = 2
ITEMS_A_QUERY: Final = 16


@frozen(slots=True)
class Held:
    """An event in the log; `is_conflict` says that it met another ingestion's sibling."""

    stored: StoredEvent
    is_conflict: bool


def held_in(item: Item) -> Held:
    """The event of an item of the log."""
    return Held(stored_of(item), "conflict" in item)


def equal_to(event: LocationEvent, siblings: Iterable[Held]) -> Held | None:
    """The sibling that is the same report, if there is one."""
    payload = payload_of(event)
    return next((each for each in siblings if payload_of(each.stored.event) == payload), None)


def span_of(vehicle_id: str, first_ms: int, last_ms: int) -> Expression:
    """A vehicle's items from one instant to another, both included."""
    return Expression(
        f"#{LOG.partition} = :vehicle AND #{LOG.sort} BETWEEN :first AND :last",
        {
            ":vehicle": of_text(vehicle_id),
            ":first": of_text(instant_key(first_ms)),
            # "~" lies behind whatever may follow the instant.
            ":last": of_text(f"{instant_key(last_ms)}~"),
        },
    )


def siblings_of(
    requests: Requests, table: str, vehicle_id: str, instants: Iterable[int]
) -> Mapping[int, Sequence[Held]]:
    """What is held of a vehicle at each of the instants; nothing of one is an empty sequence.

    At most a request an instant, unless a page does not hold all its siblings.
    """
    found: dict[int, list[Held]] = {instant: [] for instant in sorted(instants)}
    waiting = deque(found)
    after: Item | None = None
    while waiting:
        page = requests.query_page(
            table,
            span_of(vehicle_id, waiting[0], waiting[-1]),
            after=after,
            limit=ITEMS_AN_IDENTITY * len(waiting) + ITEMS_A_QUERY,
        )
        for item in page.items:
            if (instant := instant_in(item)) in found:
                found[instant].append(held_in(item))
        if page.reached is None:
            break
        reached = instant_in(page.reached)
        while waiting and waiting[0] < reached:
            waiting.popleft()
        after = page.reached if waiting and waiting[0] == reached else None
    return found
