"""`fleetcore snapshot`: taken, verified and restored from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

FLEET = (
    "vehicle_id,observed_at,latitude,longitude\n"
    "v1,2024-05-01T10:00:00Z,48.4,10.0\n"
    "v2,2024-05-01T10:00:00Z,48.5,10.0\n"
)

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _fleet(fleetcore: Command, in_folder: Path) -> None:
    """A log and registers of two vehicles."""
    (in_folder / "fleet.csv").write_text(FLEET)
    for words in (("ingest", "fleet.csv"), ("rebuild", "registers")):
        assert 0 == fleetcore(*words).status


def test_none_is_no_success(fleetcore: Command) -> None:
    """Whoever asks every night whether they are whole hears that there are none."""
    done = fleetcore("snapshot", "verify")

    assert 1 == done.status
    assert "there are no snapshots" in done.err


def test_vehicles_are_counted(fleetcore: Command) -> None:
    """One that is forgotten is in no snapshot, and none of the registers that are back."""
    assert 2 == fleetcore("snapshot", "take", "--json").object["drivers"]
    assert 0 == fleetcore("forget", "v1").status

    assert 1 == fleetcore("snapshot", "verify", "--json").object["drivers"]
    assert 1 == fleetcore("snapshot", "restore", "--json").object["registers"]


def test_a_damaged_one_is_named_once(fleetcore: Command, in_folder: Path) -> None:
    """The registers are back all the same."""
    name = fleetcore("snapshot", "take", "--json").object["name"]
    (found,) = in_folder.rglob(name)
    found.write_bytes(found.read_bytes()[:-9])

    verified, restored = fleetcore("snapshot", "verify"), fleetcore("snapshot", "restore")

    assert (1, 0) == (verified.status, restored.status)
    for done in (verified, restored):
        assert name in done.err
        assert f"{name}: {name}" not in done.err
    assert "2 registers are back from the log alone" in restored.out
