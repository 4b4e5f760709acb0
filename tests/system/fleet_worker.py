"""A process that works on a data folder, for tests that kill it.

    python fleet_worker.py FOLDER ingest FILE...
    python fleet_worker.py FOLDER compact

It writes a line when it starts to work, and then what became of each file. With LIMIT, a number
of bytes, as third word, no file can grow beyond it: `... FOLDER limited LIMIT FILE...`.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from fleetcore.application.ingesting import Request, ingest
from fleetcore.application.storing import resume
from fleetcore.domain.ingestion_events import Sizes
from fleetcore.errors import FleetcoreError
from fleetcore_adapters.local.source import FileSource
from fleetcore_entrypoints.wiring.local import LocalApp, wire_local

SMALL = Sizes(block_bytes=16_000, blocks_per_chunk=2)


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def say_ended(status: str, error: FleetcoreError | None) -> None:
    """Write what became of something."""
    code = None if error is None else error.code
    say(json.dumps({"status": status, "error": code, "message": str(error)}))


def main(folder: str, task: str, *paths: str) -> int:
    """Do one task; 0 if it was done."""
    say("ready")
    if task == "limited":
        limit, paths = paths[0], paths[1:]
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        app = wire_local(Path(folder))
    except FleetcoreError as error:
        say_ended("failed", error)
        return 1
    return _compact(app) if task == "compact" else _ingest(app, paths)


def _compact(app: LocalApp) -> int:
    app.compact()
    return 0


def _ingest(app: LocalApp, paths: Sequence[str]) -> int:
    try:
        resume(app.fleet)
    except FleetcoreError as error:
        say_ended("failed", error)
    failed = 0
    for path in paths:
        done = ingest(app.fleet, FileSource(Path(path)), Request(sizes=SMALL))
        say_ended(done.status, done.error)
        failed += done.status not in ("completed", "already-ingested")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
