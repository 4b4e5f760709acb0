"""What starting the command line costs, and what it says where it cannot start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fleetcore_entrypoints.cli.main import main

HEAVY = {"numpy", "pyarrow", "rich", "sqlite3", "xxhash", "zstandard"}


def _modules_loaded_by(*words: str) -> set[str]:
    program = (
        "import json, sys; from fleetcore_entrypoints.cli.main import main;"
        f" main({list(words)!r}); print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize("words", [["--help"], ["ingest", "--help"], ["rules"]], ids=" ".join)
def test_help_and_rules_load_nothing_heavy(words: list[str]) -> None:
    """What works on data is imported when a command works on data."""
    assert _modules_loaded_by(*words) & HEAVY == set()


def test_ingest_without_a_terminal_draws_nothing(tmp_path: Path) -> None:
    """The package rich is imported only to draw a bar."""
    loaded = _modules_loaded_by("ingest", f"{tmp_path}/no.csv", "--data", f"{tmp_path}/data")

    assert "pyarrow" in loaded
    assert "rich" not in loaded


def test_without_click_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bare install has the command, and the command names the extra."""
    monkeypatch.setitem(sys.modules, "click", None)

    assert main(["--help"]) == 1
    assert "pip install 'fleetcore[local]'" in capsys.readouterr().err


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`fleetcore --version` says which one it is."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("fleetcore 0.")
