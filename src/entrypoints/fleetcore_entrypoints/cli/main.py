"""The command `fleetcore`: its commands, and the outermost edge where errors become one line."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Final

from fleetcore.errors import FleetcoreError
from fleetcore_entrypoints.cli.output import print_error

DEBUG: Final = "FLEETCORE_DEBUG"
_INTERRUPTED: Final = 130


def main(words: Sequence[str] | None = None) -> int:
    """Carry out a command line (None: the process's own) and return its exit status.

    0 done, 1 failed, 2 not understood, 130 interrupted.
    """
    # Read when pyarrow is imported; the system's allocator gives memory back sooner.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(sys.argv[1:] if words is None else words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on; let the flush at the interpreter's end have nothing to fail on.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        return 1
    return status


def _run(words: Sequence[str]) -> int:
    debug = bool(os.environ.get(DEBUG))
    try:
        return _carried_out(words)
    except FleetcoreError as error:
        if debug:
            raise
        print_error(str(error))
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        raise
    except OSError as error:
        if debug:
            raise
        where = f"{error.filename}: " if error.filename is not None else ""
        print_error(f"{where}{error.strerror or error}")
    except MemoryError:
        print_error("out of memory; close other programs, or run on a machine with more")
    except Exception as error:  # the last resort: a person gets a line, not a trace
        if debug:
            raise
        print_error(
            f"unexpected {type(error).__name__}: {error}; set {DEBUG}=1 to see the traceback"
        )
    return 1


def _carried_out(words: Sequence[str]) -> int:
    try:
        import click

        from fleetcore_entrypoints.cli.commands import application
    except ModuleNotFoundError:
        print_error("the command line needs more packages: pip install 'fleetcore[local]'")
        return 1
    # Not `application.main`, which answers an interruption with lines of its own.
    try:
        with application.make_context("fleetcore", list(words) or ["--help"]) as context:
            application.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.ClickException as error:
        print_error(f"{error.format_message().rstrip('.')}; see fleetcore --help")
        return error.exit_code
    return 0


def _interrupted() -> int:
    print_error("interrupted; run the same command again to go on")
    return _INTERRUPTED
