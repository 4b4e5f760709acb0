"""Ids of ingestions: equal where nothing that decides the outcome differs."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given

from fleetcore.application.ingestion_ids import attempt, content_prefix, ingestion_id
from fleetcore.domain.ingestion_events import Received, Sizes
from fleetcore.domain.interpretation import Dialect, Interpretation
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.testing.histories import received_events

RECEIVED = Received(
    ingestion="",
    content="xxh3-128:00",
    size_bytes=10,
    interpretation=Interpretation(
        dialect=Dialect(columns=("a", "b")), mapping={"vehicle_id": 0}, time_format="iso"
    ),
    settings=FleetSettings(),
    sizes=Sizes(),
    now_ms=0,
)


@pytest.mark.parametrize(
    "other",
    [
        evolve(RECEIVED, content="xxh3-128:01"),
        evolve(RECEIVED, interpretation=evolve(RECEIVED.interpretation, zone="Asia/Tokyo")),
        evolve(RECEIVED, settings=FleetSettings(limits=Limits(max_speed_kmh=1))),
        evolve(RECEIVED, directory="sha256:00"),
        evolve(RECEIVED, parent="00-1"),
    ],
)
def test_what_decides_the_outcome_is_in_the_id(other: Received) -> None:
    """Content, interpretation, settings, metadata and parent make another ingestion."""
    assert ingestion_id(RECEIVED, None) != ingestion_id(other, None)


def test_the_vehicle_in_the_name_is_in_the_id() -> None:
    """No vehicle, and each vehicle, is another ingestion."""
    ids = {ingestion_id(RECEIVED, each) for each in (None, "", "cab-1", "cab-2")}

    assert 4 == len(ids)


@given(received=received_events())
def test_what_does_not_decide_is_not_in_the_id(received: Received) -> None:
    """Neither the time, nor how the file is cut, nor the attempt."""
    other = evolve(received, ingestion="x", now_ms=received.now_ms + 1, sizes=Sizes(block_bytes=7))

    assert ingestion_id(received, "cab-1") == ingestion_id(other, "cab-1")


def test_ids_of_one_content_begin_alike() -> None:
    """However it is understood; another content or parent begins otherwise."""
    other = evolve(RECEIVED, settings=FleetSettings(limits=Limits(max_speed_kmh=1)))
    prefix = content_prefix(RECEIVED)

    assert ingestion_id(RECEIVED, None).startswith(prefix)
    assert ingestion_id(other, "cab-1").startswith(prefix)
    assert prefix != content_prefix(evolve(RECEIVED, content="xxh3-128:01"))
    assert prefix != content_prefix(evolve(RECEIVED, parent="00-1"))


def test_attempts_are_counted() -> None:
    """An attempt's id ends with its number."""
    assert "0f-2" == attempt("0f", 2)
