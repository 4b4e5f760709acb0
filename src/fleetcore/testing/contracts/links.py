"""What everything that remembers a region's links does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleetcore.ports.links import Links


class LinksContract:
    """Needs the fixture `open_links`."""

    @pytest.fixture
    def links(self, open_links: Callable[[], Links]) -> Links:
        """What is under test."""
        return open_links()

    def test_is_not_cut_at_first(self, links: Links) -> None:
        """A region of which nobody said so is not cut off, and has copied nothing."""
        assert (False, 0) == (links.are_cut(), links.cursor("b"))

    def test_is_cut_until_it_is_healed(self, links: Links) -> None:
        """Saying it twice is saying it once."""
        said = []
        for cut in (True, True, False, False, True):
            links.cut(cut)
            said.append(links.are_cut())

        assert [True, True, False, False, True] == said

    def test_keeps_a_cursor_a_peer(self, links: Links) -> None:
        """Peers have cursors of their own; the last one saved is it, a smaller one too."""
        links.save("b", 2**62)
        links.save("ü", 3)
        links.save("b", 7)

        assert (7, 3, 0) == (links.cursor("b"), links.cursor("ü"), links.cursor("c"))

    def test_others_see_it(self, open_links: Callable[[], Links]) -> None:
        """Another handle knows what a finished call said."""
        first = open_links()
        other = open_links()
        first.cut(True)
        first.save("b", 5)

        assert (True, 5) == (other.are_cut(), other.cursor("b"))
