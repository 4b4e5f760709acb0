"""Random histories of what may be forgotten: filters and directories say what memory says."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeAlias, cast
from uuid import uuid4

import pytest
from attrs import frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from tests.contract.harness import arrow, redis
from tests.contract.harness.harness import Harness

from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore.testing.contracts.seen_window import SeenWindowRig
from fleetcore.testing.contracts.vehicle_directory import OpenDirectory
from fleetcore.testing.strategies import vehicles
from fleetcore_adapters.memory.seen_window import MemorySeenWindow
from fleetcore_adapters.memory.vehicles import VehicleTable

EXAMPLES: Final = 25
EXPECTED: Final = 2000
"""Of a filter: so few identities are met in a history that none is wrongly "maybe"."""

WINDOWS: Final = ("2024-05-01", "2024-05-02")
IDENTITIES: Final = tuple((f"cab-{number % 3}", number) for number in range(6))


@frozen(slots=True)
class Begin:
    """A new generation of a window."""

    window: str


@frozen(slots=True)
class Mark:
    """Identities to mark in a generation begun before, as the numberth of them."""

    window: str
    generation: int
    identities: tuple[tuple[str, int], ...]


@frozen(slots=True)
class Lose:
    """Every generation of a window."""

    window: str


Step: TypeAlias = Begin | Mark | Lose
_WINDOW: Final = st.sampled_from(WINDOWS)
_MARK: Final = st.builds(
    Mark,
    window=_WINDOW,
    generation=st.integers(0, 3),
    identities=st.lists(st.sampled_from(IDENTITIES), min_size=1, max_size=4).map(tuple),
)
HISTORIES: Final = st.lists(
    st.one_of(st.builds(Begin, _WINDOW), _MARK, _MARK, _MARK, st.builds(Lose, _WINDOW)),
    max_size=14,
)


def answers(rig: SeenWindowRig, history: Sequence[Step], fresh: str = "") -> list[object]:
    """What is said of each mark; tokens themselves differ. `fresh` is put before the windows."""
    tokens: list[str] = []
    found: list[object] = []
    for step in history:
        match step:
            case Begin(window):
                token = rig.window.begin(fresh + window, EXPECTED)
                assert token is not None
                tokens.append(token)
            case Lose(window):
                rig.lose(fresh + window)
            case Mark(window, generation, identities):
                token = tokens[generation] if generation < len(tokens) else "none"
                found.append(rig.window.mark(fresh + window, token, identities))
    return found


def rig_of(window: MemorySeenWindow) -> SeenWindowRig:
    """A filter in memory."""
    return SeenWindowRig(window=window, lose=window.forget)


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name) for row in redis.ROWS["seen_window"]]
)
def test_filters_say_what_memory_says(
    row: Harness[SeenWindowRig], record_property: Callable[[str, object], None], tmp_path: Path
) -> None:
    """Of the same marks the same are new, and the same generations are lost."""
    with ExitStack() as stack:
        rig = row.start(tmp_path, stack)()

        @settings(max_examples=EXAMPLES)
        @given(history=HISTORIES)
        def agrees(history: list[Step]) -> None:
            expected = answers(rig_of(MemorySeenWindow()), history)

            assert expected == answers(rig, history, uuid4().hex)

        agrees()
    record_property("histories", ["seen_window", row.name, EXAMPLES])


class NothingIsLost(MemorySeenWindow):
    """Finds a lost generation empty."""

    def forget(self, window: str) -> None:
        """Empty it."""
        tokens = [token for (name, token) in self._marked if name == window]
        super().forget(window)
        self._marked.update({(window, token): set() for token in tokens})


class OneGeneration(MemorySeenWindow):
    """Knows a token in any window."""

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        windows = [name for (name, known) in self._marked if known == token]
        return super().mark(windows[0] if windows else window, token, identities)


class NewOnceACall(MemorySeenWindow):
    """Marks when it has answered for all."""

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        seen = super().mark(window, token, list(dict.fromkeys(identities)))
        if seen is None:
            return None
        first = dict(zip(dict.fromkeys(identities), seen, strict=True))
        return tuple(first[each] for each in identities)


@pytest.mark.parametrize("faulty", [NothingIsLost, OneGeneration, NewOnceACall])
def test_a_bug_planted_in_a_filter_is_found(faulty: Callable[[], MemorySeenWindow]) -> None:
    """Random histories tell a filter with a small fault from a right one."""

    def differs(history: list[Step]) -> bool:
        return answers(rig_of(MemorySeenWindow()), history) != answers(rig_of(faulty()), history)

    searching = settings(max_examples=3000, database=None, phases=[Phase.generate])

    assert find(HISTORIES, differs, settings=searching)


KNOWN: Final = st.lists(vehicles(), max_size=4, unique_by=lambda each: each.vehicle_id)
ASKED: Final = st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=4)


def found(
    directory: VehicleDirectory, known: Sequence[Vehicle], asked: Sequence[Sequence[int]]
) -> list[Mapping[str, Vehicle]]:
    """What is found, look by look; some of the ids are known to nobody."""
    ids = [*(each.vehicle_id for each in known), "nobody"]
    return [directory.find([ids[place % len(ids)] for place in places]) for places in asked]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.name)
        for row in (*arrow.ROWS["vehicle_directory"], *redis.ROWS["vehicle_directory"])
    ],
)
def test_directories_find_what_memory_finds(
    row: Harness[VehicleDirectory], record_property: Callable[[str, object], None]
) -> None:
    """Of the same vehicles the same are found, look by look."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        opened = cast("OpenDirectory", row.start(Path(folder), stack))

        @settings(max_examples=EXAMPLES)
        @given(known=KNOWN, asked=ASKED)
        def agrees(known: list[Vehicle], asked: list[list[int]]) -> None:
            assert found(VehicleTable(known), known, asked) == found(opened(known), known, asked)

        agrees()
    record_property("histories", ["vehicle_directory", row.name, EXAMPLES])


class FirstOnly(VehicleTable):
    """Finds one vehicle a look."""

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        return dict([*super().find(vehicle_ids).items()][:1])


class WithoutDepots(VehicleTable):
    """Forgets where the depots are."""

    def __init__(self, known: Iterable[Vehicle] = ()) -> None:
        super().__init__(
            Vehicle(
                vehicle_id=each.vehicle_id,
                vehicle_class=each.vehicle_class,
                max_speed_kmh=each.max_speed_kmh,
            )
            for each in known
        )


@pytest.mark.parametrize("faulty", [FirstOnly, WithoutDepots])
def test_a_bug_planted_in_a_directory_is_found(
    faulty: Callable[[Iterable[Vehicle]], VehicleDirectory],
) -> None:
    """Random looks tell a directory with a small fault from a right one."""

    def differs(drawn: tuple[list[Vehicle], list[list[int]]]) -> bool:
        known, asked = drawn
        return found(VehicleTable(known), known, asked) != found(faulty(known), known, asked)

    searching = settings(max_examples=1000, database=None, phases=[Phase.generate])

    assert differs(find(st.tuples(KNOWN, ASKED), differs, settings=searching))
