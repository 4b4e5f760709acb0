"""`fleetcore rehearse`: three real regions, and what becomes of their disagreement."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Final

import pytest
from tests.system.live import COMMAND

pytestmark = pytest.mark.system

MOST_S: Final = 60.0


def test_the_story_ends_well_in_under_a_minute(tmp_path: Path) -> None:
    """The cut region is reported, what was set back is found and mended, the digests are equal."""
    began_s = time.monotonic()
    ran = subprocess.run(
        [*COMMAND, "rehearse", "--drivers", "500", "--json"],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    told = [json.loads(line) for line in ran.stdout.splitlines()]

    assert (0, "") == (ran.returncode, ran.stderr)
    assert time.monotonic() - began_s < MOST_S
    (unreachable,) = (each["unreachable"] for each in told if "unreachable" in each)
    (drifting,) = (each["drifting"] for each in told if "drifting" in each)
    (mended,) = (each["mended"] for each in told if "mended" in each)
    assert ["ap"] == unreachable
    assert drifting["ap"] >= 150
    assert mended >= 150
    assert True is told[-1]["equal"]
    assert [] == list(tmp_path.iterdir())
