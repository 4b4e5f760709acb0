"""The conformance matrix that is in the documentation is of the adapters there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Final, Literal, cast

import pytest
from tests.contract.harness.harness import Rows
from tests.contract.matrix import Matrix, cell_of

LINE: Final = re.compile(r"^\| (?:`(\w+)`)? ?\| ([\w-]+) \| (.*) \|$", re.MULTILINE)
PAGE: Final = Path(__file__).parents[2] / "docs" / "conformance.md"


def cells(page: str) -> Iterator[tuple[str, str, list[int]]]:
    """Port, row and counts of every line of the matrix."""
    port = ""
    for named, row, counts in re.findall(
        r"^\| (?:`(\w+)`)? ?\| ([\w-]+) \|(.*)\|$", page, re.MULTILINE
    ):
        port = named or port
        yield port, row, [int(each.strip().replace(",", "") or 0) for each in counts.split("|")]


def test_the_page_has_every_row(harnesses: Rows) -> None:
    """And no other; each passed some tests and failed none."""
    found = list(cells(PAGE.read_text(encoding="utf-8")))

    assert {(port, row.name) for port, rows in harnesses.items() for row in rows} == {
        (port, row) for port, row, _ in found
    }
    assert [] == [(port, row) for port, row, counts in found if not counts[0] or counts[2]]


def test_what_is_random_in_memory_is_compared(harnesses: Rows) -> None:
    """Of each port that keeps state, every row but memory's ran histories."""
    stateful = {
        *("catalogue", "dead_letters", "event_store", "lanes", "latest_positions"),
        *("location_log", "object_store", "origins", "seen_window", "vehicle_directory"),
    }
    found = cells(PAGE.read_text(encoding="utf-8"))

    assert [] == [
        (port, row)
        for port, row, counts in found
        if port in stateful and row != "memory" and not counts[3]
    ]


def test_a_suites_test_has_a_cell(request: pytest.FixtureRequest, harnesses: Rows) -> None:
    """Port and row are read from what opens the adapter; other tests have none."""
    (row,) = (each for each in harnesses["origins"] if each.name == "memory")

    def cell(module: str, **parameters: object) -> tuple[str, str] | None:
        item = SimpleNamespace(path=Path(module), callspec=SimpleNamespace(params=parameters))
        return cell_of(cast("pytest.Item", item), harnesses)

    assert ("origins", "memory") == cell("test_any.py", open_origins=row, other=1)
    assert ("origins", "memory") == cell("test_origins.py", row=row)
    assert cell("test_any.py", row=row) is None
    assert cell_of(request.node, harnesses) is None


def test_reports_are_counted(harnesses: Rows) -> None:
    """By outcome, a report of the call each; histories where they passed."""
    matrix = Matrix(PAGE, harnesses)
    for ended in (
        report("passed", "matrix", ["origins", "memory"]),
        report("passed", "matrix", ["origins", "memory"]),
        report("failed", "matrix", ["origins", "memory"]),
        report("failed", "histories", ["origins", "local", 60]),
    ):
        matrix.pytest_runtest_logreport(ended)
    matrix.pytest_runtest_logreport(report("passed", "histories", ["origins", "local", 60]))
    counts = {(port, row): counts for port, row, counts in cells(matrix.text())}

    assert [2, 0, 1, 0] == counts["origins", "memory"]
    assert [0, 0, 0, 60] == counts["origins", "local"]


def report(
    outcome: Literal["passed", "failed"], name: str, value: list[str | int]
) -> pytest.TestReport:
    """The report of a test with a property."""
    return pytest.TestReport(
        nodeid="t",
        location=("t", 1, "t"),
        keywords={},
        outcome=outcome,
        longrepr=None,
        when="call",
        user_properties=[(name, value)],
    )
