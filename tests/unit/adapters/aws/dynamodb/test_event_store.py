"""Streams in DynamoDB: what the contract cannot see."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from tests.contract.harness.dynamodb import SERVICES, new_table
from tests.contract.harness.dynamodb import Service as Place
from tests.unit.adapters.aws.dynamodb.wire import Service, answered, as_handler, delivered

from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.ingestion_events import IngestionEvent, IngestionFailed
from fleetcore.errors import StorageUnavailable, VersionConflict
from fleetcore_adapters.aws.dynamodb.event_store import LARGE_BODY_BYTES, DynamoEventStore
from fleetcore_adapters.aws.dynamodb.requests import Requests
from fleetcore_adapters.aws.dynamodb.tables import STREAMS
from fleetcore_adapters.aws.dynamodb.values import bytes_in, text_in
from fleetcore_adapters.resilience.policy import Policy

ONE = IngestionFailed(code="unreadable-file", message="not a CSV file")


@pytest.fixture(name="store")
def _store(service: Service) -> DynamoEventStore[IngestionEvent]:
    """The store under test."""
    return DynamoEventStore(service.requests(), service.streams, INGESTION_EVENTS)


def test_an_append_is_one_transaction(
    service: Service, store: DynamoEventStore[IngestionEvent]
) -> None:
    """The first one of a stream asks for a number, too."""
    first = service.wire.counted(lambda: store.append("a", 0, [ONE, ONE]))
    second = service.wire.counted(lambda: store.append("a", 2, [ONE]))

    assert {"UpdateItem": 1, "TransactWriteItems": 1} == first
    assert {"TransactWriteItems": 1} == second


def test_a_large_body_is_compressed(
    service: Service, store: DynamoEventStore[IngestionEvent]
) -> None:
    """A small one can be read where it lies."""
    large = IngestionFailed(code="x", message="long " * LARGE_BODY_BYTES)
    store.append("a", 0, [large, ONE])
    items = list(service.requests().scan(service.streams))

    events = {text_in(item, "item"): item for item in items if "body" in item}
    assert len(bytes_in(events["event#0000000001"], "body")) < LARGE_BODY_BYTES
    body = json.loads(text_in(events["event#0000000002"], "body"))
    assert {"code": ONE.code, "message": ONE.message} == body
    assert (large, ONE) == store.read("a")


def _without_first_event(request: AWSPreparedRequest) -> AWSResponse:
    answer = json.loads(delivered(request).content)
    return answered(request, 200, {**answer, "Items": answer["Items"][1:]})


def test_a_transaction_seen_half_way_is_looked_at_again(
    service: Service, store: DynamoEventStore[IngestionEvent]
) -> None:
    """A query may meet a later event of it before an earlier one."""
    store.append("a", 0, [ONE, ONE])
    service.wire.plan("Query", _without_first_event, _without_first_event)

    assert (ONE, ONE) == store.read("a")


def test_a_gap_that_stays_is_damage(
    service: Service, store: DynamoEventStore[IngestionEvent]
) -> None:
    """It is never skipped."""
    store.append("a", 0, [ONE, ONE])
    service.clients.dynamodb.delete_item(
        TableName=service.streams,
        Key={"stream": {"S": "stream#a"}, "item": {"S": "event#0000000001"}},
    )

    with pytest.raises(StorageUnavailable, match="gaps"):
        store.read("a")


def test_a_conflict_behind_a_gap_of_versions(store: DynamoEventStore[IngestionEvent]) -> None:
    """Expecting more than there is conflicts, and tells what there is."""
    store.append("a", 0, [ONE])

    with pytest.raises(VersionConflict) as raised:
        store.append("a", 7, [ONE])
    assert 1 == raised.value.actual


def _delivered_and_lost(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    """The server does it, and its answer is lost."""
    URLLib3Session().send(request)
    raise ConnectionClosedError(endpoint_url=request.url)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(each, id=each.name)
        for each in SERVICES
        if "transaction tokens" not in each.lacks
    ],
)
def test_an_append_whose_answer_was_lost_is_made_once(place: Place) -> None:
    """It succeeds, instead of conflicting with itself."""
    with ExitStack() as stack:
        client = place.open(stack).dynamodb
        table = new_table(place.open(stack), stack, STREAMS)
        store = DynamoEventStore(
            Requests(client, Policy("DynamoDB", sleep=lambda _s: None)), table, INGESTION_EVENTS
        )
        store.append("a", 0, [ONE])
        lost: list[object] = []

        def lose_one(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
            lost.append(request)
            return _delivered_and_lost(request) if len(lost) == 1 else None

        event = "before-send.dynamodb.TransactWriteItems"
        handler = as_handler(lose_one)
        client.meta.events.register(event, handler)
        stack.callback(client.meta.events.unregister, event, handler)

        assert 3 == store.append("a", 1, [ONE, ONE])
        assert 2 == len(lost)
        assert (ONE,) * 3 == store.read("a")
