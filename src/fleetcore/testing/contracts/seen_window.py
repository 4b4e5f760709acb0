"""What every filter over identities does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetcore.ports.seen_window import SeenWindow
from fleetcore.testing.contracts.race import raced
from fleetcore.testing.strategies import instants_ms, vehicle_ids

DAY: Final = "2024-05-01"
NEXT_DAY: Final = "2024-05-02"
EXPECTED: Final = 2_000
WRONG_SHARE: Final = 0.02
"""Of as many identities as were expected at most so many may wrongly be met with "maybe"."""

SOME: Final = [("cab-1", 1_714_521_600_000), ("cab-1", 1_714_521_610_000), ("cab-2", 0)]


@frozen(kw_only=True, slots=True)
class SeenWindowRig:
    """A filter, and what loses every generation of a window, as a failing cache does."""

    window: SeenWindow
    lose: Callable[[str], None]


def begun(window: SeenWindow, name: str = DAY, expected: int = EXPECTED) -> str:
    """The token of a new generation, of a filter that can be made."""
    token = window.begin(name, expected)
    assert token is not None
    return token


def many(number: int) -> list[tuple[str, int]]:
    """Distinct identities, a vehicle's a second apart."""
    return [(f"cab-{at % 50}", 1_714_521_600_000 + at // 50 * 1000) for at in range(number)]


class SeenWindowContract:
    """Needs the fixture `open_seen_window`, which opens a `SeenWindowRig`."""

    @pytest.fixture
    def rig(self, open_seen_window: Callable[[], SeenWindowRig]) -> SeenWindowRig:
        """The filter under test, and how it is lost."""
        return open_seen_window()

    @pytest.fixture
    def window(self, rig: SeenWindowRig) -> SeenWindow:
        """The filter under test."""
        return rig.window

    def test_meets_once(self, window: SeenWindow) -> None:
        """Of an identity it says once that it was not there, in the order asked."""
        token = begun(window)

        assert (False,) == window.mark(DAY, token, SOME[:1])
        assert (False, True, False) == window.mark(DAY, token, [SOME[1], SOME[0], SOME[2]])
        assert (True, True, True) == window.mark(DAY, token, SOME)

    def test_meets_equal_identities_of_one_call_once(self, window: SeenWindow) -> None:
        """Of equal identities in one call the first alone is new."""
        seen = window.mark(DAY, begun(window), [SOME[0], SOME[0], SOME[1], SOME[0]])

        assert (False, True, False, True) == seen

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (("a", 11), ("a1", 1)),
            (("a1", 1), ("1a", 1)),
            (("a", -1), ("a", 1)),
            (("a", 2**63 - 1), ("a", -(2**63))),
            (("é", 1), ("e", 1)),
            (("cab", 1), ("Cab", 1)),
        ],
    )
    def test_tells_identities_apart(
        self, window: SeenWindow, one: tuple[str, int], other: tuple[str, int]
    ) -> None:
        """Identities that are much alike are two."""
        assert (False, False) == window.mark(DAY, begun(window), [one, other])

    def test_nothing_asked_is_nothing_said(self, window: SeenWindow) -> None:
        """An empty call is answered so, if there is the generation."""
        assert ((), None) == (window.mark(DAY, begun(window), []), window.mark(DAY, "none", []))

    @pytest.mark.parametrize(
        "token", ["", "none", "é", "generation-0", "bloom-1:0:8:0-0", "bloom-1:0:0:", ":::"]
    )
    def test_an_unknown_token_is_given_up(self, window: SeenWindow, token: str) -> None:
        """Of what is no token of a generation nothing is known."""
        begun(window)

        assert window.mark(DAY, token, SOME) is None

    def test_a_token_of_another_window_is_unknown(self, window: SeenWindow) -> None:
        """A token belongs to the window it was made for."""
        token = begun(window)

        assert window.mark(NEXT_DAY, token, SOME) is None
        assert (False, False, False) == window.mark(DAY, token, SOME)

    def test_generations_of_one_window_are_apart(self, window: SeenWindow) -> None:
        """Beginning again leaves the first generation as it is."""
        first = begun(window)
        window.mark(DAY, first, SOME[:2])
        second = begun(window)

        assert first != second
        assert (False, False, False) == window.mark(DAY, second, SOME)
        assert (True, True, False) == window.mark(DAY, first, SOME)

    def test_windows_are_apart(self, window: SeenWindow) -> None:
        """What is marked in one window is not in another."""
        day, next_day = begun(window), begun(window, NEXT_DAY)
        window.mark(DAY, day, SOME)

        assert (False, False, False) == window.mark(NEXT_DAY, next_day, SOME)

    def test_a_lost_generation_is_lost_for_ever(self, rig: SeenWindowRig) -> None:
        """After a loss nothing is known of it again."""
        token = begun(rig.window)
        rig.window.mark(DAY, token, SOME[:1])
        rig.lose(DAY)

        assert rig.window.mark(DAY, token, SOME) is None
        assert rig.window.mark(DAY, token, SOME) is None

    def test_a_new_generation_does_not_bring_a_lost_one_back(self, rig: SeenWindowRig) -> None:
        """After a loss a window may begin again, and the lost token stays lost."""
        lost = begun(rig.window)
        rig.lose(DAY)
        token = begun(rig.window)

        assert (False, False, False) == rig.window.mark(DAY, token, SOME)
        assert rig.window.mark(DAY, lost, many(3)) is None

    def test_a_loss_leaves_other_windows_alone(self, rig: SeenWindowRig) -> None:
        """A generation that was not lost goes on."""
        day = begun(rig.window)
        rig.window.mark(DAY, day, SOME[:1])
        begun(rig.window, NEXT_DAY)
        rig.lose(NEXT_DAY)

        assert (True, False, False) == rig.window.mark(DAY, day, SOME)

    def test_is_seldom_wrong(self, window: SeenWindow) -> None:
        """Nearly all of as many distinct identities as expected are new, and all are met after."""
        token = begun(window)
        identities = many(EXPECTED)

        wrong = window.mark(DAY, token, identities)
        assert wrong is not None
        assert sum(wrong) <= WRONG_SHARE * EXPECTED
        assert (True,) * EXPECTED == window.mark(DAY, token, identities)

    @pytest.mark.parametrize("expected", [-1, 0, 1, 10**12])
    def test_any_number_may_be_expected(self, window: SeenWindow, expected: int) -> None:
        """Too small or too large an estimate makes a filter all the same."""
        token = begun(window, expected=expected)

        assert (False, False, False) == window.mark(DAY, token, SOME)

    @settings(
        max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        name=st.text(max_size=20),
        identities=st.lists(st.tuples(vehicle_ids(), instants_ms()), max_size=20),
    )
    def test_takes_any_identity(
        self, window: SeenWindow, name: str, identities: list[tuple[str, int]]
    ) -> None:
        """Whatever the window's name and the identities: all are met the second time."""
        token = begun(window, name)
        first = window.mark(name, token, identities)
        assert first is not None
        new = [each for each, seen in zip(identities, first, strict=True) if not seen]

        assert len(set(new)) == len(new)
        assert (True,) * len(identities) == window.mark(name, token, identities)

    def test_another_handle_meets_what_was_marked(
        self, open_seen_window: Callable[[], SeenWindowRig]
    ) -> None:
        """A generation is shared by all who have its token."""
        token = begun(open_seen_window().window)
        open_seen_window().window.mark(DAY, token, SOME[:2])

        assert (True, True, False) == open_seen_window().window.mark(DAY, token, SOME)

    def test_of_racing_callers_one_is_first(
        self, open_seen_window: Callable[[], SeenWindowRig]
    ) -> None:
        """Callers at once, each with all identities: never two are told that one is new."""
        handles = [open_seen_window().window for _ in range(4)]
        token = begun(handles[0])
        identities = many(EXPECTED)

        answers = raced(
            [
                partial(each.mark, DAY, token, identities[turn:] + identities[:turn])
                for turn, each in zip((0, 3, 500, 501), handles, strict=True)
            ]
        )

        told: list[tuple[str, int]] = []
        for turn, seen in zip((0, 3, 500, 501), answers, strict=True):
            assert isinstance(seen, tuple)
            turned = identities[turn:] + identities[:turn]
            told += [each for each, met in zip(turned, seen, strict=True) if not met]
        assert len(set(told)) == len(told) >= (1 - WRONG_SHARE) * EXPECTED
