"""The demonstration, made small."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from attrs import evolve

from fleetcore_entrypoints import demo
from fleetcore_entrypoints.cli import generating


def test_shows_a_ledger_that_equals_the_truth(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All steps run, the truth is met, and nothing is left behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(demo, "ROWS", 3_000)
    monkeypatch.setattr(demo, "VEHICLES", 20)

    assert demo.main() == 0
    shown = capsys.readouterr().out
    assert "3,000  read" in shown
    assert "count by count" in shown
    assert "fleetcore latest: 20 vehicles" in shown
    assert "distance_from_depot_m" in shown
    assert list(tmp_path.iterdir()) == []


def test_fails_where_the_ledger_is_not_the_truth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A difference is said, and is the exit status."""
    written = generating.write_fleet

    def otherwise(*words: object) -> generating.GeneratedFiles:
        files = written(*words)  # type: ignore[arg-type]
        counts = evolve(files.truth.counts, warned_by={"unknown-status": 1})
        return evolve(files, truth=evolve(files.truth, counts=counts))

    monkeypatch.setattr(generating, "write_fleet", otherwise)
    monkeypatch.setattr(demo, "ROWS", 300)
    monkeypatch.setattr(demo, "VEHICLES", 20)

    assert demo.main() == 1
    assert "counted otherwise" in capsys.readouterr().out
