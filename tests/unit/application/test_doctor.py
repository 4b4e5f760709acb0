"""The doctor: every kind of damage is found and named."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from attrs import evolve, frozen

from fleetcore.application import rejects
from fleetcore.application.doctor import diagnose
from fleetcore.application.findings import Finding
from fleetcore.application.ingesting import ingest
from fleetcore.application.tracks import catch_up
from fleetcore.domain.chunks import RejectedRow
from fleetcore.domain.ingestion import ChunkProcessed, IngestionEvent, PartStored
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import StorageUnavailable, UndecodableEvent
from fleetcore.ports.catalogue import Entry
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.compaction import Compaction
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import parsed_footer
from fleetcore_adapters.memory.catalogue import MemoryCatalogue
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.source import BytesSource

if TYPE_CHECKING:
    from tests.unit.application.conftest import World


@frozen(kw_only=True)
class Patient:
    """A fleet with a catalogue, whose stores can be damaged."""

    world: World
    catalogue: MemoryCatalogue
    ingestion: str = ""

    @property
    def objects(self) -> MemoryObjectStore:
        """What is kept."""
        assert isinstance(self.world.fleet.objects, MemoryObjectStore)
        return self.world.fleet.objects

    @property
    def events(self) -> list[IngestionEvent]:
        """The stream of the ingestion."""
        return list(self.world.fleet.events.read(f"ingestion-{self.ingestion}"))

    def rewrite(self, events: list[IngestionEvent]) -> None:
        """Put other events in the stream's place."""
        assert isinstance(self.world.fleet.events, MemoryEventStore)
        self.world.fleet.events._streams[f"ingestion-{self.ingestion}"] = tuple(events)

    def change(self, key: str, content: bytes) -> None:
        """Put other content in an object's place."""
        self.objects._objects[key] = content

    def rename(self, entry: Entry) -> None:
        """Change what the catalogue says of a file."""
        self.catalogue._entries[entry.file.key] = entry

    def findings(self) -> list[Finding]:
        """What the doctor finds."""
        return list(diagnose(self.world.fleet, self.catalogue, _rows_in))

    def faults(self) -> set[str]:
        """The codes of the faults found."""
        return {each.code for each in self.findings() if each.level == "fault"}

    def notes(self) -> set[str]:
        """The codes of the notes made."""
        return {each.code for each in self.findings() if each.level == "note"}


def _rows_in(key: str, content: bytes) -> int:
    return parsed_footer(key, content).rows


@pytest.fixture(name="newborn")
def _newborn(world: World) -> Patient:
    """A fleet that knows nothing yet."""
    objects, catalogue = MemoryObjectStore(), MemoryCatalogue()
    fleet = evolve(
        world.fleet, objects=objects, log=ParquetLog(catalogue, objects), engine=ArrowEngine()
    )
    return Patient(world=evolve(world, fleet=fleet), catalogue=catalogue)


@pytest.fixture(name="patient")
def _patient(newborn: Patient, rows: Callable[..., str]) -> Patient:
    """A fleet with three files, the second overlapping the first, and a view that follows."""
    first = newborn.world.ingest(rows(0, 60))
    newborn.world.ingest(rows(30, 90))
    newborn.world.ingest(rows(0, 60), again=True)
    catch_up(newborn.world.fleet)
    return evolve(newborn, ingestion=str(first.ingestion))


def test_what_is_sound_gives_no_finding(patient: Patient) -> None:
    """Also not after a compaction, with and without what it retired."""
    compaction = Compaction(patient.catalogue, patient.objects)

    assert [] == patient.findings()
    compaction.compact(up_to=patient.world.fleet.latest.cursor(), now_ms=0)
    assert [] == patient.findings()
    assert compaction.remove_retired(before_ms=0) > 0
    assert [] == patient.findings()


def test_a_view_that_is_behind_is_sound(patient: Patient, rows: Callable[..., str]) -> None:
    """It follows when it is asked."""
    patient.world.ingest(rows(90, 100))

    assert [] == patient.findings()


def _named_part(patient: Patient) -> str:
    return patient.catalogue.files().entries[0].file.key


def test_a_file_of_the_log_that_is_not_there(patient: Patient) -> None:
    """A part that the catalogue names was deleted."""
    patient.objects.remove(_named_part(patient))

    assert {"log-file-missing"} == patient.faults()
    assert {"not-recounted"} == patient.notes()


@pytest.mark.parametrize("damage", ["flipped", "truncated", "emptied"])
def test_a_file_of_the_log_that_was_changed(patient: Patient, damage: str) -> None:
    """A flipped byte and lost bytes are told by the sha256, of the part and of the file."""
    key = _named_part(patient)
    content = patient.objects.get(key)
    middle = len(content) // 2
    patient.change(
        key,
        {
            "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "truncated": content[:-1],
            "emptied": b"",
        }[damage],
    )

    assert {"log-file-corrupt", "part-corrupt"} <= patient.faults()


def test_a_compacted_file_that_was_changed(patient: Patient) -> None:
    """What a compaction wrote is checked as parts are."""
    Compaction(patient.catalogue, patient.objects).compact(
        up_to=patient.world.fleet.latest.cursor(), now_ms=0
    )
    key = next(patient.objects.keys("log/"))
    patient.change(key, patient.objects.get(key)[:-1])

    assert {"log-file-corrupt"} == patient.faults()


def test_a_part_that_waits_and_is_not_there(newborn: Patient, rows: Callable[..., str]) -> None:
    """A committed part without an outcome is needed, and so is one to go on from."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    assert newborn.world.dies(20, lambda fleet: ingest(fleet, source, newborn.world.request))
    (ingestion,) = newborn.world.states()
    assert set() == newborn.faults()
    assert {"open-ingestion", "unsettled-parts"} == newborn.notes()
    part = newborn.world.state(ingestion).parts[0]
    newborn.objects.remove(part.key)

    assert {"part-missing"} == newborn.faults()


def test_a_wrong_number_of_rows(patient: Patient) -> None:
    """The catalogue was edited to say another number of rows."""
    entry = patient.catalogue.files().entries[0]
    patient.rename(evolve(entry, file=evolve(entry.file, rows=entry.file.rows + 1)))

    assert {"log-file-rows"} == patient.faults()


def test_a_file_struck_off_the_catalogue(patient: Patient) -> None:
    """The rows are gone from the log, though their ledger says they are in it."""
    del patient.catalogue._entries[_named_part(patient)]

    assert "ledger-differs" in patient.faults()


def test_a_file_named_twice(patient: Patient) -> None:
    """A file under another name brings rows no ledger knows of."""
    entry = patient.catalogue.files().entries[0]
    patient.change("fresh/copy.parquet", patient.objects.get(entry.file.key))
    patient.rename(evolve(entry, file=evolve(entry.file, key="fresh/copy.parquet")))

    assert {"ledger-differs"} == patient.faults()


def test_an_outcome_that_differs(patient: Patient) -> None:
    """The catalogue was edited to say something else of a part."""
    key = patient.world.state(patient.ingestion).parts[0].key
    patient.catalogue._outcomes[key] = StoreOutcome(stored=1)

    assert {"outcome-differs"} == patient.faults()


def test_a_commit_that_was_dropped(patient: Patient) -> None:
    """Without its chunk a stored part is named by nothing, and the stream cannot be right."""
    events = patient.events
    patient.rewrite([each for each in events if not _is_chunk(each, 1)])

    assert {"broken-stream", "unnamed-part"} <= patient.faults()


def test_the_last_commit_was_dropped(patient: Patient) -> None:
    """Where nothing in the stream stands behind it, the log and the catalogue tell."""
    events = patient.events
    last = max(n for n, each in enumerate(events) if isinstance(each, ChunkProcessed))
    patient.rewrite([each for each in events[:last] if not isinstance(each, PartStored)])

    assert {"unnamed-part", "ledger-differs"} == patient.faults()


def test_an_outcome_that_was_dropped_is_made_good(patient: Patient) -> None:
    """A part whose outcome the stream does not know is stored again by the next run."""
    patient.rewrite(patient.events[:-1])

    assert set() == patient.faults()
    assert {"unsettled-parts"} == patient.notes()


def test_a_stream_that_was_dropped(patient: Patient) -> None:
    """Rows of an ingestion that nobody knows."""
    assert isinstance(patient.world.fleet.events, MemoryEventStore)
    del patient.world.fleet.events._streams[f"ingestion-{patient.ingestion}"]

    assert {"unnamed-part", "ledger-differs"} == patient.faults()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UndecodableEvent("stored event 'x' version 9", {}), "undecodable-event"),
        (StorageUnavailable("stream 'x' has no event 2"), "broken-stream"),
    ],
)
def test_a_stream_that_cannot_be_read(patient: Patient, error: Exception, code: str) -> None:
    """It is named, and nothing else is blamed for it."""

    class Unreadable(MemoryEventStore):
        def streams(self) -> tuple[str, ...]:
            return patient.world.fleet.events.streams()

        def read(self, stream: str) -> tuple[IngestionEvent, ...]:
            if stream == f"ingestion-{patient.ingestion}":
                raise error
            return patient.world.fleet.events.read(stream)

    fleet = evolve(patient.world.fleet, events=Unreadable())
    found = list(diagnose(fleet, patient.catalogue, _rows_in))

    assert [(code, "fault")] == [(each.code, each.level) for each in found]
    assert patient.ingestion in found[0].message


def _rejects_of_a_chunk(patient: Patient) -> str:
    chunks = patient.world.state(patient.ingestion).chunks
    return next(chunk.rejects for chunk in chunks if chunk.rejects is not None)


def test_rejects_that_are_not_there(patient: Patient) -> None:
    """The kept rows of a chunk were deleted."""
    patient.objects.remove(_rejects_of_a_chunk(patient))

    assert {"rejects-missing"} == patient.faults()


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"", mtime=0)], ids=["empty", "plain", "none"]
)
def test_rejects_that_were_changed(patient: Patient, content: bytes) -> None:
    """Their key tells which content they had."""
    patient.change(_rejects_of_a_chunk(patient), content)

    assert {"rejects-corrupt"} == patient.faults()


def test_rejects_that_are_not_those_counted(patient: Patient) -> None:
    """Another number of rows than the chunk's counts say, kept under a key that fits."""
    row = RejectedRow(line=1, kind="rejected", reasons=("latitude-range",), text="x")
    content = rejects.encoded([row] * 99)
    key = rejects.key_of(patient.ingestion, 0, content)
    patient.change(key, content)
    events = patient.events
    at = next(n for n, each in enumerate(events) if _is_chunk(each, 0))
    chunk = events[at]
    assert isinstance(chunk, ChunkProcessed)
    events[at] = evolve(chunk, rejects=key)
    patient.rewrite(events)

    assert {"rejects-differ"} == patient.faults()


@pytest.mark.parametrize("folder", ["fresh", "rejects"])
def test_an_orphan(patient: Patient, folder: str) -> None:
    """An object of a finished ingestion, or of none, that nothing names."""
    patient.change(f"{folder}/{patient.ingestion}/00009-x", b"")
    patient.change(f"{folder}/unknown-1/00000-x", b"")
    patient.change("log/date=2024-05-01/x.parquet", b"")

    assert [("orphan", "note")] * 3 == [(each.code, each.level) for each in patient.findings()]


def test_what_an_open_ingestion_wrote_last_is_no_orphan(
    newborn: Patient, rows: Callable[..., str]
) -> None:
    """A part may be there before its commit."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    assert newborn.world.dies(20, lambda fleet: ingest(fleet, source, newborn.world.request))
    (ingestion,) = newborn.world.states()
    newborn.change(f"fresh/{ingestion}/00009-x", b"")

    assert "orphan" not in newborn.notes()


def test_a_cursor_ahead_of_the_log(patient: Patient) -> None:
    """A view cannot have seen what was never appended."""
    patient.world.fleet.latest.apply((), 10_000)

    assert {"cursor-ahead"} == patient.faults()


def test_a_view_that_says_something_else(patient: Patient) -> None:
    """A position that no event of the log explains."""
    event = LocationEvent(vehicle_id="cab-1", observed_at=2**42, latitude=1.0, longitude=1.0)
    forged = StoredEvent(event=event, distance_from_depot_m=None, ingestion="x", line=1)
    patient.world.fleet.latest.apply([forged], 0)

    assert {"view-differs"} == patient.faults()


def test_a_cursor_that_skipped_events(newborn: Patient, rows: Callable[..., str]) -> None:
    """A view whose cursor was moved ahead of what it has applied."""
    newborn.world.ingest(rows(0, 60))
    newborn.world.fleet.latest.apply((), newborn.catalogue.files().sequence)

    assert {"view-differs"} == newborn.faults()


def _is_chunk(event: IngestionEvent, number: int) -> bool:
    return isinstance(event, ChunkProcessed) and event.number == number
