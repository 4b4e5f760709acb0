"""The command line as tests use it: in this process, or as a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from fleetcore_entrypoints.cli.main import main

HEADER = "vehicle_id,observed_at,latitude,longitude,speed_kmh\n"


@frozen
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON objects on stdout, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        (only,) = self.objects
        return only


Command = Callable[..., Done]


@pytest.fixture(name="in_folder", autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; no settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLEETCORE_DATA", raising=False)
    monkeypatch.delenv("FLEETCORE_DEBUG", raising=False)
    return tmp_path


@pytest.fixture(name="fleetcore")
def _fleetcore(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command line in this process."""

    def run(*words: str | Path, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return run


@pytest.fixture(name="process")
def _process() -> Command:
    """Runs a command line as a process of its own."""

    def run(*words: str | Path, stdin: bytes = b"", **environment: str) -> Done:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from fleetcore_entrypoints.cli.main import main; sys.exit(main())",
                *map(str, words),
            ],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, **environment},
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(name="trips")
def _trips(in_folder: Path) -> Path:
    """A file of five rows: two accepted, a duplicate, a rejected and a malformed one."""
    path = in_folder / "trips.csv"
    path.write_text(
        HEADER
        + "v1,2024-05-01T10:00:00Z,52.5,13.4,30\n"
        + "v1,2024-05-01T10:00:10Z,52.6,13.5,0\n"
        + "v1,2024-05-01T10:00:00Z,52.5,13.4,30\n"
        + "v2,2024-05-01T10:00:00Z,95.0,13.4,30\n"
        + "v3,yesterday,52.5,13.4,30\n",
        encoding="utf-8",
    )
    return path
