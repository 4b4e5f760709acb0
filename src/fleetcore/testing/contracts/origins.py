"""What all origins do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from fleetcore.ports.origins import Origin, Origins

ONE: Final = Origin(name="cab-1.txt", vehicle_id="cab-1")
TWO: Final = Origin(name="/data/all of them.csv.gz")


class OriginsContract:
    """Needs the fixture `open_origins`."""

    @pytest.fixture
    def origins(self, open_origins: Callable[[], Origins]) -> Origins:
        """The origins under test."""
        return open_origins()

    def test_are_empty_at_first(self, origins: Origins) -> None:
        """Nothing is known where nothing was noted."""
        assert {} == origins.read()

    def test_read_what_was_noted(self, origins: Origins) -> None:
        """Every origin comes back, by ingestion."""
        origins.note("1f", ONE)
        origins.note("2e", TWO)

        assert {"1f": ONE, "2e": TWO} == origins.read()

    def test_the_last_note_stays(self, origins: Origins) -> None:
        """A later note of an ingestion takes the place of the earlier one, missing id included."""
        origins.note("1f", ONE)
        origins.note("1f", TWO)

        assert {"1f": TWO} == origins.read()

    @pytest.mark.parametrize("name", ["", "日本.csv", "a'b\n\0.csv", "not-utf8-\udcff.csv"])
    def test_keep_odd_names(self, origins: Origins, name: str) -> None:
        """Any name a file may have is kept exactly."""
        origins.note("1f", Origin(name=name))

        assert {"1f": Origin(name=name)} == origins.read()

    def test_what_was_read_stays_as_it_was(self, origins: Origins) -> None:
        """A mapping that was read does not change with later notes."""
        before = origins.read()
        origins.note("1f", ONE)

        assert {} == before

    def test_keep_notes(self, open_origins: Callable[[], Origins]) -> None:
        """Another handle sees what was noted."""
        open_origins().note("1f", ONE)

        assert {"1f": ONE} == open_origins().read()
