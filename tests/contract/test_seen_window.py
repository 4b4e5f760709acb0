"""The contract of filters over identities, on every adapter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, TypeAlias

import pytest
from attrs import define, field, frozen
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from fleetcore.testing.contracts.seen_window import (
    EXPECTED,
    WRONG_SHARE,
    SeenWindowContract,
    SeenWindowRig,
)
from fleetcore_adapters.memory.seen_window import MemorySeenWindow

WINDOWS: Final = ("day", "next")


@frozen(slots=True)
class Begin:
    """Another generation of a window."""

    window: str


@frozen(slots=True)
class Mark:
    """Identities are marked in the n-th generation of a window."""

    window: str
    generation: int
    identities: list[tuple[str, int]]


@frozen(slots=True)
class Lose:
    """Every generation of a window is lost."""

    window: str


Step: TypeAlias = Begin | Mark | Lose


@define(slots=True)
class _Generation:
    """What was marked; None where it is lost."""

    token: str
    marked: set[tuple[str, int]] | None = field(factory=set)

    def mark(self, identities: Sequence[tuple[str, int]]) -> list[bool]:
        """Whether each identity may be called new."""
        if self.marked is None:
            return [False] * len(identities)
        new: list[bool] = []
        for each in identities:
            new.append(each not in self.marked)
            self.marked.add(each)
        return new


class TestSeenWindow(SeenWindowContract):
    """Runs the suite on what the fixture `open_seen_window` opens."""


HISTORIES: Final = st.lists(
    st.one_of(
        st.builds(Begin, st.sampled_from(WINDOWS)),
        st.builds(
            Mark,
            st.sampled_from(WINDOWS),
            st.integers(0, 1),
            st.lists(st.sampled_from((("cab-1", 0), ("cab-1", 1), ("cab-2", 0))), max_size=3),
        ),
        st.builds(Lose, st.sampled_from(WINDOWS)),
    ),
    max_size=20,
)


def broken_promises(history: Sequence[Step], rig: SeenWindowRig) -> list[str]:
    """What a filter said that it must not, by an exact set a generation.

    "Maybe" is never wrong, but of identities that are new to a live generation few may be met so.
    """
    windows: dict[str, list[_Generation]] = {each: [] for each in WINDOWS}
    broken: list[str] = []
    new = wrong = 0
    for step in history:
        generations = windows[step.window]
        match step:
            case Begin():
                token = rig.window.begin(step.window, EXPECTED)
                if token is None or token in {each.token for each in generations}:
                    broken.append(f"{step}: the token {token!r}")
                    continue
                generations.append(_Generation(token))
            case Lose():
                rig.lose(step.window)
                for each in generations:
                    each.marked = None
            case Mark():
                held = next(iter(generations[step.generation :]), _Generation("nobody's", None))
                answer = rig.window.mark(step.window, held.token, step.identities)
                if step.identities and (answer is None) != (held.marked is None):
                    broken.append(f"{step}: {answer} of a generation that is lost, or is not")
                said = answer or (True,) * len(step.identities)
                may_be_new = held.mark(step.identities)
                broken += [
                    f"{step}: {identity} is called new"
                    for identity, fresh, seen in zip(step.identities, may_be_new, said, strict=True)
                    if not fresh and not seen
                ]
                new += sum(may_be_new)
                wrong += sum(map(min, may_be_new, said))
    if wrong > 1 + WRONG_SHARE * new:
        broken.append(f"{wrong} of {new} new identities are met with maybe")
    return broken


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=HISTORIES)
def test_histories_break_no_promise(
    open_seen_window: Callable[[], SeenWindowRig], history: list[Step]
) -> None:
    """Whatever begins, is marked and is lost: new is said once, and of a lost generation never."""
    assert [] == broken_promises(history, open_seen_window())


class TrustsWhatIsLost(MemorySeenWindow):
    """Begins a lost generation again by itself."""

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        self._marked.setdefault((window, token), set())
        return super().mark(window, token, identities)


class ForgetsSome(MemorySeenWindow):
    """Remembers the last call only."""

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        said = super().mark(window, token, identities)
        if (window, token) in self._marked:
            self._marked[window, token] = set(identities)
        return said


class LooksBeforeItMarks(MemorySeenWindow):
    """Looks at all identities of a call, and marks them afterwards."""

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        marked = self._marked.get((window, token))
        if marked is None:
            return None
        said = tuple(each in marked for each in identities)
        marked.update(identities)
        return said


class SharesGenerations(MemorySeenWindow):
    """Has one set for all generations of a window."""

    def begin(self, window: str, expected: int) -> str | None:
        token = super().begin(window, expected)
        others = [marked for (name, _), marked in self._marked.items() if name == window]
        self._marked[window, str(token)] = others[0]
        return token


@pytest.mark.parametrize(
    "planted", [TrustsWhatIsLost, ForgetsSome, LooksBeforeItMarks, SharesGenerations]
)
def test_a_filter_that_breaks_a_promise_is_caught(planted: type[MemorySeenWindow]) -> None:
    """Each of these is found among the histories."""

    def breaks(history: list[Step]) -> bool:
        window = planted()
        return broken_promises(history, SeenWindowRig(window=window, lose=window.forget)) != []

    quick = settings(max_examples=5_000, database=None, phases=[Phase.generate], deadline=None)
    assert breaks(find(HISTORIES, breaks, settings=quick, random=Random(1)))
