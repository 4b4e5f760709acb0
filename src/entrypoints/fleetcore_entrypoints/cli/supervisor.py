"""Processes of fleetcore's own commands, kept running, and what they say of themselves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import IO, Final, Self

from attrs import field, frozen

from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.cli.supervised import SUPERVISED

GRACE_S: Final = 20.0
"""So long a process may take to end when it is asked to."""

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
STEADY_S: Final = 60.0
"""A process that ran so long begins again with the first delay."""

_NOT_UNDERSTOOD: Final = 2
_RUN: Final = "from fleetcore_entrypoints.cli.main import run; run()"


@frozen(kw_only=True, slots=True)
class ChildStatus:
    """One process as its supervisor sees it: `told` is what it printed last."""

    name: str
    pid: int | None
    restarts: int
    told: Mapping[str, object] = field(factory=dict)


class Child:
    """One command as a process of its own, begun again whenever it ends.

    Its standard output is one JSON object a line; what it writes to standard error goes to `say`.
    """

    def __init__(self, name: str, words: Sequence[str], say: Callable[[str], None]) -> None:
        self._name = name
        self._words = tuple(words)
        self._say = say
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._told: Mapping[str, object] = {}
        self._restarts = -1
        self._began_s = 0.0
        self._delay_s = FIRST_DELAY_S
        self._begin_at_s = 0.0
        self._readers: list[threading.Thread] = []

    def tend(self) -> None:
        """Begin the process where it is not running and may. Raises `InvalidConfiguration`.

        That is where the process does not understand what it is asked to do: what it says tells.
        """
        now_s = time.monotonic()
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return
            self._ended(status, now_s)
        if self._process is None and now_s >= self._begin_at_s:
            self._begin(now_s)

    def status(self) -> ChildStatus:
        """How it is."""
        process = self._process
        with self._lock:
            return ChildStatus(
                name=self._name,
                pid=process.pid if process is not None and process.poll() is None else None,
                restarts=max(self._restarts, 0),
                told=self._told,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, until_s: float) -> int | None:
        """Wait for its end, and kill it at the instant `until_s` (monotonic); its exit status."""
        process = self._process
        if process is None:
            return None
        try:
            process.wait(max(until_s - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._close(process)
        return process.returncode

    def _begin(self, now_s: float) -> None:
        process = subprocess.Popen(  # noqa: S603 - the command line is our own
            [sys.executable, "-c", _RUN, *self._words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
            env={**os.environ, SUPERVISED: "1"},
            # A Ctrl-C on the terminal is the supervisor's to hand on.
            start_new_session=True,
        )
        self._process = process
        self._restarts += 1
        self._began_s = now_s
        self._readers = [
            threading.Thread(target=self._follow_output, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._follow_errors, args=(process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _ended(self, status: int, now_s: float) -> None:
        process, self._process = self._process, None
        if process is not None:
            self._close(process)
        if status == _NOT_UNDERSTOOD:
            raise InvalidConfiguration(f"{self._name} cannot be run so; what is wrong stands above")
        if now_s - self._began_s >= STEADY_S:
            self._delay_s = FIRST_DELAY_S
        self._begin_at_s = now_s + self._delay_s
        self._say(f"{self._name} ended ({_ending(status)}); again in {self._delay_s:g} s")
        self._delay_s = min(self._delay_s * 2, LONGEST_DELAY_S)

    def _close(self, process: subprocess.Popen[str]) -> None:
        if process.stdin is not None:
            process.stdin.close()
        for reader in self._readers:
            reader.join()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def _follow_output(self, stream: IO[str]) -> None:
        for line in stream:
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if isinstance(told, dict):
                with self._lock:
                    self._told = told

    def _follow_errors(self, stream: IO[str]) -> None:
        for line in stream:
            if line.strip():
                self._say(f"{self._name}: {line.rstrip()}")


class Supervisor:
    """Keeps children running until it is closed; use it in a `with` block."""

    def __init__(self, commands: Mapping[str, Sequence[str]], say: Callable[[str], None]) -> None:
        """`commands` are command lines of `fleetcore` by the name of the process."""
        self._children = tuple(Child(name, words, say) for name, words in commands.items())

    def __enter__(self) -> Self:
        self.tend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def tend(self) -> tuple[ChildStatus, ...]:
        """Begin what has ended and may; how all are; see `Child.tend`."""
        for child in self._children:
            child.tend()
        return tuple(child.status() for child in self._children)

    def close(self) -> None:
        """Ask all to end, the first first, and wait; what does not end in time is killed."""
        for child in self._children:
            child.signal(signal.SIGTERM)
        until_s = time.monotonic() + GRACE_S
        for child in self._children:
            child.wait(until_s)


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
