"""Generates a fleet's file and says what an ingestion of it must count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from math import log1p
from operator import itemgetter
from random import Random
from typing import BinaryIO, Final

from fleetcore.application.generation.dirt import DIRT, DIRT_DESCRIPTIONS, Row, malformed
from fleetcore.application.generation.fleet import Member, fleet_of, vehicles_of
from fleetcore.application.generation.notes import columns_of, with_notes
from fleetcore.application.generation.observations import observations
from fleetcore.application.generation.repeats import Cells, Repeats
from fleetcore.application.generation.roads import roads_of
from fleetcore.application.generation.spec import COLUMNS, FleetSpec
from fleetcore.application.generation.true_trips import true_trips
from fleetcore.application.generation.truth import Tally, Truth
from fleetcore.application.generation.writing import RowWriter, compressed
from fleetcore.application.known_trips import KnownTrips
from fleetcore.domain.vehicles import Vehicle

BATCH_ROWS: Final = 8192
_CONFLICT_OFFSET_DEG: Final = 0.0004


def generate(
    spec: FleetSpec, sink: BinaryIO, progress: Callable[[int], None] = lambda _rows: None
) -> Truth:
    """Write the file to `sink` in one pass, and tell the expected ledger.

    Equal specs give equal bytes. `progress` is called every few thousand rows with the number
    of rows written so far. The truth supposes default settings, an ingestion between `spec.end`
    and the year 2199, and no vehicles file or the one of `generated_vehicles`. Errors of `sink`
    pass through.
    """
    with compressed(sink, spec.faults) as content:
        writer = RowWriter(spec, content)
        tally = _FileRun(spec, writer, progress).write()
        writer.close()
    return tally.truth(spec.rows, readable="truncated-gzip" not in spec.faults)


def generated_vehicles(spec: FleetSpec) -> tuple[Vehicle, ...]:
    """The metadata of the vehicles in the file of this spec, by vehicle id."""
    return vehicles_of(_members(spec))


def generated_trips(spec: FleetSpec, truth: Truth) -> KnownTrips:
    """The trips that the vehicles make in the file of this spec, whose truth is given.

    What dirt did to a report changes nothing: they are of the drives. The drives are driven
    again, so it takes as long as the file did.
    """
    counts = truth.counts
    reports = counts.read - counts.duplicate - counts.conflicting
    return true_trips(islice(_reports(spec), reports), spec.time_format)


def _random(spec: FleetSpec, purpose: str) -> Random:
    """Randomness of its own for each purpose: dirt leaves the fleet and its drives as they are."""
    return Random(f"{spec.seed}/{purpose}")  # noqa: S311 - a simulation, repeatable by seed


def _members(spec: FleetSpec) -> tuple[Member, ...]:
    return fleet_of(spec.vehicles, _random(spec, "fleet"))


def _reports(spec: FleetSpec) -> Iterator[Cells]:
    """What the vehicles report, with all columns."""
    rng = _random(spec, "drives")
    return observations(
        _members(spec),
        roads_of(spec.interval_s, rng),
        start_s=int(spec.start.timestamp()),
        interval_s=spec.interval_s,
        style=spec.time_format,
        rng=rng,
    )


def _clean_rows(spec: FleetSpec) -> Iterator[Cells]:
    rows = _reports(spec)
    if spec.columns != COLUMNS:
        rows = map(itemgetter(*(COLUMNS.index(column) for column in spec.columns)), rows)
    return with_notes(rows, spec)


class _FileRun:
    """One file being written: clean rows in runs, and dirt between them."""

    def __init__(self, spec: FleetSpec, writer: RowWriter, progress: Callable[[int], None]) -> None:
        self._spec = spec
        self._writer = writer
        self._progress = progress
        self._rng = _random(spec, "dirt")
        self._columns = columns_of(spec)
        self._clean = _clean_rows(spec)
        self._tally = Tally()
        self._repeats = Repeats(self._rng)
        self._kinds = [kind for kind in DIRT_DESCRIPTIONS if spec.dirt.get(kind)]
        self._shares = [spec.dirt[kind] for kind in self._kinds]
        self._dirty_share = sum(self._shares)
        self._lines: list[str] = []
        self._rows = 0

    def write(self) -> Tally:
        unclosed = "unclosed-quote" in self._spec.faults
        last = self._spec.rows - unclosed
        dirty_at = self._gap()
        while self._rows < last:
            if self._rows < dirty_at:
                self._write_clean(min(dirty_at, last, self._rows + BATCH_ROWS) - self._rows)
            else:
                self._write_dirty(self._rng.choices(self._kinds, self._shares)[0])
                dirty_at = self._rows + self._gap()
            if len(self._lines) >= BATCH_ROWS:
                self._flush()
        if unclosed:
            self._tally.note(malformed("unclosed-quote"))
            self._lines.append(self._writer.unclosed_line(next(self._clean)))
            self._rows += 1
        self._flush()
        return self._tally

    def _gap(self) -> int:
        """Clean rows up to the next dirty one, as if every row was drawn for itself."""
        if not self._dirty_share:
            return self._spec.rows
        if self._dirty_share >= 1.0:
            return 0
        gap = log1p(-self._rng.random()) / log1p(-self._dirty_share)
        return int(min(gap, self._spec.rows))

    def _write_clean(self, rows: int) -> None:
        run = list(islice(self._clean, rows))
        self._lines += self._writer.lines(run)
        self._repeats.offer(run)
        self._rows += rows

    def _write_dirty(self, kind: str) -> None:
        match kind:
            case "blank-line":
                self._lines.append("")
                self._write_clean(1)
            case "duplicate":
                self._write_repeat(kind, self._repeats.look())
            case "conflicting":
                self._write_repeat(kind, self._repeats.take())
            case _:
                cells = dict(zip(self._columns, next(self._clean), strict=True))
                row = Row(cells, self._spec.time_format, self._rng)
                self._tally.note(DIRT[kind].spoil(row))
                self._lines.append(self._writer.line(row.cells.values()))
                self._rows += 1

    def _write_repeat(self, kind: str, row: Cells | None) -> None:
        """Repeat a row; while there is none, write a clean one."""
        if row is None:
            self._write_clean(1)
            return
        if kind == "conflicting":
            place = self._spec.columns.index("latitude")
            moved = f"{float(row[place]) + _CONFLICT_OFFSET_DEG:.6f}"
            row = (*row[:place], moved, *row[place + 1 :])
        self._tally.note_repeat(kind)
        self._lines.append(self._writer.line(row))
        self._rows += 1

    def _flush(self) -> None:
        self._writer.write(self._lines)
        self._lines.clear()
        self._progress(self._rows)
