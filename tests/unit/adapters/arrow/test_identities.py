"""What was met before is told exactly, whatever hashes and fingerprints do."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.ledger import RowCounts
from fleetcore.errors import StorageUnavailable
from fleetcore.testing.csv_strategies import CsvFile, interpretation_of
from fleetcore_adapters.arrow import rows as arrow_rows
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.columns import Codes, Column, Ints, Mask, Numbers, Texts, Words
from fleetcore_adapters.arrow.identities import BloomFilter, Identities, Meetings
from fleetcore_adapters.arrow.payloads import Payloads
from fleetcore_adapters.vectors.splitmix import mixed

Row: TypeAlias = tuple[int, int, float | None, int]
"""Vehicle code, time, a number or none, the code of a text."""

Hash: TypeAlias = Callable[[int, int], int]
Arrays: TypeAlias = tuple[Words, Codes, Ints, Payloads]

_words = st.lists(st.integers(0, 2**64 - 1), max_size=200)


@settings(max_examples=200)
@given(batches=st.lists(_words, max_size=4), keys=st.sampled_from((0, 1, 100, 10_000)))
def test_the_filter_never_says_no_wrongly(batches: list[list[int]], keys: int) -> None:
    """Every hash that was added is found, however full the filter is."""
    found = BloomFilter(keys)
    for batch in batches:
        found.add(np.array(batch, dtype=np.uint64))

    for batch in batches:
        assert found.maybe(np.array(batch, dtype=np.uint64)).all()


def test_hashes_that_share_a_word_are_all_marked() -> None:
    """Many hashes of one batch that fall into one word of the filter are all added."""
    found = BloomFilter(0)
    hashes = np.arange(4096, dtype=np.uint64)

    found.add(hashes)

    assert found.maybe(hashes).all()


def test_the_filter_mostly_says_no() -> None:
    """Of hashes that were not added, few are maybe; a filter that always says yes is none."""
    keys = 20_000
    hashes = mixed(np.arange(2 * keys, dtype=np.uint64))
    found = BloomFilter(keys)

    found.add(hashes[:keys])

    assert found.maybe(hashes[keys:]).mean() < 0.02
    assert not BloomFilter(keys).maybe(hashes).any()


def _columns(rows: list[Row]) -> dict[str, Column]:
    values = [value for _, _, value, _ in rows]
    valid: Mask = np.array([value is not None for value in values], dtype=np.bool_)
    return {
        "speed_kmh": Numbers(
            values=np.array([value or 0.0 for value in values], dtype=np.float64), valid=valid
        ),
        "city": Texts(codes=np.array([text for *_, text in rows], dtype=np.int32), values=("a",)),
    }


def _arrays(rows: list[Row], hash_of: Hash) -> Arrays:
    return (
        np.array([hash_of(vehicle, time) for vehicle, time, *_ in rows], dtype=np.uint64),
        np.array([vehicle for vehicle, *_ in rows], dtype=np.int32),
        np.array([time for _, time, *_ in rows], dtype=np.int64),
        Payloads(_columns(rows), len(rows)),
    )


def _met(identities: Identities, arrays: Arrays) -> Meetings:
    hashes, vehicles, times, payloads = arrays
    return identities.met(hashes, vehicles, times, np.arange(len(times)), payloads)


def _all_equal(_vehicle: int, _time: int) -> int:
    return 0


def _exact(vehicle: int, time: int) -> int:
    return int(mixed(np.array([vehicle * 1000 + time], dtype=np.uint64))[0])


ROWS: Final = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 3),
        st.sampled_from((None, 0.0, 1.5)),
        st.sampled_from((-1, 0)),
    ),
    max_size=8,
    unique=True,
)


@pytest.mark.parametrize("hash_of", [_all_equal, _exact], ids=["all-hashes-equal", "mixed"])
def test_identities_are_those_of_a_dictionary(hash_of: Hash) -> None:
    """Siblings and equal payloads among earlier chunks, as a dictionary would tell."""

    @settings(max_examples=200)
    @given(chunks=st.lists(ROWS, max_size=5))
    def holds(chunks: list[list[Row]]) -> None:
        met: defaultdict[tuple[int, int], set[tuple[float | None, int]]] = defaultdict(set)
        with Identities(0) as identities:
            for chunk in chunks:
                rows = sorted(chunk, key=lambda row: row[:2])
                arrays = _arrays(rows, hash_of)
                meetings = _met(identities, arrays)
                assert [row[:2] in met for row in rows] == meetings.sibling.tolist()
                assert [row[2:] in met.get(row[:2], ()) for row in rows] == meetings.equal.tolist()
                identities.add(*arrays)
                for row in rows:
                    met[row[:2]].add(row[2:])

    holds()


def test_adding_nothing_is_nothing() -> None:
    """A chunk without rows leaves no trace."""
    with Identities(10) as identities:
        identities.add(*_arrays([], _exact))
        found = _met(identities, _arrays([(0, 0, 1.0, 0)], _exact))

    assert ([False], [False]) == (found.sibling.tolist(), found.equal.tolist())


class _ShortWrites(io.FileIO):
    """A file that never takes more than some bytes at once."""

    def write(self, data: Any, /) -> int:
        return super().write(memoryview(data).cast("B")[:5])


def test_a_spool_that_takes_little_at_a_time_holds_all(tmp_path: Path) -> None:
    """What the system did not write at once is written later."""
    rows = [(0, 0, 1.5, 0), (0, 1, None, -1), (1, 0, 0.0, 0)]
    with Identities(10) as identities, _ShortWrites(tmp_path / "spool", "w+b") as short:
        identities._spool.close()
        identities._spool = short  # no way in from outside: the spool has no name
        arrays = _arrays(rows, _exact)
        identities.add(*arrays)
        found = _met(identities, arrays)

    assert [True] * 3 == found.equal.tolist()


def test_a_spool_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(StorageUnavailable, match="gone"):
        Identities(10, tmp_path / "gone")


def _counts(rows: list[str], sizes: Sizes) -> tuple[RowCounts, list[int]]:
    file = CsvFile(
        content="".join(f"{row}\n" for row in rows).encode(),
        interpretation=interpretation_of(
            ("vehicle_id", "observed_at", "latitude", "longitude", "city"),
            has_header=False,
            time_format="epoch-s",
        ),
        sizes=sizes,
    )
    engine = ArrowEngine()
    chunks = list(engine.chunks(io.BytesIO(file.content), file.work()))
    lines = [e.line for c in chunks for part in c.parts for e in engine.events(part.content)]
    return sum((chunk.counts for chunk in chunks), RowCounts()), sorted(lines)


@pytest.mark.parametrize(
    "sizes",
    [Sizes(), Sizes(block_bytes=1, blocks_per_chunk=1), Sizes(block_bytes=1, blocks_per_chunk=3)],
    ids=["one-chunk", "a-chunk-a-row", "three-rows-a-chunk"],
)
def test_equal_fingerprints_are_no_proof(monkeypatch: pytest.MonkeyPatch, sizes: Sizes) -> None:
    """Payloads that differ are conflicts though their fingerprints are equal, and none is lost."""
    monkeypatch.setattr(arrow_rows, "mixed", lambda words: np.full(len(words), 7, dtype=np.uint64))
    rows = [f"a,1690000000,{n % 3 + 1},2,{'Rome' if n % 2 else ''}" for n in range(12)]
    rows += ["b,1690000000,1,2,", "a,1690000001,1,2,"]

    counts, lines = _counts(rows, sizes)

    assert (3, 5, 6) == (counts.accepted, counts.conflicting, counts.duplicate)
    assert [1, 2, 3, 4, 5, 6, 13, 14] == lines
