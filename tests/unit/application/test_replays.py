"""Replays: rows that were not accepted, read once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from fleetcore.application.ingesting import Request, ingest
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.application.replays import replay
from fleetcore.domain.chunks import MAX_REJECT_TEXT_BYTES
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.errors import IllegalCommand, InvalidInput, InvalidMapping, UnknownIngestion
from fleetcore_adapters.memory.source import BytesSource

if TYPE_CHECKING:
    from tests.unit.application.conftest import World

HEADER = "vehicle_id,observed_at,latitude,longitude,speed_kmh,note\n"
LENIENT = FleetSettings(limits=Limits(max_speed_kmh=500))


def row(number: int, *, speed: object = 30, note: str = "") -> str:
    """A row of the second `number`."""
    return f"cab-1,{1_700_000_000_000 + number * 1000},40.5,-3.5,{speed},{note}\n"


def test_rows_are_judged_by_todays_rules(world: World) -> None:
    """What the old limit refused is accepted by the new one; the rest is what it was."""
    text = HEADER + row(0) + row(1, speed=300) + row(2).replace("40.5", "north") + row(3, speed=900)
    first = world.ingest(text)
    done = replay(world.fleet, str(first.ingestion), evolve(world.request, settings=LENIENT))
    counts = done.ledger.rows

    assert "completed" == done.status
    assert (3, 1, 1, 1) == (counts.read, counts.accepted, counts.rejected, counts.malformed)
    assert 1 == done.ledger.store.stored
    assert 300 in {stored.event.speed_kmh for stored in world.log()}
    assert (received := world.state(done.ingestion).received) is not None
    assert first.ingestion == received.parent


def test_by_the_same_rules_every_row_stays_what_it_is(
    world: World, rows: Callable[..., str]
) -> None:
    """Nothing is accepted, and the reasons are those of the parent."""
    first = world.ingest(rows(0, 60))
    done = replay(world.fleet, str(first.ingestion), world.request)
    before, after = first.ledger.rows, done.ledger.rows

    assert (before.rejected, before.malformed) == (after.rejected, after.malformed)
    assert (before.rejected_by, after.read) == (
        after.rejected_by,
        before.rejected + before.malformed,
    )


def test_the_same_replay_again_is_recognised(world: World) -> None:
    """A child is an ingestion like any other."""
    first = world.ingest(HEADER + row(0, speed=300))
    request = evolve(world.request, settings=LENIENT)
    one = replay(world.fleet, str(first.ingestion), request)
    two = replay(world.fleet, str(first.ingestion)[:12], request)

    assert ("completed", "already-ingested") == (one.status, two.status)
    assert one.ingestion == two.ingestion


def test_a_child_can_be_replayed(world: World) -> None:
    """What a child refuses is kept as a reject of its own."""
    first = world.ingest(HEADER + row(0, speed=300) + row(1, speed=400))
    some = FleetSettings(limits=Limits(max_speed_kmh=350))
    child = replay(world.fleet, str(first.ingestion), evolve(world.request, settings=some))
    last = replay(world.fleet, str(child.ingestion), evolve(world.request, settings=LENIENT))

    assert (1, 1) == (child.ledger.store.stored, last.ledger.store.stored)
    assert {300, 400} == {stored.event.speed_kmh for stored in world.log()}


def test_lines_of_a_child_count_its_rows(world: World) -> None:
    """A row with a line end inside a quoted cell takes two lines."""
    text = HEADER + row(0, speed=300, note='"a\nb"') + row(1) + row(2, speed=300)
    first = world.ingest(text)
    done = replay(world.fleet, str(first.ingestion), evolve(world.request, settings=LENIENT))
    lines = {
        stored.event.observed_at: stored.line
        for stored in world.log()
        if stored.ingestion == done.ingestion
    }

    assert {1_700_000_000_000: 1, 1_700_000_002_000: 3} == lines


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(row(1, speed=300, note="x" * MAX_REJECT_TEXT_BYTES), id="too-long"),
        pytest.param(row(1, speed=300, note='"' + "x" * 5000 + '"'), id="too-long-quoted"),
        pytest.param(row(1, speed=300, note="é" * MAX_REJECT_TEXT_BYTES), id="inside-a-character"),
    ],
)
def test_a_row_that_was_cut_off_is_malformed(world: World, cut: str) -> None:
    """What is left of it may look whole; it is never taken for the row."""
    first = world.ingest(HEADER + row(0) + cut + row(2, speed=300))
    request = evolve(world.request, settings=LENIENT)
    child = replay(world.fleet, str(first.ingestion), request)
    again = replay(world.fleet, str(child.ingestion), request)

    for done, read in ((child, 2), (again, 1)):
        counts = done.ledger.rows
        assert (read, read - 1, 1) == (counts.read, counts.accepted, counts.malformed)


def test_a_quote_left_open_swallows_no_other_row(world: World) -> None:
    """The line of an unclosed quote stays malformed; the rows behind it are read."""
    text = HEADER + row(0, speed=300) + f'"cab-1,{row(1)}' + row(2, speed=300)
    sizes = evolve(world.request.sizes, block_bytes=1 << 21)
    first = world.ingest(text, sizes=sizes)
    child = replay(world.fleet, str(first.ingestion), evolve(world.request, settings=LENIENT))

    assert (2, 1) == (first.ledger.rows.rejected, first.ledger.rows.malformed)
    assert (2, 1) == (child.ledger.rows.accepted, child.ledger.rows.malformed)


def test_bytes_that_are_no_utf8_are_replayed_as_they_were(world: World) -> None:
    """An undecodable optional cell is a warning again, not another text."""
    text = HEADER + row(0, speed=300, note="\udcff\udcfe")
    first = world.ingest(text)
    done = replay(world.fleet, str(first.ingestion), evolve(world.request, settings=LENIENT))

    assert 1 == done.ledger.rows.accepted


def test_the_vehicle_of_the_files_name_is_remembered(world: World) -> None:
    """Rows without a vehicle are still those of the file's vehicle."""
    text = "observed_at,latitude,longitude,speed_kmh\n1700000000000,40,-3,300\n"
    reading = ReadingOptions(vehicle_from_filename=r"(.*)\.csv")
    first = world.ingest(text, name="cab-7.csv", reading=reading)
    done = replay(world.fleet, str(first.ingestion), evolve(world.request, settings=LENIENT))

    assert "completed" == done.status
    assert ["cab-7"] == [stored.event.vehicle_id for stored in world.log()]
    assert "rejects of cab-7.csv" == done.name


def test_a_forgotten_vehicle_cannot_be_replayed(world: World) -> None:
    """Where the origin is gone nobody can say whose rows they are."""
    text = "observed_at,latitude,longitude,speed_kmh\n1700000000000,40,-3,300\n"
    reading = ReadingOptions(vehicle_from_filename=r"(.*)\.csv")
    first = world.ingest(text, name="cab-7.csv", reading=reading)
    origin = world.fleet.origins.read()[str(first.ingestion)]
    world.fleet.origins.note(str(first.ingestion), evolve(origin, vehicle_id=None))

    with pytest.raises(InvalidInput, match="forgotten"):
        replay(world.fleet, str(first.ingestion), world.request)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_the_encoding_of_the_file_is_no_matter(world: World, encoding: str) -> None:
    """Texts were decoded when they were kept."""
    text = HEADER.replace("note", "city") + row(0, speed=300, note="Málaga")
    reading = ReadingOptions(encoding="cp1252") if encoding == "cp1252" else ReadingOptions()
    source = BytesSource("file.csv", text.encode(encoding))
    first = ingest(world.fleet, source, evolve(world.request, reading=reading))
    replay(world.fleet, str(first.ingestion), evolve(world.request, settings=LENIENT))

    assert ["Málaga"] == [stored.event.city for stored in world.log()]


def test_a_mapping_given_today_replaces_the_parents(world: World) -> None:
    """Columns said now take the place of those of the file; the others stay."""
    text = HEADER.replace("note", "true_latitude") + row(0, note="41.5").replace("40.5", "95")
    first = world.ingest(text)
    reading = ReadingOptions(mapping={"latitude": "true_latitude"}, speed_unit="mph")
    done = replay(world.fleet, str(first.ingestion), evolve(world.request, reading=reading))
    (stored,) = world.log()

    assert "completed" == done.status
    assert (41.5, 30 * 1.609344) == (stored.event.latitude, stored.event.speed_kmh)


def test_a_mapping_that_takes_a_required_column_away_is_refused(world: World) -> None:
    """A column cannot be two fields."""
    first = world.ingest(HEADER + row(0, speed=300))
    reading = ReadingOptions(mapping={"latitude": "longitude"})

    with pytest.raises(InvalidMapping, match="longitude"):
        replay(world.fleet, str(first.ingestion), evolve(world.request, reading=reading))


def test_without_rejects_there_is_nothing_to_do(world: World) -> None:
    """The child of a clean file is empty and balances."""
    first = world.ingest(HEADER + row(0))
    done = replay(world.fleet, str(first.ingestion), Request())

    assert ("completed", 0) == (done.status, done.ledger.rows.read)


def test_only_what_is_over_is_replayed(world: World, rows: Callable[..., str]) -> None:
    """Rejects of a file that is still being read would not be all."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    assert world.dies(20, lambda fleet: ingest(fleet, source, world.request))
    (ingestion,) = world.states()

    with pytest.raises(IllegalCommand, match="not read to its end"):
        replay(world.fleet, ingestion, world.request)
    with pytest.raises(UnknownIngestion):
        replay(world.fleet, "zz", world.request)
