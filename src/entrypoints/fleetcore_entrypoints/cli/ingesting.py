"""Files taken in while a person or a program looks on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from fleetcore.application.description import described
from fleetcore.application.ingesting import Ingested, Request, Watcher
from fleetcore.application.replays import replay
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.interpretation import Interpretation
from fleetcore_adapters.files.stored_source import StoredSource
from fleetcore_entrypoints.cli.ledger_text import (
    headline,
    ingested_json,
    ledger_lines,
    nothing_accepted,
    rejects_command,
)
from fleetcore_entrypoints.cli.options import existing_folder, refuse_aws
from fleetcore_entrypoints.cli.output import note, print_error, print_json, shown
from fleetcore_entrypoints.cli.progress import Bar
from fleetcore_entrypoints.local import open_local


def ingested_all(data: Path, names: Sequence[str], request: Request, *, as_json: bool) -> bool:
    """Take files in and print what became of each as soon as it is done; whether all went well."""
    refuse_aws(data)
    went_well = True
    with open_local(data) as fleet, Bar() as bar:
        for ingested in fleet.ingest_each(names, request, partial(Onlooker, bar)):
            bar.stop()
            went_well &= print_ingested(ingested, data, as_json=as_json)
    return went_well


def replayed(data: Path, ingestion: str, request: Request, *, as_json: bool) -> bool:
    """Replay the rejects of an ingestion and print what became of them; whether all went well."""
    with existing_folder(data) as app, Bar() as bar:
        ingested = replay(app.fleet, ingestion, request, Onlooker(bar))
        bar.stop()
        return print_ingested(ingested, data, as_json=as_json)


def print_ingested(ingested: Ingested, data: Path, *, as_json: bool) -> bool:
    """What became of a file, for a person or a program; whether it went well."""
    if as_json:
        print_json(ingested_json(ingested))
    elif ingested.error is None or ingested.ledger.rows.read:
        print("\n".join(_lines(ingested, data)) + "\n", flush=True)
    if ingested.error is not None:
        print_error(ingested.error.code, str(ingested.error))
    if ingested.ingestion and (said := nothing_accepted(ingested.ledger)):
        note(f"note: {said}; to see them: {rejects_command(ingested.ingestion, data)}")
    return ingested.error is None and ingested.status != "failed"


def _lines(ingested: Ingested, data: Path) -> Iterator[str]:
    yield shown(headline(ingested))
    yield f"  ingestion {ingested.ingestion}"
    yield ""
    yield from ledger_lines(ingested.ledger)
    rows = ingested.ledger.rows
    if ingested.ingestion and rows.rejected + rows.malformed:
        yield ""
        yield f"  rejects: {shown(str(data / 'rejects' / ingested.ingestion))}"
        yield f"  to see them: {shown(rejects_command(ingested.ingestion, data))}"


class Onlooker(Watcher):
    """Says what was understood of a file, then moves a bar."""

    def __init__(self, bar: Bar, source: StoredSource | None = None) -> None:
        """`source` is the file, where it is one: it tells how far it is if it is compressed."""
        self._bar = bar
        self._source = source
        self._name = ""
        self._rows = 0
        self._start_bytes = 0

    def understood(self, name: str, meaning: Interpretation, vehicle_id: str | None) -> None:
        self._bar.start()
        self._name = Path(name).name
        note(name)
        for line in described(meaning, vehicle_id):
            note(f"  {line}")

    def committed(self, state: Ingestion) -> None:
        if state.received is None or not state.chunks:
            return
        *earlier, chunk = state.chunks
        if not self._rows:
            self._start_bytes = earlier[-1].end if earlier else 0
        self._rows += chunk.counts.read
        done = chunk.end if self._source is None else self._source.raw_bytes(chunk.end)
        total = state.received.size_bytes
        self._bar.move(
            f"{self._name}: storing" if chunk.last else self._name,
            min(done / total, 1.0) if total else None,
            rows=self._rows,
            size_bytes=chunk.end - self._start_bytes,
        )
