"""The doctor: every kind of damage is found and named."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from attrs import evolve, frozen
from tests.tables import table_of

from fleetcore.application import rejects
from fleetcore.application.doctor import diagnose
from fleetcore.application.file_checks import Rows
from fleetcore.application.findings import Finding
from fleetcore.application.ingesting import ingest
from fleetcore.application.sweeping import sweep
from fleetcore.application.tracks import catch_up
from fleetcore.domain.chunks import RejectedRow
from fleetcore.domain.ingestion_events import ChunkProcessed, IngestionEvent, PartStored
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import LaneMessage, StoredEvent
from fleetcore.errors import StorageUnavailable, UndecodableEvent
from fleetcore.ports.catalogue import Entry, LogFile, Recorded
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.compaction import Compaction
from fleetcore_adapters.arrow.folding import Folding
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import parsed_footer, rows_by_ingestion
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

    def compact(self, objects: MemoryObjectStore | None = None) -> None:
        """Compact all that the view has followed."""
        Compaction(self.catalogue, objects or self.objects).compact(
            up_to=self.world.fleet.latest.cursor(), now_ms=0
        )

    def findings(self) -> list[Finding]:
        """What the doctor finds."""
        return list(diagnose(self.world.fleet, self.catalogue, self.world.waiting(), _rows_in))

    def all_faults(self) -> list[Finding]:
        """The faults found."""
        return [each for each in self.findings() if each.level == "fault"]

    def faults(self) -> set[str]:
        """The codes of the faults found."""
        return {each.code for each in self.findings() if each.level == "fault"}

    def notes(self) -> set[str]:
        """The codes of the notes made."""
        return {each.code for each in self.findings() if each.level == "note"}


def _rows_in(key: str, content: bytes) -> Rows:
    return Rows(
        extent=parsed_footer(key, content).extent, by_ingestion=rows_by_ingestion(key, content)
    )


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


def test_what_is_sound_gives_no_finding(patient: Patient, rows: Callable[..., str]) -> None:
    """Also not after compactions, and with files that came behind them."""
    assert [] == patient.findings()
    patient.compact()
    assert [] == patient.findings()
    patient.world.ingest(rows(80, 120))
    catch_up(patient.world.fleet)
    assert [] == patient.findings()
    patient.compact()
    assert [] == patient.findings()


class Undeletable(MemoryObjectStore):
    """Dies when it is asked to remove something."""

    def __init__(self, objects: MemoryObjectStore) -> None:
        super().__init__()
        self._objects = objects._objects

    def remove(self, key: str) -> None:
        raise StorageUnavailable(key)


def test_what_an_interrupted_compaction_left(patient: Patient, rows: Callable[..., str]) -> None:
    """Replaced files that are still there are named, those in `log/` as what they are."""
    patient.compact()
    patient.world.ingest(rows(80, 120))
    catch_up(patient.world.fleet)
    (compacted,) = patient.objects.keys("log/")
    with pytest.raises(StorageUnavailable):
        patient.compact(Undeletable(patient.objects))
    found = {each.message.split("'")[1]: each for each in patient.findings()}

    assert {"retired-file"} == {each.code for each in found.values()}
    assert "twice in log/; run `fleetcore compact`" in found[compacted].message
    assert any(key.startswith("fresh/") for key in found)
    patient.compact()
    assert [] == patient.findings()


def test_tells_how_far_it_is(patient: Patient) -> None:
    """After each file, up to the last."""
    shares: list[float] = []
    tuple(diagnose(patient.world.fleet, patient.catalogue, (), _rows_in, shares.append))

    assert sorted(set(shares)) == shares
    assert shares[0] < 1.0 == shares[-1]


def test_a_view_that_is_behind_is_sound(patient: Patient, rows: Callable[..., str]) -> None:
    """It follows when it is asked."""
    patient.world.ingest(rows(90, 100))

    assert [] == patient.findings()


def _named_part(patient: Patient) -> str:
    return patient.catalogue.files().entries[0].file.key


def test_a_file_of_the_log_that_is_not_there(patient: Patient) -> None:
    """One fault names the file, whose rows it held and the file they came from."""
    key = _named_part(patient)
    patient.objects.remove(key)
    lost, unchecked = patient.findings()

    assert ("file-missing", "fault") == (lost.code, lost.level)
    assert f"{key!r} is not there; it held " in lost.message
    assert f"rows of ingestion {patient.ingestion} (from 'file.csv'); restore" in lost.message
    assert ("view-unchecked", "note") == (unchecked.code, unchecked.level)


@pytest.mark.parametrize("damage", ["flipped", "truncated", "emptied"])
def test_a_file_of_the_log_that_was_changed(patient: Patient, damage: str) -> None:
    """A flipped byte and lost bytes are told by the sha256, once."""
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

    (found,) = patient.all_faults()
    assert "file-corrupt" == found.code
    assert repr(key) in found.message


def test_a_compacted_file_that_was_changed(patient: Patient, rows: Callable[..., str]) -> None:
    """Of whom it held rows is what the other files do not hold."""
    patient.compact()
    other = patient.world.ingest(rows(200, 220), name="other.csv")
    key = next(patient.objects.keys("log/"))
    patient.change(key, patient.objects.get(key)[:-1])
    (found,) = patient.all_faults()

    assert "file-corrupt" == found.code
    assert repr(key) in found.message
    assert patient.ingestion in found.message
    assert str(other.ingestion) not in found.message


def _narrow(file: LogFile) -> LogFile:
    narrow = evolve(file.extent, min_vehicle_id=file.extent.max_vehicle_id)
    return evolve(file, extent=narrow)


@pytest.mark.parametrize("is_compacted", [False, True])
@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda file: evolve(file, rows=1), id="rows"),
        pytest.param(lambda file: evolve(file, size_bytes=1), id="size"),
        pytest.param(lambda file: evolve(file, ingestion="1f-1"), id="ingestion"),
        pytest.param(
            lambda file: evolve(file, kind="fresh" if file.kind != "fresh" else "compacted"),
            id="kind",
        ),
        pytest.param(lambda file: evolve(file, origin=None if file.origin else "x"), id="origin"),
        pytest.param(_narrow, id="extent"),
    ],
)
def test_an_entry_that_says_something_else(
    patient: Patient, is_compacted: bool, changed: Callable[[LogFile], LogFile]
) -> None:
    """What the catalogue says of a file is compared with the file."""
    if is_compacted:
        patient.compact()
    entry = patient.catalogue.files().entries[0]
    patient.rename(evolve(entry, file=changed(entry.file)))
    found = {each.code: each.message for each in patient.all_faults()}

    assert {"catalogue-differs"} == found.keys() - {"unnamed-part"}
    assert repr(entry.file.key) in found["catalogue-differs"]
    assert "restore the data folder" in found["catalogue-differs"]


def test_a_fresh_file_at_another_place_of_the_sequence(patient: Patient) -> None:
    """It is not where its part was appended."""
    entry = patient.catalogue.files().entries[-1]
    patient.rename(evolve(entry, sequence=1))
    (found,) = patient.all_faults()

    assert "catalogue-differs" == found.code
    assert f"{entry.file.key!r} sequence 1, not {entry.sequence}" in found.message


@pytest.mark.parametrize(("sequence", "code"), [(1, "sequence-differs"), (99, "catalogue-differs")])
def test_compacted_files_at_another_place_of_the_sequence(
    patient: Patient, sequence: int, code: str
) -> None:
    """They stand before some of their rows were appended, or behind everything."""
    patient.compact()
    for entry in patient.catalogue.files().entries:
        patient.rename(evolve(entry, sequence=sequence))

    assert [code] == [each.code for each in patient.all_faults()]


def test_a_stream_that_says_something_else_of_a_part(patient: Patient) -> None:
    """Its event was edited to say another sha256."""
    events = patient.events
    at = next(n for n, each in enumerate(events) if _is_chunk(each, 0))
    chunk = events[at]
    assert isinstance(chunk, ChunkProcessed)
    part = chunk.parts[0]
    events[at] = evolve(chunk, parts=(evolve(part, sha256="0f" * 32), *chunk.parts[1:]))
    patient.rewrite(events)
    (found,) = patient.all_faults()

    assert "part-differs" == found.code
    assert repr(part.key) in found.message


def test_a_file_of_the_log_that_is_to_be_removed(patient: Patient) -> None:
    """The next compaction would remove what the log needs."""
    key = _named_part(patient)
    patient.catalogue._retired[key] = 0
    (found,) = patient.all_faults()

    assert "catalogue-differs" == found.code
    assert repr(key) in found.message
    assert "do not run `fleetcore compact`" in found.message


@pytest.mark.parametrize("change", ["unknown-part", "unknown-ingestion", "other-rows"])
def test_a_message_that_no_chunk_explains(patient: Patient, change: str) -> None:
    """It would bring rows into the log that no ledger counts."""
    part = patient.world.state(patient.ingestion).parts[0]
    ingestion = patient.ingestion
    if change == "unknown-part":
        part = evolve(part, key="x")
    elif change == "unknown-ingestion":
        ingestion = "1f-1"
    else:
        part = evolve(part, rows=part.rows + 1)
    patient.world.fleet.lanes.send([LaneMessage(ingestion=ingestion, part=part)])
    (found,) = patient.all_faults()

    assert "foreign-message" == found.code
    assert repr(part.key) in found.message


def test_a_message_of_what_is_stored(patient: Patient) -> None:
    """It was not taken off when its part was stored: the next run does it."""
    part = patient.world.state(patient.ingestion).parts[0]
    patient.world.fleet.lanes.send([LaneMessage(ingestion=patient.ingestion, part=part)])

    assert set() == patient.faults()
    assert {"settled-message"} == patient.notes()


def test_a_message_that_is_missing(newborn: Patient, rows: Callable[..., str]) -> None:
    """It is sent again by the next run, so it is no fault."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    assert newborn.world.dies(20, lambda fleet: ingest(fleet, source, newborn.world.request))
    lanes = newborn.world.fleet.lanes
    waiting = lanes.receive(99)
    (before,) = (each for each in newborn.findings() if each.code == "unsettled-parts")
    lanes.settle(waiting[:1])
    (found,) = (each for each in newborn.findings() if each.code == "unsettled-parts")

    assert "on no lane: 1; the next" in found.message
    assert "on no lane: 0" in before.message


def test_an_append_that_no_chunk_explains(patient: Patient) -> None:
    """An outcome of a part that no stream knows."""
    patient.catalogue._recorded["x"] = Recorded(sequence=1, outcome=StoreOutcome(already_stored=1))
    (found,) = patient.all_faults()

    assert "unnamed-part" == found.code
    assert "'x'" in found.message


def test_a_part_that_waits_and_is_not_there(newborn: Patient, rows: Callable[..., str]) -> None:
    """A committed part without an outcome is needed, and so is one to go on from."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    assert newborn.world.dies(20, lambda fleet: ingest(fleet, source, newborn.world.request))
    (ingestion,) = newborn.world.states()
    assert set() == newborn.faults()
    assert {"open-ingestion", "unsettled-parts"} == newborn.notes()
    part = newborn.world.state(ingestion).parts[0]
    newborn.objects.remove(part.key)

    (found,) = newborn.all_faults()
    assert "file-missing" == found.code
    assert repr(part.key) in found.message


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
    told = patient.catalogue._recorded[key]
    patient.catalogue._recorded[key] = evolve(told, outcome=StoreOutcome(stored=1))

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

    class Unreadable(MemoryEventStore[IngestionEvent]):
        def streams(self, prefix: str = "") -> tuple[str, ...]:
            return patient.world.fleet.events.streams(prefix)

        def read(self, stream: str) -> tuple[IngestionEvent, ...]:
            if stream == f"ingestion-{patient.ingestion}":
                raise error
            return patient.world.fleet.events.read(stream)

    fleet = evolve(patient.world.fleet, events=Unreadable())
    found = list(diagnose(fleet, patient.catalogue, (), _rows_in))

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


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("fresh/{}/00009-x", "`fleetcore compact` removes it where"),
        ("rejects/{}/00009-x", "`fleetcore compact` removes it where"),
        ("log/date=2024-05-01/x.parquet", "`fleetcore compact` removes it where"),
        ("fresh/unknown-1/00000-x", "no ingestion unknown-1 is known; remove it"),
        ("rejects/x", "no ingestion x is known; remove it"),
    ],
)
def test_an_orphan(patient: Patient, key: str, advice: str) -> None:
    """An object of a finished ingestion, or of none, that nothing names."""
    key = key.format(patient.ingestion)
    patient.change(key, b"")
    (found,) = patient.findings()

    assert ("orphan", "note") == (found.code, found.level)
    assert repr(key) in found.message
    assert advice in found.message
    sweep(patient.world.fleet.events, patient.objects, patient.catalogue)
    assert ("removes" in advice) == (key not in patient.objects.keys(""))


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


def _take_in(patient: Patient, *vehicles: str, ingestion: str = "live-1") -> None:
    """Append a live batch."""
    log = patient.world.fleet.log
    assert isinstance(log, ParquetLog)
    rows = [
        StoredEvent(
            event=LocationEvent(
                vehicle_id=each, observed_at=1_700_000_000_000, latitude=1.0, longitude=2.0
            ),
            distance_from_depot_m=None,
            ingestion=ingestion,
            line=line,
        )
        for line, each in enumerate(vehicles, 1)
    ]
    content = part_file.batch_content(table_of(rows))
    log.append_batches(EventBatch(ingestion=ingestion, rows=len(rows), content=content))


def _fold(patient: Patient) -> None:
    Folding(patient.catalogue, patient.objects).fold(now_ms=0)


def test_a_sound_tail_gives_no_finding(patient: Patient) -> None:
    """Neither while it waits, nor folded, nor compacted; and what nothing needs is swept still."""
    catch_up(patient.world.fleet)
    steps: list[Callable[[], None]] = [lambda: None, lambda: _fold(patient), patient.compact]
    for step in steps:
        _take_in(patient, "a", "b")
        _take_in(patient, "a", "c", ingestion="replica-b")
        step()
        catch_up(patient.world.fleet)
        assert [] == patient.findings()
    assert sweep(patient.world.fleet.events, patient.objects, patient.catalogue)
    assert [] == patient.findings()


@pytest.mark.parametrize("damage", ["changed", "gone", "cut"])
def test_a_batch_of_the_tail_that_is_damaged(patient: Patient, damage: str) -> None:
    """What is not what was appended is a fault, and says how many rows it held."""
    _take_in(patient, "a", "b")
    (key,) = patient.catalogue._contents
    match damage:
        case "changed":
            patient.catalogue._contents[key] = b"PAR1" + patient.catalogue._contents[key][4:-1]
        case "gone":
            del patient.catalogue._contents[key]
        case _:
            patient.catalogue._contents[key] = b""

    (finding, note) = patient.findings()
    assert {"changed": "file-corrupt", "gone": "file-missing", "cut": "file-corrupt"}[
        damage
    ] == finding.code
    assert key in finding.message
    assert "2 rows of ingestion live-1" in finding.message
    assert "view-unchecked" == note.code


def test_live_rows_that_are_gone(patient: Patient) -> None:
    """A batch or folded part struck off the catalogue is missed."""
    for folds in (False, True):
        _take_in(patient, "a", "b", f"only {folds}")
        if folds:
            _fold(patient)
        _, entry = patient.catalogue.files().entries[-2:]
        del patient.catalogue._entries[entry.file.key]
        assert "live-rows-differ" in {each.code for each in patient.findings()}
        assert any("of live-1" in each.message for each in patient.findings())


def test_a_part_that_a_killed_folding_left(patient: Patient) -> None:
    """It does no harm, and the next folding removes it."""
    _take_in(patient, "a")
    patient.objects.put_if_absent("fresh/live-1/tail-abc.parquet", b"x")

    (finding,) = patient.findings()
    assert ("orphan", "note") == (finding.code, finding.level)
    assert "next folding" in finding.message


def _is_chunk(event: IngestionEvent, number: int) -> bool:
    return isinstance(event, ChunkProcessed) and event.number == number
