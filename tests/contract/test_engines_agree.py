"""The plain and the columnar engine make the same of every file, however hostile."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pytest
from attrs import evolve, frozen
from hypothesis import Phase, find, given, settings

from fleetcore.domain.cells import number_in
from fleetcore.domain.chunks import Chunk
from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.lanes import Lane
from fleetcore.domain.location import REQUIRED_FIELDS, LocationEvent
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import SourceChanged
from fleetcore.ports.batch_engine import BatchEngine
from fleetcore.testing.csv_strategies import CsvFile, csv_files, interpretation_of
from fleetcore_adapters.arrow import csv_block, payloads, rules
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.columns import Ints, Texts, Words
from fleetcore_adapters.memory.batch_engine import PlainEngine

RELATIVE: Final = 1e-6
"""How far two engines' distances may lie apart."""


@frozen(slots=True)
class Outcome:
    """A chunk without the form of its parts, and the distances of its events."""

    chunk: Chunk
    events: tuple[tuple[Lane, int, tuple[tuple[LocationEvent, int, str, int], ...]], ...]
    distances_m: tuple[float | None, ...]

    def agrees_with(self, other: Outcome) -> bool:
        """Whether nothing but the last digits of distances differs."""
        return (self.chunk, self.events) == (other.chunk, other.events) and all(
            one is other_one
            if one is None or other_one is None
            else math.isclose(one, other_one, rel_tol=RELATIVE, abs_tol=RELATIVE)
            for one, other_one in zip(self.distances_m, other.distances_m, strict=True)
        )


def outcomes(engine: BatchEngine, file: CsvFile) -> list[Outcome]:
    """What an engine makes of a file."""
    return [_outcome(engine, each) for each in engine.chunks(io.BytesIO(file.content), file.work())]


def _outcome(engine: BatchEngine, chunk: Chunk) -> Outcome:
    stored = [(part, engine.events(part.content)) for part in chunk.parts]
    return Outcome(
        evolve(chunk, parts=()),
        tuple(
            (
                part.lane,
                part.rows,
                tuple((e.event, e.event.fingerprint, e.ingestion, e.line) for e in events),
            )
            for part, events in stored
        ),
        tuple(each.distance_from_depot_m for _, events in stored for each in events),
    )


def agree(ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> bool:
    """Whether two engines made the same of a file."""
    return len(ours) == len(theirs) and all(
        one.agrees_with(other) for one, other in zip(ours, theirs, strict=True)
    )


@settings(max_examples=400)
@given(file=csv_files())
def test_engines_agree_on_any_file(file: CsvFile) -> None:
    """The same chunks, counts, rejects and events in the same order; distances all but equal."""
    plain, columnar = outcomes(PlainEngine(), file), outcomes(ArrowEngine(), file)

    assert [each.chunk for each in plain] == [each.chunk for each in columnar]
    assert [each.events for each in plain] == [each.events for each in columnar]
    assert agree(plain, columnar)


def test_engines_agree_on_many_vehicles() -> None:
    """More vehicles than a digit of the sort holds, in several chunks, some of them twice."""
    known = {
        f"v{n}": Vehicle(vehicle_id=f"v{n}", depot_latitude=1.0, depot_longitude=n / 1000)
        for n in range(0, 66_000, 2)
    }
    order = [(n * 40_507) % 66_000 for n in range(66_000)] + list(range(500))
    rows = [f"v{n},{1_690_000_000 + n % 7},{n / 1000 + 1:.3f},{-n / 500:.3f}\n" for n in order]
    file = CsvFile(
        content="".join(rows).encode(),
        interpretation=interpretation_of(
            ("vehicle_id", "observed_at", "latitude", "longitude"),
            has_header=False,
            time_format="epoch-s",
        ),
        sizes=Sizes(block_bytes=500_000, blocks_per_chunk=2),
        vehicles=known,
    )

    plain, columnar = outcomes(PlainEngine(), file), outcomes(ArrowEngine(), file)

    assert len(plain) > 1
    assert 500 == sum(each.chunk.counts.duplicate for each in plain)
    assert agree(plain, columnar)


class _Changing(io.BytesIO):
    """A file that turns out to have changed once so many bytes are read."""

    def __init__(self, content: bytes, readable: int) -> None:
        super().__init__(content)
        self._readable = readable

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= self._readable:
            raise SourceChanged("the file changed")
        return super().read(size)


def _before_the_error(engine: BatchEngine, file: CsvFile, readable: int) -> list[int]:
    chunks = engine.chunks(_Changing(file.content, readable), file.work())
    found: list[int] = []
    with pytest.raises(SourceChanged):
        found.extend(chunk.end for chunk in chunks)
    return found


@pytest.mark.parametrize("blocks", range(1, 16))
def test_engines_agree_on_what_comes_before_an_error(blocks: int) -> None:
    """Every chunk that is complete when the file turns out to have changed."""
    file = CsvFile(
        content=b"".join(b"v%d,1690000000,1,2\n" % number for number in range(500)),
        interpretation=interpretation_of(
            ("vehicle_id", "observed_at", "latitude", "longitude"),
            has_header=False,
            time_format="epoch-s",
        ),
        sizes=Sizes(block_bytes=500, blocks_per_chunk=2),
    )

    plain = _before_the_error(PlainEngine(), file, 500 * blocks)

    assert plain == _before_the_error(ArrowEngine(), file, 500 * blocks)
    assert (blocks - 2) // 2 <= len(plain) <= (blocks + 1) // 2


def _keep_the_sign_of_zero(patch: pytest.MonkeyPatch) -> None:
    def words(self: Any, place: int, rows: Ints | None = None) -> Words:
        column = self._columns[place]
        column = column if rows is None else column.take(rows)
        if isinstance(column, Texts):
            return column.codes.astype(np.int64).view(np.uint64)
        bits: Words = column.values.copy().view(np.uint64)
        if column.valid is not None:
            bits[~column.valid] = np.uint64(1)
        return bits

    patch.setattr(payloads.Payloads, "words", words)


def _read_numbers_generously(patch: pytest.MonkeyPatch) -> None:
    right = number_in
    others = {"nan(1)": math.nan, "1_0": 10.0, "0x10": 16.0, "+-5": -5.0, "1,5": 1.5, "1;5": 1.5}
    patch.setattr(csv_block, "number_in", lambda text: others.get(text, right(text)))


def _exclude_limits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "_RELATIONS", {**rules._RELATIONS, "<=": rules._RELATIONS["<"]})


@pytest.mark.parametrize(
    "plant", [_keep_the_sign_of_zero, _read_numbers_generously, _exclude_limits]
)
def test_a_planted_bug_is_found(
    monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Random files tell a columnar engine with a small fault from a right one."""
    plant(monkeypatch)

    def differs(file: CsvFile) -> bool:
        return not agree(outcomes(PlainEngine(), file), outcomes(ArrowEngine(), file))

    searching = settings(max_examples=5000, database=None, phases=[Phase.generate])
    found = find(csv_files(layouts=[REQUIRED_FIELDS]), differs, settings=searching)
    assert found.content
