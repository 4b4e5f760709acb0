"""The command `fleetcore`: its commands, and the outermost edge where errors become one line."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Final, Literal, NoReturn

from fleetcore.errors import FleetcoreError, InvalidConfiguration
from fleetcore_entrypoints.cli.output import print_error, print_json
from fleetcore_entrypoints.cli.supervised import SUPERVISED, end_with_supervisor

DEBUG: Final = "FLEETCORE_DEBUG"
RESUMABLE: Final = frozenset(("ingest", "replay", "compact"))
"""Commands that go on where they were interrupted."""

_OBJECTS_A_COLLECTION: Final = 100_000
_FAILED: Final = 1
_NOT_UNDERSTOOD: Final = 2
_INTERRUPTED: Final = 130


def run() -> NoReturn:
    """The process `fleetcore`: `main`, without what only costs a short-lived process time.

    That is to look again and again for cycles among what was imported, and to take it all down
    object by object at the end, when nothing is left to be written or closed.
    """
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    if SUPERVISED in os.environ:
        end_with_supervisor()
    status = main()
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(status)


def main(words: Sequence[str] | None = None) -> int:
    """Carry out a command line (None: the process's own) and return its exit status.

    0 done, 1 failed, 2 not understood, 130 interrupted.
    """
    # Read when pyarrow is imported; the system's allocator gives memory back sooner.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # None where the process was started without them.
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status = _FAILED
    try:
        status = _run(sys.argv[1:] if words is None else words)
        sys.stdout.flush()
    except OSError as error:
        # What was printed cannot be written; the flush at the interpreter's end must not fail too.
        sys.stdout = _nowhere()
        if status == 0 and not isinstance(error, BrokenPipeError):
            print_error("os-error", f"the output: {error.strerror or error}")
        return status or _FAILED
    return status


def _nowhere(mode: Literal["r", "w"] = "w") -> io.TextIOWrapper:
    return open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123


def _run(words: Sequence[str]) -> int:
    debug = bool(os.environ.get(DEBUG))
    try:
        return _carried_out(words)
    except FleetcoreError as error:
        if debug:
            raise
        misused = isinstance(error, InvalidConfiguration)
        return _told(words, error.code, str(error), _NOT_UNDERSTOOD if misused else _FAILED)
    except KeyboardInterrupt:
        onward = (
            "; run the same command again to go on" if RESUMABLE.intersection(words[:1]) else ""
        )
        return _told(words, "interrupted", f"interrupted{onward}", _INTERRUPTED)
    except BrokenPipeError:
        raise
    except OSError as error:
        if debug:
            raise
        where = f"{error.filename}: " if error.filename is not None else ""
        return _told(words, "os-error", f"{where}{error.strerror or error}")
    except MemoryError:
        message = "out of memory; close other programs, or run on a machine with more"
        return _told(words, "out-of-memory", message)
    except Exception as error:  # the last resort: a person gets a line, not a trace
        if debug:
            raise
        message = f"unexpected {type(error).__name__}: {error}; set {DEBUG}=1 to see the traceback"
        return _told(words, "unexpected", message)


def _carried_out(words: Sequence[str]) -> int:
    try:
        import click

        from fleetcore_entrypoints.cli.commands import application
    except ModuleNotFoundError:
        message = "the command line needs more packages: pip install 'fleetcore[local]'"
        return _told(words, "not-installed", message)
    # Not `application.main`, which answers an interruption with lines of its own.
    try:
        with application.make_context("fleetcore", list(words) or ["--help"]) as context:
            application.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.UsageError as error:
        message = error.format_message().rstrip(".")
        if isinstance(error, click.NoSuchOption) and not error.option_name.startswith("--"):
            message += ", and an argument that begins with - needs -- before it"
        command = [word for word in words[:1] if word in application.commands]
        message += f"; see {' '.join(['fleetcore', *command])} --help"
        return _told(words, "usage", message, _NOT_UNDERSTOOD)
    return 0


def _told(words: Sequence[str], code: str, message: str, status: int = _FAILED) -> int:
    """Say what is wrong, with --json also to a program, and give the status back."""
    if "--json" in takewhile(lambda word: word != "--", words):
        print_json({"error": {"code": code, "message": message}})
    print_error(code, message)
    return status
