"""Regions and drift in a `fleet.toml`."""

from __future__ import annotations

import pytest

from fleetcore.application.drift_settings import DriftSettings
from fleetcore.application.fleet_file import fleet_config
from fleetcore.application.regions_config import checked_name
from fleetcore.errors import InvalidConfiguration


def test_regions_keep_the_order_of_the_file() -> None:
    """The first that answers conducts, so the order means something."""
    config = fleet_config(
        '[regions.west]\naddress = "10.0.0.1:7301"\n[regions.east-2]\naddress = "[::1]:7302"\n'
    )

    assert [("west", "10.0.0.1:7301"), ("east-2", "[::1]:7302")] == list(config.regions.items())


def test_drift_has_settings() -> None:
    """What the section does not name keeps its default."""
    config = fleet_config('[drift]\nevery_s = 5\ncorrect = "above-threshold"\nparts = 0\n')

    assert DriftSettings(every_s=5.0, correct="above-threshold", parts=0) == config.drift
    assert (DriftSettings(), {}) == ((nothing := fleet_config("")).drift, nothing.regions)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[drift]\ncorrect = "some"', "above-threshold"),
        ("[drift]\nsettle = 3", "did you mean settle_s"),
        ("[drift]\nevery_s = 0", r"\[drift\] every_s = 0.0: allowed are 0.001 to 86400 seconds"),
        ('[regions.East]\naddress = "a:1"', "'East' is no name of a region"),
        ('[regions.east]\nadress = "a:1"', "did you mean address"),
        ("[regions.east]\naddress = 7301", "HOST:PORT"),
        ("[regions.east]\n", "HOST:PORT"),
        ('[regions]\neast = "a:1"', "it is a section"),
    ],
)
def test_what_is_not_allowed_is_told(text: str, said: str) -> None:
    """With what is."""
    with pytest.raises(InvalidConfiguration, match=said):
        fleet_config(text)


@pytest.mark.parametrize("name", ["", "a b", "é", "-a", "a/b", "a" * 41, "north\n"])
def test_names_of_regions_can_be_part_of_keys(name: str) -> None:
    """They stand in the provenance of what is copied."""
    with pytest.raises(InvalidConfiguration, match="no name of a region"):
        checked_name(name)
