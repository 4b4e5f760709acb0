"""A data folder in which a vehicle is wherever one can be, and the search for its bytes."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pyarrow.parquet as pq

from fleetcore.application import ingesting, snapshots, tracks
from fleetcore.application.following import follow, follow_registers
from fleetcore.application.storing import resume
from fleetcore.domain.messages import Message
from fleetcore.domain.places import Driver, Rider
from fleetcore_entrypoints import open_local
from fleetcore_entrypoints.options import request_of
from fleetcore_entrypoints.wiring.listening import take_in_of
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live

VICTIM: Final = "taxi-4711"
OTHERS: Final = ("taxi-4712", "taxi-4713")
T0: Final = "2024-05-06T07:08"
HEADER: Final = "vehicle_id,observed_at,latitude,longitude\n"


def filled(folder: Path) -> None:
    """Make it: files, rejects, a dead letter, a tail, dead messages, views and snapshots."""
    inputs = folder.parent / "inputs"
    inputs.mkdir()
    _ingested(folder, inputs)
    app = wire_live(folder)
    try:
        _told(app)
        _viewed(app)
    finally:
        app.close()


def rows(*, first: int = 0, number: int = 20, vehicles: tuple[str, ...] = (VICTIM, *OTHERS)) -> str:
    """Lines of a file: so many rows a vehicle, a second each."""
    return "".join(
        f"{vehicle},{T0}:{second:02d}Z,{48 + second / 1000},{11 + at / 1000}\n"
        for second in range(first, first + number)
        for at, vehicle in enumerate(vehicles)
    )


def _ingested(folder: Path, inputs: Path) -> None:
    mixed, own, late = inputs / "mixed.csv", inputs / f"{VICTIM}_log.csv", inputs / "late.csv"
    bad = "".join(f"{each},{T0}:00Z,999,11\n{each},never,48,11\n" for each in (VICTIM, *OTHERS))
    mixed.write_text(HEADER + rows() + bad)
    own.write_text("observed_at,latitude,longitude\n" + f"{T0}:59Z,48,11\n{T0}:59Z,777,11\n")
    late.write_text(HEADER + rows(first=30))
    with open_local(folder) as fleet:
        fleet.ingest(mixed)
        fleet.ingest(own, vehicle_from_filename=r"(taxi-\d+)_log")
        fleet.app.compact()
        fleet.ingest(late)
        _give_up_a_part(folder, inputs)
        resume(fleet.app.fleet)


def _give_up_a_part(folder: Path, inputs: Path) -> None:
    """A part that was missing when it was to be stored, and is back."""
    lost = inputs / "lost.csv"
    lost.write_text(HEADER + rows(first=50, number=3))
    with open_local(folder) as fleet:
        with patch.object(ingesting, "_stored", return_value=None):
            ingestion = fleet.ingest(lost).ingestion
        (part,) = (folder / "fresh" / str(ingestion)).glob("*.parquet")
        content = part.read_bytes()
        part.unlink()
        resume(fleet.app.fleet)
        part.write_bytes(content)


def _told(app: LiveApp) -> None:
    take_in = take_in_of(app, request_of(), "listener", None)
    for number in range(3):
        take_in([_message(each, number) for each in (VICTIM, *OTHERS)])
    app.local.housekeeping().fold()
    for number in range(3, 6):
        take_in([_message(each, number) for each in (VICTIM, *OTHERS)])
    take_in(
        [
            Message(topic=f"fleet/{VICTIM}", payload=b"not json", received_at_ms=5),
            Message(topic="fleet", payload=f'{{"id": "{VICTIM}"}}'.encode(), received_at_ms=6),
            Message(topic=f"fleet/{OTHERS[0]}", payload=b"not json", received_at_ms=7),
        ]
    )
    app.places.put([Driver(vehicle_id=each, name="A. Name") for each in (VICTIM, OTHERS[0])])
    app.places.put([Rider(rider_id="r-1", latitude=48.0, longitude=11.0, observed_at=1)])


def _message(vehicle: str, number: int) -> Message:
    told = {
        "vehicle_id": vehicle,
        "observed_at": f"2024-05-06T08:00:{number:02d}Z",
        "latitude": 48.0,
        "longitude": 11.0,
    }
    return Message(topic="fleet", payload=json.dumps(told).encode(), received_at_ms=number)


def _viewed(app: LiveApp) -> None:
    follow_registers(app.log, app.registers)
    follow(app.log, app.geo)
    follow(app.log, app.graph)
    tracks.latest(app.local.fleet)
    snapshots.take(app.registers, app.snapshots, app.clock, region=app.region)


def holding(folder: Path, text: str = VICTIM) -> set[str]:
    """The files that hold a text, raw, decompressed or in a column; by path in the folder."""
    needle = text.encode()
    found = set()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        if needle in str(path.relative_to(folder)).encode():
            found.add(str(path.relative_to(folder)))
        if any(needle in content for content in _contents(path)):
            found.add(str(path.relative_to(folder)))
    return found


def _contents(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    yield raw
    if raw.startswith(b"\x1f\x8b"):
        yield gzip.decompress(raw)
    if raw.startswith(b"PAR1"):
        yield repr(pq.read_metadata(path).to_dict()).encode()
        for column in pq.read_table(path).to_pydict().values():
            yield "\n".join(map(str, column)).encode()
    if raw.startswith(b"SQLite"):
        yield from _tail_contents(path)


def _tail_contents(path: Path) -> Iterator[bytes]:
    """The batches of the log's tail are Parquet files inside the database."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        kinds = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in kinds:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for cell in row:
                    if isinstance(cell, bytes) and cell.startswith(b"PAR1"):
                        for column in pq.read_table(io.BytesIO(cell)).to_pydict().values():
                            yield "\n".join(map(str, column)).encode()
