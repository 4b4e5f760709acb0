"""Folding, compacting and forgetting in a data folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from tests.tables import table_of

from fleetcore.application.ingesting import Ingested, Request, ingest
from fleetcore.application.streams import IngestionStream
from fleetcore.domain.digests import leaf_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.errors import StorageUnavailable
from fleetcore.ports.catalogue import LogFile
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.folding import Folded, TailWatch
from fleetcore_adapters.local.catalogue import LocalCatalogue
from fleetcore_adapters.memory.source import BytesSource
from fleetcore_entrypoints.cli.main import main
from fleetcore_entrypoints.local import LocalFleet
from fleetcore_entrypoints.wiring.local import LocalApp, wire_local

SECRET: Final = "cab-to-be-forgotten"
HEADER: Final = "vehicle_id,observed_at,latitude,longitude\n"
ROWS: Final = "".join(
    f"{vehicle},2024-05-0{day}T10:00:00Z,{day},2\n"
    for vehicle in (SECRET, "v1", "v2")
    for day in (1, 2)
)


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Iterator[LocalApp]:
    with LocalFleet(wire_local(tmp_path / "data")) as fleet:
        yield fleet.app


def take_in(app: LocalApp, *vehicles: str, at: int = 1_714_600_000_000) -> StoreOutcome:
    """Append a live batch."""
    rows = [
        StoredEvent(
            event=LocationEvent(vehicle_id=each, observed_at=at, latitude=1.0, longitude=2.0),
            distance_from_depot_m=None,
            ingestion="live-1",
            line=line,
        )
        for line, each in enumerate(vehicles, 1)
    ]
    content = part_file.batch_content(table_of(rows))
    return app.log.append_batches(EventBatch(ingestion="live-1", rows=len(rows), content=content))


def ingested(app: LocalApp, rows: str = ROWS, name: str = "a.csv") -> Ingested:
    """Ingest a file."""
    return ingest(app.fleet, BytesSource(name, (HEADER + rows).encode()), Request(again=True))


def bury(app: LocalApp, vehicle_id: str = SECRET) -> None:
    """Let nothing of a vehicle in any more."""
    stone = Tombstone(key=key_of(vehicle_id), leaf=leaf_of(vehicle_id), forgotten_at_ms=1)
    app.log.bury([stone])


def by_vehicle(app: LocalApp) -> Mapping[str, int]:
    """How many rows the log holds."""
    found: dict[str, int] = {}
    for stored in app.fleet.log.scan():
        found[stored.event.vehicle_id] = found.get(stored.event.vehicle_id, 0) + 1
    return found


def holders(app: LocalApp) -> list[str]:
    """The objects of the log that hold the secret."""
    return [
        path.name
        for folder in ("fresh", "log")
        for path in (app.folder / folder).rglob("*.parquet")
        if SECRET.encode() in path.read_bytes()
        or SECRET in part_file.decode(path.read_bytes()).column("vehicle_id").to_pylist()
    ]


def test_the_tail_is_folded_when_it_is_time(app: LocalApp) -> None:
    """What the watch says is folded, and all of it where nobody watches."""
    housekeeping = app.housekeeping()
    take_in(app, "v1", "v2")

    assert Folded() == housekeeping.fold(TailWatch())
    watch = TailWatch(most_rows=1, settled_s=0)
    assert Folded(batches=1, parts=1, rows=2) == housekeeping.fold(watch)
    take_in(app, "v3")
    assert Folded(batches=1, parts=1, rows=1) == housekeeping.fold()
    assert () == app.diagnose()


def test_compacted_the_log_is_all_in_its_folder(app: LocalApp) -> None:
    """The tail too; what a killed folding left is removed."""
    ingested(app)
    take_in(app, "v1", "v9")
    app.fleet.objects.put_if_absent("fresh/live-1/tail-left.parquet", b"x")
    expected = by_vehicle(app)
    app.compact()

    assert expected == by_vehicle(app)
    kinds = {entry.file.kind for entry in app.catalogue.files().entries}
    assert {"compacted"} == kinds
    assert [] == list((app.folder / "fresh").rglob("*.parquet"))
    assert () == app.diagnose()


@pytest.mark.parametrize("compacts", [False, True])
def test_a_forgotten_vehicle_leaves_the_log(app: LocalApp, compacts: bool) -> None:
    """Parts, compacted files and the tail lose its rows and nothing else; the ledger shows it."""
    first = ingested(app)
    assert first.ingestion is not None
    take_in(app, SECRET, "v1", at=1)
    if compacts:
        app.compact()
    take_in(app, SECRET, "v2", at=2)
    take_in(app, SECRET, at=3)
    expected = {vehicle: rows for vehicle, rows in by_vehicle(app).items() if vehicle != SECRET}
    assert holders(app)
    bury(app)

    erased = app.housekeeping().forget([key_of(SECRET)])
    assert 2 + 3 == erased.rows
    assert expected == by_vehicle(app)
    assert [] == holders(app)
    ledger = ingested_ledger(app, first.ingestion)
    assert StoreOutcome(stored=4, forgotten=2) == ledger
    assert {"view-differs"} >= {each.code for each in app.diagnose()}
    assert 0 == app.housekeeping().forget([key_of(SECRET)]).rows
    again = ingested(app, name="b.csv")
    assert StoreOutcome(already_stored=4, forgotten=2) == again.ledger.store
    assert StoreOutcome(already_stored=1, forgotten=1) == take_in(app, SECRET, "v1", at=1)
    app.compact()
    assert expected == by_vehicle(app)


def ingested_ledger(app: LocalApp, ingestion: str) -> StoreOutcome:
    """What the ledger says of the store."""
    return IngestionStream(app.fleet.events, ingestion).state.ledger.store


def test_killed_while_it_forgets_the_next_run_goes_on(
    app: LocalApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever change of the catalogue is the last one."""
    first = ingested(app)
    assert first.ingestion is not None
    app.compact()
    ingested(app, ROWS.replace("T10", "T11"), "b.csv")
    take_in(app, SECRET, "v1", at=1)
    expected = {vehicle: rows for vehicle, rows in by_vehicle(app).items() if vehicle != SECRET}
    bury(app)
    replace = LocalCatalogue.replace
    left = 0

    def dies(self: LocalCatalogue, *given: object) -> bool:
        nonlocal left
        if not left:
            raise StorageUnavailable("the process is dead")
        left -= 1
        return replace(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalCatalogue, "replace", dies)
    for _ in range(9):
        left = 1
        try:
            app.housekeeping().forget([key_of(SECRET)])
        except StorageUnavailable:
            continue
        break
    assert expected == by_vehicle(app)
    assert [] == holders(app)
    assert StoreOutcome(stored=4, forgotten=2) == ingested_ledger(app, first.ingestion)
    assert {"view-differs"} >= {each.code for each in app.diagnose()}


def test_what_waits_is_left_alone(app: LocalApp) -> None:
    """A part that is to be stored is still needed; stored later it brings none of the rows."""
    waiting = ingest(
        app.fleet, BytesSource("a.csv", (HEADER + ROWS).encode()), Request(), stores=False
    )
    assert waiting.ingestion is not None
    bury(app)

    assert 0 == app.housekeeping().forget([key_of(SECRET)]).rows
    app.settle()
    assert StoreOutcome(stored=4, forgotten=2) == ingested_ledger(app, waiting.ingestion)
    assert 0 == app.housekeeping().forget([key_of(SECRET)]).rows
    assert [] == holders(app)


def test_files_without_the_vehicle_are_left_alone(app: LocalApp) -> None:
    """Not a byte of them is written again."""
    take_in(app, "v1")
    app.housekeeping().fold()
    ingested(app)
    before: list[LogFile] = [entry.file for entry in app.catalogue.files().entries]
    bury(app)
    assert 1 == app.housekeeping().forget([key_of(SECRET)]).files

    after = [entry.file for entry in app.catalogue.files().entries]
    assert before[0] == after[0]
    assert before[1].key != after[1].key
    assert before[1].origin == after[1].origin


def test_the_files_of_the_log_hold_its_tail_too(
    app: LocalApp, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reads the files that are listed misses nothing."""
    ingested(app)
    take_in(app, "v1", "v9")
    assert 0 == main(["files", "--data", str(app.folder)])

    paths = capsys.readouterr().out.split()
    rows = [part_file.decode(Path(path).read_bytes()).num_rows for path in paths]
    assert sum(by_vehicle(app).values()) == sum(rows)
