"""What a region in a folder is called."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from fleetcore.errors import InvalidConfiguration
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.links import name_region, region_called


def test_a_folder_keeps_its_first_name(tmp_path: Path) -> None:
    """Its peers' cursors belong to that name."""
    with closing(Database(tmp_path)) as database:
        assert "home" == region_called(database, None, "home")
        assert "north" == region_called(database, "north", "home")
    with closing(Database(tmp_path)) as database:
        assert ["north"] * 2 == [region_called(database, each, "home") for each in (None, "north")]
        with pytest.raises(InvalidConfiguration, match="'north', not 'south'"):
            region_called(database, "south", "home")


def test_a_mistake_can_be_mended(tmp_path: Path) -> None:
    """The new name is the one it keeps."""
    with closing(Database(tmp_path)) as database:
        region_called(database, "noth", "home")
        name_region(database, "north")
        assert "north" == region_called(database, "north", "home")
