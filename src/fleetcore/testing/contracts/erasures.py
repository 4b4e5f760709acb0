"""What everything that remembers which vehicles are erased does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleetcore.ports.erasures import Erasures

ONE, TWO = "0a" * 32, "0b" * 32


class ErasuresContract:
    """Needs the fixture `open_erasures`."""

    @pytest.fixture
    def erasures(self, open_erasures: Callable[[], Erasures]) -> Erasures:
        """What is under test."""
        return open_erasures()

    def test_nothing_is_erased_at_first(self, erasures: Erasures) -> None:
        """No mark is there before one is made."""
        assert frozenset() == erasures.marked()

    def test_remembers_marks(self, erasures: Erasures) -> None:
        """Marking twice is marking once."""
        erasures.mark([ONE])
        erasures.mark([ONE, TWO])

        assert {ONE, TWO} == erasures.marked()

    def test_lets_go_of_marks(self, erasures: Erasures) -> None:
        """Only of those that are named; of what is not marked it is nothing."""
        erasures.mark([ONE, TWO])
        erasures.unmark([ONE])
        erasures.unmark([ONE])

        assert {TWO} == erasures.marked()

    def test_others_see_it(self, open_erasures: Callable[[], Erasures]) -> None:
        """Another handle knows what a finished call said."""
        first = open_erasures()
        other = open_erasures()
        first.mark([ONE])

        assert {ONE} == other.marked()
