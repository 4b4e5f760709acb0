"""The bar that shows how far the work is."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

import pytest

from fleetcore_entrypoints.cli import progress
from fleetcore_entrypoints.cli.progress import Bar, lasting


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


@pytest.mark.parametrize(("patience_s", "shows"), [(0.0, True), (60.0, False)])
def test_work_of_unknown_length_shows_when_it_lasts(
    *,
    on_terminal: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    patience_s: float,
    shows: bool,
) -> None:
    """A bar after a while, which is gone at the end, as is the clock that waited for it."""
    on_terminal()
    monkeypatch.setattr(progress, "PATIENCE_S", patience_s)
    with lasting("compact\x1bing"):
        if shows:
            time.sleep(0.2)

    assert (r"compact\x1bing" in capsys.readouterr().err) == shows
    assert not any(isinstance(each, threading.Timer) for each in threading.enumerate())


def test_work_may_tell_how_far_it_is(
    on_terminal: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bar is as full as the share that was told."""
    on_terminal()
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    bar = progress._bar()
    monkeypatch.setattr(progress, "_bar", lambda: bar)
    with lasting("compacting") as tell:
        time.sleep(0.2)
        tell(0.25)

    assert 25.0 == bar.tasks[0].percentage


def test_work_without_a_terminal_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However long it lasts."""
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with lasting("compacting") as tell:
        tell(0.5)
        time.sleep(0.05)

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
