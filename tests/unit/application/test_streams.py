"""Streams: deciding again where another writer came between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fleetcore.application.ingesting import ingest
from fleetcore.application.streams import IngestionStream, ingestion_named, ingestions
from fleetcore.domain.ingestion_events import Fail, IngestionEvent, Supersede
from fleetcore.errors import IllegalCommand, UnknownIngestion
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.source import BytesSource

if TYPE_CHECKING:
    from tests.unit.application.conftest import World


def test_a_writer_that_is_overtaken_decides_again(world: World, rows: Callable[..., str]) -> None:
    """On a conflict the stream is read again: what another did is not done twice."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    assert world.dies(20, lambda fleet: ingest(fleet, source, world.request))
    (ingestion,) = world.states()
    one = IngestionStream(world.fleet.events, ingestion)
    two = IngestionStream(world.fleet.events, ingestion)
    one.carry_out(Supersede(by="other-1"))
    state = two.carry_out(Fail(code="late", message="too late"))

    assert ("other-1", None) == (state.superseded_by, state.failure)
    assert state == world.state(ingestion)


def test_what_the_state_does_not_allow_is_refused() -> None:
    """A command for a file that was never received writes nothing."""
    events = MemoryEventStore[IngestionEvent]()

    with pytest.raises(IllegalCommand):
        IngestionStream(events, "0f-1").carry_out(Fail(code="x", message="x"))
    assert () == events.streams()


def test_an_ingestion_is_named_by_how_its_id_begins(world: World, rows: Callable[..., str]) -> None:
    """A beginning that fits one ingestion names it; one that fits none or several is refused."""
    first, second = (str(world.ingest(rows(0, stop)).ingestion) for stop in (5, 6))

    assert [first, second] == list(ingestions(world.fleet.events))
    assert first == ingestion_named(world.fleet.events, first)
    assert first == ingestion_named(world.fleet.events, first[:10])
    with pytest.raises(UnknownIngestion, match="no ingestion begins with"):
        ingestion_named(world.fleet.events, "zz")
    with pytest.raises(UnknownIngestion, match=second):
        ingestion_named(world.fleet.events, "")


def test_a_whole_id_names_its_ingestion_though_others_begin_so(
    world: World, rows: Callable[..., str]
) -> None:
    """The first attempt is named by its id, though ten others begin like it."""
    first = str(world.ingest(rows(0, 5)).ingestion)
    for _ in range(10):
        world.ingest(rows(0, 5), again=True)

    assert first == ingestion_named(world.fleet.events, first)
