"""A fleet.toml is read whole, or the error names the key and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleetcore.application.fleet_file import FleetConfig, fleet_config
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.domain.rules.event_rules import ALWAYS_REJECTING
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.domain.tracks.limits import TrackLimits, TrackSettings
from fleetcore.errors import InvalidConfiguration

DOCS = Path(__file__).parents[3] / "docs" / "input-files.md"
TRACKS = DOCS.with_name("tracks.md")


def test_an_empty_file_sets_nothing() -> None:
    """Every default stays."""
    assert FleetConfig() == fleet_config("")


def test_the_documented_example_says_what_the_page_says() -> None:
    """The example in the docs is loaded, every section of it."""
    (example,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert FleetConfig(
        settings=FleetSettings(
            limits=Limits(max_speed_kmh=180.0, max_accuracy_m=None, max_age_s=31_536_000.0),
            classes={"truck": {"max_speed_kmh": 100.0}, "sports car": {"max_speed_kmh": None}},
            severities={"swapped-coordinates": "reject", "zero-island": "warn", "too-old": "off"},
        ),
        reading=ReadingOptions(
            mapping={"vehicle_id": "plate", "speed_kmh": "7"},
            columns=(),
            delimiter=";",
            encoding="cp1252",
            zone="Europe/Berlin",
            vehicle_from_filename=None,
            speed_unit="mph",
        ),
    ) == fleet_config(example)


def test_the_documented_track_section_says_what_the_page_says() -> None:
    """The example in the docs is loaded; a class has the fleet's limits but for its own."""
    (example,) = re.findall(r"```toml\n(.*?)```", TRACKS.read_text(encoding="utf-8"), re.DOTALL)

    assert FleetConfig(
        track=TrackSettings(
            limits=TrackLimits(max_implied_speed_kmh=150.0, min_stop_s=180.0, max_static_s=None),
            classes={
                "taxi": TrackLimits(max_implied_speed_kmh=150.0, min_stop_s=60.0, max_static_s=None)
            },
            severities={"stuck": "warn"},
        )
    ) == fleet_config(example)


def test_track_rules_change_no_ingestion() -> None:
    """What rows are judged by is the same with them."""
    config = fleet_config("[rules]\nstatic = 'reject'\n[track]\nmin_stop_s = 60\n")

    assert FleetSettings() == config.settings
    assert {"static": "reject"} == config.track.severities


def test_files_without_a_header_can_be_described() -> None:
    """Names of columns and the vehicle's name from the file's."""
    config = fleet_config(
        '[input]\ncolumns = ["latitude", "longitude", "taken", "unixtime"]\n'
        "vehicle_from_filename = 'new_(\\w+)'\ndelimiter = \"space\"\n"
    )
    assert (
        ReadingOptions(
            columns=("latitude", "longitude", "taken", "unixtime"),
            vehicle_from_filename=r"new_(\w+)",
            delimiter=" ",
        )
        == config.reading
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[limit]\n", r"limit is no known section \(did you mean limits\?\)"),
        ("max_speed_kmh = 3\n", "max_speed_kmh is no known section"),
        ("[limits]\nmax_speed = 3\n", r"\[limits\] max_speed is no known key.*max_speed_kmh"),
        ("[limits]\nmax_speed_kmh = '3'\n", "max_speed_kmh = '3': allowed are a number"),
        ("[limits]\nmax_speed_kmh = true\n", "max_speed_kmh = True"),
        ("[limits]\nmax_speed_kmh = -1\n", "max_speed_kmh = -1"),
        ("[limits]\nmax_speed_kmh = nan\n", "max_speed_kmh = nan"),
        ("[limits]\nmax_speed_kmh = inf\n", "max_speed_kmh = inf"),
        ("limits = 3\n", r"it is a section, \[limits\]"),
        ("[class]\ntruck = 3\n", r"it is a section, \[class\.truck\]"),
        ("[class.truck]\nspeed = 3\n", r"\[class\.truck\] speed is no known key"),
        ("[rules]\nzero = 'off'\n", r"\[rules\] zero is no known rule.*zero-island"),
        ("[rules]\nzero-island = 'no'\n", 'allowed are "reject", "warn", "off"'),
        ("[rules]\nzero-island = []\n", "allowed are"),
        ("[track]\nstop_m = 3\n", r"\[track\] stop_m is no known key"),
        ("[track]\nmin_stop_s = 'off'\n", r"\[track\] min_stop_s = 'off': allowed are a number"),
        ("[track]\nclass = 3\n", r"it is a section, \[track\.class\]"),
        ("[track.class]\nvan = 3\n", r"it is a section, \[track\.class\.van\]"),
        ("[track.class.van]\nstop = 3\n", r"\[track\.class\.van\] stop is no known key"),
        ("[input]\nzone = 'UTC'\n", r"\[input\] zone is no known key.*timezone"),
        ("[input]\ntimezone = 'Mars'\n", r"\[input\] timezone 'Mars' is not an IANA zone"),
        ("[input]\ntimezone = 3\n", "timezone = 3: allowed is text"),
        ("[input]\ncolumns = 'a,b'\n", "allowed is a list of names"),
        ("[columns]\nlat = 'x'\n", r"\[columns\] lat is no known field.*latitude"),
        ("[columns]\nlatitude = true\n", "a column's name or its number"),
        ("[limits\n", "not TOML"),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(text: str, message: str) -> None:
    """Nothing unknown is passed over."""
    with pytest.raises(InvalidConfiguration, match=message) as raised:
        fleet_config(text, "my/fleet.toml")
    assert str(raised.value).startswith("my/fleet.toml: ")


@pytest.mark.parametrize("code", sorted(ALWAYS_REJECTING))
def test_what_no_event_can_lack_cannot_be_softened(code: str) -> None:
    """Some rules only reject; saying so is allowed."""
    assert fleet_config(f"[rules]\n{code} = 'reject'\n").settings.severities == {code: "reject"}
    with pytest.raises(InvalidConfiguration, match="without it no location event can exist"):
        fleet_config(f"[rules]\n{code} = 'warn'\n")


def test_how_long_backups_live_may_be_said() -> None:
    """Without it nobody knows."""
    told = fleet_config("[privacy]\nbackups_kept_days = 30\n").privacy

    assert (30, None) == (told.backups_kept_days, fleet_config("").privacy.backups_kept_days)
    with pytest.raises(InvalidConfiguration, match="backups_kept_days = -1"):
        fleet_config("[privacy]\nbackups_kept_days = -1\n")
