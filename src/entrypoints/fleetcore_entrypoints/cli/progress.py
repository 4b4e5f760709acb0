"""How far the work is: a bar on a terminal where it lasts, and silence elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from fleetcore_entrypoints.cli.output import shown

if TYPE_CHECKING:
    from rich.progress import Progress

QUIET_FOR_S: Final = 0.7
"""Work that ends sooner shows no bar."""

PATIENCE_S: Final = 2.0
"""So long the start of work of unknown length shows nothing."""

_BYTES_PER_MB: Final = 1e6


class Bar:
    """A bar on stderr with rows/s, MB/s and the time left; nothing where that is no terminal."""

    def __init__(self) -> None:
        self._wanted = sys.stderr.isatty()
        self._started = time.monotonic()
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin another piece of work; rates are counted from here."""
        self.stop()
        self._started = time.monotonic()

    def stop(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def move(
        self, what: str, share: float | None, *, rows: int = 0, size_bytes: int | None = None
    ) -> None:
        """So many rows and bytes, and this share of the whole (None: unknown), are done."""
        seconds = time.monotonic() - self._started
        if not self._wanted or seconds < QUIET_FOR_S:
            return
        rates = f"{rows / seconds:,.0f} rows/s" if rows else ""
        if size_bytes is not None:
            rates += f", {size_bytes / seconds / _BYTES_PER_MB:,.1f} MB/s"
        if self._progress is None:
            self._progress = _bar()
        self._progress.update(
            self._progress.task_ids[0],
            description=shown(what),
            completed=share or 0.0,
            total=None if share is None else 1.0,
            rates=rates,
            left=_left(seconds * (1.0 - share) / share) if share and share < 1 else "",
        )
        self._progress.start()


@contextmanager
def lasting(what: str) -> Iterator[Callable[[float], None]]:
    """Move a bar while work lasts; nothing without a terminal.

    What is yielded may be told, from 0 to 1, which share of the work is done.
    """
    progress: list[Progress] = []

    def show() -> None:
        bar = _bar()
        bar.update(bar.task_ids[0], description=shown(what), total=None)
        bar.start()
        progress.append(bar)

    def tell(share: float) -> None:
        for bar in progress:
            bar.update(bar.task_ids[0], completed=share, total=1.0)

    timer = threading.Timer(PATIENCE_S, show)
    if sys.stderr.isatty():
        timer.start()
    try:
        yield tell
    finally:
        timer.cancel()
        if timer.ident is not None:
            timer.join()
        for each in progress:
            each.stop()


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[rates]}", markup=False),
        TextColumn("{task.fields[left]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    progress.add_task("", total=1.0, rates="", left="")
    return progress


def _left(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} left"
