"""The bar that shows how far the work is."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from fleetcore_entrypoints.cli import progress
from fleetcore_entrypoints.cli.progress import Bar


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """The time."""
        return self.now


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture(name="on_terminal")
def _on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes stderr, as the test has it, a terminal."""

    def make() -> None:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.setenv("TERM", "xterm")

    return make


def test_says_how_fast_and_how_long(
    clock: Clock, on_terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows and megabytes a second since the start, and the time left at that speed."""
    on_terminal()
    with Bar() as bar:
        bar.start()
        clock.now += 30.0
        bar.move("trips.csv", 0.25, rows=600_000, size_bytes=60_000_000)
    shown = capsys.readouterr().err

    assert "trips.csv" in shown
    assert "20,000 rows/s, 2.0 MB/s" in shown
    assert "1:30 left" in shown


def test_short_work_draws_nothing(
    clock: Clock, on_terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Work that is done at once needs no bar."""
    on_terminal()
    with Bar() as bar:
        clock.now += progress.QUIET_FOR_S / 2
        bar.move("trips.csv", 0.5, rows=10)

    assert capsys.readouterr().err == ""


def test_without_a_terminal_nothing_is_drawn(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log file gets no bar, however long the work lasts."""
    with Bar() as bar:
        clock.now += 3600.0
        bar.move("trips.csv", 0.5, rows=10)

    assert capsys.readouterr().err == ""


def test_names_cannot_command_the_terminal(
    clock: Clock, on_terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A file's name is shown with its escapes and without markup."""
    on_terminal()
    with Bar() as bar:
        clock.now += 10.0
        bar.move("a\x1b[5m[red].csv", None, rows=10)

    assert r"a\x1b[5m[red].csv" in capsys.readouterr().err
