"""Sweeping: what nothing needs is removed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from fleetcore.application.ingesting import ingest
from fleetcore.application.storing import drain, relay
from fleetcore.application.streams import IngestionStream
from fleetcore.application.sweeping import sweep
from fleetcore.domain.ingestion_events import Fail
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.compaction import Compaction
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.memory.catalogue import MemoryCatalogue
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.source import BytesSource

if TYPE_CHECKING:
    from tests.unit.application.conftest import World


@pytest.fixture(name="catalogue")
def _catalogue() -> MemoryCatalogue:
    return MemoryCatalogue()


@pytest.fixture(name="columnar")
def _columnar(world: World, catalogue: MemoryCatalogue) -> World:
    """A fleet in memory whose log is of Parquet files."""
    objects = MemoryObjectStore()
    log = ParquetLog(catalogue, objects)
    return evolve(world, fleet=evolve(world.fleet, objects=objects, log=log, engine=ArrowEngine()))


@pytest.fixture(name="swept")
def _swept(columnar: World, catalogue: MemoryCatalogue) -> Callable[[], set[str]]:
    """Sweeps; the keys that are gone."""

    def sweeping() -> set[str]:
        fleet = columnar.fleet
        before = set(fleet.objects.keys(""))
        log = columnar.log()
        removed = sweep(fleet.events, fleet.objects, catalogue)
        gone = before - set(fleet.objects.keys(""))
        assert removed == len(gone)
        assert log == columnar.log()
        return gone

    return sweeping


def test_what_is_needed_stays(
    columnar: World, rows: Callable[..., str], swept: Callable[[], set[str]]
) -> None:
    """The parts and rejects of a file that brought all its rows."""
    columnar.ingest(rows(0, 60))

    assert set() == swept()


def test_parts_of_which_nothing_entered_the_log_go(
    columnar: World,
    catalogue: MemoryCatalogue,
    rows: Callable[..., str],
    swept: Callable[[], set[str]],
) -> None:
    """Of a file again all parts, of an overlapping one those the log has in another form."""
    columnar.ingest(rows(0, 60))
    again = columnar.ingest(rows(0, 60), again=True)
    other = columnar.ingest(rows(30, 90))
    named = {entry.file.key for entry in catalogue.files().entries}
    parts = {part.key for each in (again, other) for part in columnar.state(each.ingestion).parts}

    assert parts - named == swept() > set()
    assert set() == swept()


def test_orphans_of_what_is_over_go(
    columnar: World, rows: Callable[..., str], swept: Callable[[], set[str]]
) -> None:
    """Objects that no event names, and files that a killed compaction left."""
    done = columnar.ingest(rows(0, 60))
    orphans = {f"fresh/{done.ingestion}/x", f"rejects/{done.ingestion}/x", "log/date=x/x"}
    for key in orphans:
        columnar.fleet.objects.put_if_absent(key, b"")
    columnar.fleet.objects.put_if_absent("fresh/unknown-1/x", b"")

    assert orphans == swept()


def test_what_is_not_over_keeps_everything(
    columnar: World, rows: Callable[..., str], swept: Callable[[], set[str]]
) -> None:
    """Parts may be there before their commit; they go once the ingestion has failed."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    assert columnar.dies(20, lambda fleet: ingest(fleet, source, columnar.request))
    (ingestion,) = columnar.states()
    columnar.fleet.objects.put_if_absent(f"fresh/{ingestion}/x", b"")

    assert set() == swept()
    stream = IngestionStream(columnar.fleet.events, ingestion)
    stream.carry_out(Fail(code="x", message="x"))
    assert stream.state.unsettled
    assert set() == swept()
    relay(columnar.fleet)
    drain(columnar.fleet)
    assert f"fresh/{ingestion}/x" in swept()


def test_where_the_catalogue_lost_a_file_nothing_is_removed(
    columnar: World,
    catalogue: MemoryCatalogue,
    rows: Callable[..., str],
    swept: Callable[[], set[str]],
) -> None:
    """Rows that the ledgers count and the log does not hold may lie in what looks unneeded."""
    columnar.ingest(rows(0, 60))
    columnar.ingest(rows(0, 60), again=True)
    del catalogue._entries[catalogue.files().entries[0].file.key]

    assert set() == swept()


def test_where_a_file_of_the_log_is_not_there_nothing_is_removed(
    columnar: World,
    catalogue: MemoryCatalogue,
    rows: Callable[..., str],
) -> None:
    """It may be the one whose name is wrong in the catalogue."""
    columnar.ingest(rows(0, 60))
    compaction = Compaction(catalogue, columnar.fleet.objects)
    compaction.compact(up_to=catalogue.files().sequence, now_ms=0)
    entry = catalogue.files().entries[0]
    catalogue._entries = {"log/x": evolve(entry, file=evolve(entry.file, key="log/x"))}
    before = list(columnar.fleet.objects.keys(""))

    assert 0 == sweep(columnar.fleet.events, columnar.fleet.objects, catalogue)
    assert before == list(columnar.fleet.objects.keys(""))
