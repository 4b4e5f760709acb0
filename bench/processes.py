"""Whole processes, measured from start to exit."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import IO, Final

from attrs import frozen

ROOT: Final = Path(__file__).parents[1]
"""Where every process is started: the repository."""

_MAXRSS_BYTES: Final = 1 if sys.platform == "darwin" else 1024
_SHOWN_CHARACTERS: Final = 2000


class ProcessFailed(Exception):
    """A process exited with an error; says which, and what it wrote last."""


@frozen(kw_only=True, slots=True)
class Finished:
    """What a process used, and what it wrote to standard output."""

    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    output: str


def run(command: Sequence[str]) -> Finished:
    """Run a command to its end. Raises `ProcessFailed`.

    The kernel starts a child's peak at that of the process it was started from, so the
    measuring process itself must stay small: it never holds data.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = perf_counter()
        try:
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
            )
        except OSError as error:
            raise ProcessFailed(f"{command[0]}: {error.strerror or error}") from error
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said = (_text(errors) or _text(output))[-_SHOWN_CHARACTERS:]
            raise ProcessFailed(f"{' '.join(command)}: exit {process.returncode}: {said}")
        return Finished(
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_rss_bytes=usage.ru_maxrss * _MAXRSS_BYTES,
            output=_text(output),
        )


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").strip()
