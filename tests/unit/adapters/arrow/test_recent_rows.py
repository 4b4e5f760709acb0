"""What is known of the log without reading it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.errors import CorruptObject, ObjectMissing
from fleetcore.ports.catalogue import Entry, Extent, Listing, LogFile
from fleetcore_adapters.arrow.columns import Words
from fleetcore_adapters.arrow.recent_rows import RecentRows


def _file(key: str, times: list[int]) -> LogFile:
    return LogFile(
        key=key,
        kind="tail",
        rows=len(times),
        extent=Extent(
            min_vehicle_id="a",
            max_vehicle_id="z",
            min_observed_at=min(times),
            max_observed_at=max(times),
        ),
        size_bytes=1,
        sha256="",
    )


def _hashes(times: list[int]) -> Words:
    return np.array([time + 1000 for time in times], dtype=np.uint64)


_TIMES = st.lists(st.integers(0, 40), min_size=1, max_size=5)


@given(
    files=st.lists(st.tuples(_TIMES, st.booleans()), max_size=12),
    loaded=st.lists(_TIMES, max_size=4),
    asked=st.integers(0, 40),
)
def test_what_the_log_holds_is_never_denied(
    files: list[tuple[list[int], bool]], loaded: list[list[int]], asked: int
) -> None:
    """However small the window is, and however files came in; what is denied is not there."""
    content = {f"loaded {n}": times for n, times in enumerate(loaded)}
    content |= {f"{n}": times for n, (times, _) in enumerate(files)}
    recent = RecentRows(lambda file: _hashes(content[file.key]), most_rows=12)
    entries = [
        Entry(sequence=n, file=_file(f"loaded {n}", times)) for n, times in enumerate(loaded, 0)
    ]
    recent.take(Listing(entries=tuple(entries), sequence=len(entries)))
    for number, (times, own) in enumerate(files):
        file = _file(str(number), times)
        entry = Entry(sequence=recent.seen + 1, file=file)
        if own:
            recent.add(file, _hashes(times))
        recent.take(Listing(entries=(entry,), sequence=entry.sequence))
    instants = np.arange(41)
    said = recent.may_hold(_hashes(instants.tolist()), instants)

    held = {time for each in content.values() for time in each}
    assert held <= set(instants[said].tolist())
    assert said[asked] or asked not in held
    known = [key for key in content if key in recent]
    expected = {key for key in known if asked in content[key]}
    assert expected == recent.meeting(_hashes([asked]))


def test_a_file_that_is_gone_leaves_all_as_it_was() -> None:
    """What was taken half is taken again, from the same place."""

    def hashes_in(file: LogFile) -> Words:
        if file.key == "gone":
            raise ObjectMissing("gone")
        return _hashes([5])

    recent = RecentRows(hashes_in)
    entries = tuple(
        Entry(sequence=n, file=_file(key, [5])) for n, key in enumerate(("gone", "here"), 1)
    )
    with pytest.raises(ObjectMissing):
        recent.take(Listing(entries=entries, sequence=2))

    assert (0, False) == (recent.seen, "here" in recent)
    assert not recent.may_hold(_hashes([5]), np.array([5])).any()


def test_a_damaged_file_is_known_by_its_span() -> None:
    """Only what happened when its rows did has to be looked up; all others are known."""

    def hashes_in(file: LogFile) -> Words:
        if file.key == "damaged":
            raise CorruptObject("damaged")
        return _hashes([9])

    recent = RecentRows(hashes_in)
    entries = tuple(
        Entry(sequence=n, file=_file(key, times))
        for n, (key, times) in enumerate((("damaged", [5, 7]), ("here", [9])), 1)
    )
    recent.take(Listing(entries=entries, sequence=2))
    instants = np.array([4, 5, 6, 7, 8, 9])

    assert 2 == recent.seen
    assert [5, 6, 7, 9] == instants[recent.may_hold(_hashes(instants.tolist()), instants)].tolist()
    assert ("here" in recent, "damaged" in recent) == (True, False)
