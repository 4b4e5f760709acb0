"""Looking up what may be known takes few requests, and never more than one an identity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.adapters.aws.dynamodb.wire import Service

from fleetcore.testing.contracts.log_rig import stored
from fleetcore_adapters.aws.dynamodb.items import log_item
from fleetcore_adapters.aws.dynamodb.requests import Expression, Page, Requests, batches
from fleetcore_adapters.aws.dynamodb.siblings import siblings_of
from fleetcore_adapters.aws.dynamodb.tables import LOG
from fleetcore_adapters.aws.dynamodb.values import Item, text_in


def fill(service: Service, instants: range, siblings: int = 1) -> None:
    """Store events of a vehicle."""
    items = [
        log_item(stored("cab-1", at, float(n), line=n + 2), keep_days=None)
        for at in instants
        for n in range(siblings)
    ]
    for batch in batches(items):
        service.requests().put_batch(service.log, batch)


def found(service: Service, instants: range) -> dict[int, int]:
    """How many siblings each instant has."""
    held = siblings_of(service.requests(), service.log, "cab-1", instants)
    return {at: len(each) for at, each in held.items()}


def test_a_span_that_is_held_densely_costs_one_request(service: Service) -> None:
    """A file that comes again is found page by page, not row by row."""
    fill(service, range(500))

    assert dict.fromkeys(range(500), 1) == found(service, range(500))
    assert 1 == service.wire.sent["Query"]


def test_identities_that_lie_far_apart_cost_a_request_each(service: Service) -> None:
    """What lies between them is hardly read."""
    fill(service, range(1000))

    assert {5: 1, 500: 1, 995: 1} == found(service, range(5, 1000, 495))
    assert 3 == service.wire.sent["Query"]


def test_what_is_not_held_is_found_missing(service: Service) -> None:
    """Before, between and behind what is held."""
    fill(service, range(10, 20, 2))

    assert {at: int(at in range(10, 20, 2)) for at in range(30)} == found(service, range(30))


@pytest.mark.parametrize("siblings", [17, 60])
def test_all_siblings_are_found(service: Service, siblings: int) -> None:
    """Also where one identity has more of them than one look reads."""
    fill(service, range(3), siblings)

    assert dict.fromkeys(range(3), siblings) == found(service, range(3))


class PagesOf(Requests):
    """Pages of items that are held in a list; counts requests."""

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.sent = 0

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
        assert limit is not None
        self.sent += 1
        first, last = (text_in(keys.values, name) for name in (":first", ":last"))
        behind = text_in(after, LOG.sort) if after else ""
        rest = [
            item
            for item in self.items
            if first <= (key := text_in(item, LOG.sort)) <= last and key > behind
        ]
        return Page(rest[:limit], rest[limit - 1] if len(rest) >= limit else None)


@given(
    held=st.lists(st.integers(0, 300), max_size=200),
    asked=st.sets(st.integers(0, 300), min_size=1, max_size=40),
)
def test_every_answer_is_complete(held: list[int], asked: set[int]) -> None:
    """Whatever is held and whatever is asked for; at most a request an identity, and one more."""
    events = [stored("cab-1", at, float(n)) for n, at in enumerate(held)]
    items = [log_item(event, keep_days=None) for event in events]
    items.sort(key=lambda item: text_in(item, LOG.sort))
    requests = PagesOf(items)

    answers = siblings_of(requests, "log", "cab-1", asked)

    assert {at: held.count(at) for at in asked} == {at: len(each) for at, each in answers.items()}
    most = max((held.count(at) for at in asked), default=0)
    assert requests.sent <= len(asked) + most // 16
