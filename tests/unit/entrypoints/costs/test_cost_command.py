"""`fleetcore cost`."""

from __future__ import annotations

import json

import pytest

from fleetcore_entrypoints.cli.main import main


def test_machines_get_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Assumptions, requests, lines and the sum."""
    status = main(["cost", "--events-per-day", "2000", "--files-per-day", "2", "--json"])

    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert 0 == status
    assert {"rows": 1000, "size_bytes": 82_000, "chunks": 1, "parts": 2} == told["file"]
    assert 2000 == told["assumptions"]["events_per_day"]
    assert told["dollars"] == pytest.approx(sum(each["dollars"] for each in told["lines"]))
    assert told["requests"]["s3:HeadObject"] == round(2 * 365 / 12)


def test_people_get_tables_that_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    """The last line is the sum of all lines of the bill."""
    assert 0 == main(["cost"])

    _, _, lines, services = capsys.readouterr().out.split("\n\n")
    dollars = [float(line.split()[-1].replace(",", "")) for line in lines.splitlines()[1:]]
    assert f"{sum(dollars):,.2f}" == services.splitlines()[-1].split()[-1]


def test_what_cannot_be_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """The option is named."""
    assert 2 == main(["cost", "--city-share", "2"])

    assert "--city-share 2.0" in capsys.readouterr().err
