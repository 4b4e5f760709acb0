"""A ledger as JSON and as lines that a person can add up."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from fleetcore.application.ingesting import Ingested
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.instants import time_text
from fleetcore.domain.ledger import Ledger
from fleetcore_entrypoints.cli.options import DEFAULT_DATA
from fleetcore_entrypoints.cli.output import print_table, shown

_BYTES_PER_MB: Final = 1e6
_TIMED_FOR_S: Final = 0.5
"""Speeds of shorter work are those of its start."""

_SHORTEST_ID: Final = 8
_REASONS_SHOWN: Final = 3
_COUNTED: Final = (
    "read",
    "accepted",
    "duplicate",
    "conflicting",
    "rejected",
    "malformed",
    "in log",
    "forgotten",
    "dead",
    "pending",
)


def ledger_json(ledger: Ledger) -> dict[str, object]:
    """The counts by name. These are fixed: programs read them from `fleetcore ingest --json`."""
    rows, store = ledger.rows, ledger.store
    return {
        "read": rows.read,
        "accepted": rows.accepted,
        "duplicate": rows.duplicate,
        "conflicting": rows.conflicting,
        "rejected": rows.rejected,
        "malformed": rows.malformed,
        "rejected_by": dict(_by_count(rows.rejected_by)),
        "warned_by": dict(_by_count(rows.warned_by)),
        "stored": store.stored,
        "already_stored": store.already_stored,
        "conflicting_at_store": store.conflicting,
        "forgotten": store.forgotten,
        "dead_lettered": ledger.dead_lettered,
        "pending": ledger.pending,
    }


def ingested_json(ingested: Ingested) -> dict[str, object]:
    """What became of a file."""
    error = ingested.error
    return {
        "path": ingested.name,
        "ingestion_id": ingested.ingestion,
        "status": ingested.status,
        "error": None if error is None else {"code": error.code, "message": str(error)},
        **ledger_json(ingested.ledger),
        "parts": ingested.parts,
        "bytes": ingested.size_bytes,
        "seconds": ingested.seconds,
    }


def ledger_lines(ledger: Ledger) -> Iterator[str]:
    """The two equations, a count a line, with the reasons under what they are reasons of."""
    rows, store = ledger.rows, ledger.store
    width = max(len(f"{rows.read:,}"), len(f"{ledger.rows.to_store:,}"), 9)

    def line(sign: str, count: int, what: str) -> str:
        return f"  {sign} {count:>{width},}  {what}"

    def reasons(counts: Mapping[str, int]) -> Iterator[str]:
        for code, count in _by_count(counts):
            yield f"    {'':{width}}    {count:>{width},}  {shown(code)}"

    yield line(" ", rows.read, "read")
    yield line("=", rows.accepted, "accepted")
    yield line("+", rows.duplicate, "duplicate")
    yield line("+", rows.conflicting, "conflicting")
    yield line("+", rows.rejected, "rejected")
    yield from reasons(rows.rejected_by)
    yield line("+", rows.malformed, "malformed")
    yield from reasons(rows.malformed_by)
    yield ""
    yield line(" ", rows.to_store, "accepted + conflicting")
    yield line("=", store.stored, "stored")
    yield line("+", store.already_stored, "already stored")
    yield line("+", store.conflicting, "conflicting at the store")
    if store.forgotten:
        yield line("+", store.forgotten, "forgotten")
    yield line("+", ledger.dead_lettered, "dead-lettered")
    yield line("+", ledger.pending, "pending")
    if rows.warned_by:
        yield ""
        yield line(" ", sum(rows.warned_by.values()), "warnings")
        yield from reasons(rows.warned_by)


def headline(ingested: Ingested) -> str:
    """A file, what became of it, and how fast."""
    text = f"{ingested.name}: {ingested.status.replace('-', ' ')}"
    if ingested.status == "already-ingested":
        return f"{text}; --again reads it anyway"
    rows, seconds = ingested.ledger.rows.read, ingested.seconds
    text += f" in {seconds:,.1f} s"
    if seconds >= _TIMED_FOR_S and rows:
        text += f", {rows / seconds:,.0f} rows/s"
        text += f", {ingested.size_bytes / seconds / _BYTES_PER_MB:,.1f} MB/s"
    return text


def nothing_accepted(ledger: Ledger) -> str | None:
    """Where every row was refused that it was so, and why; None elsewhere."""
    rows = ledger.rows
    if not rows.read or rows.read != rows.rejected + rows.malformed:
        return None
    counts = _by_count(Counter(rows.rejected_by) + Counter(rows.malformed_by))
    reasons = [f"{count:,} {code}" for code, count in counts[:_REASONS_SHOWN]]
    more = ["and others"] if len(counts) > _REASONS_SHOWN else []
    return f"no row of {rows.read:,} was accepted: {', '.join([*reasons, *more])}"


def rejects_command(ingestion: str, data: Path) -> str:
    """The command that prints the rows an ingestion refused."""
    said = "" if data == DEFAULT_DATA else f" --data {shlex.quote(str(data))}"
    return f"fleetcore rejects {ingestion}{said}"


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def print_counts(
    states: Mapping[str, Ingestion], paths: Mapping[str, str], ids: Iterable[str]
) -> None:
    """A line an ingestion; accepted + conflicting = in log + forgotten + dead + pending.

    `ids` are those of all ingestions: each is shown as short as it still names one of them.
    """
    short = _beginnings(ids)
    rows = []
    for ingestion, state in states.items():
        ledger = state.ledger
        counted = ledger.rows
        counts = (
            counted.read,
            counted.accepted,
            counted.duplicate,
            counted.conflicting,
            counted.rejected,
            counted.malformed,
            ledger.store.rows - ledger.store.forgotten,
            ledger.store.forgotten,
            ledger.dead_lettered,
            ledger.pending,
        )
        received = state.received
        when = "" if received is None else time_text(received.now_ms)[:16].replace("T", " ")
        path = paths.get(ingestion, "")
        if received is not None and received.parent is not None:
            path += f" ({short.get(received.parent, received.parent)})"
        cells = [f"{count:,}" for count in counts]
        rows.append([short[ingestion], when, state.status, *cells, path])
    header = ["ingestion", "received (UTC)", "status", *_COUNTED, "path"]
    print_table(header, rows, "lll" + "r" * len(_COUNTED))


def _beginnings(ids: Iterable[str]) -> Mapping[str, str]:
    """Each id as short as it still names one ingestion."""
    beginnings = {
        each: [each[:length] for length in range(_SHORTEST_ID, len(each))] for each in ids
    }
    counts = Counter(text for texts in beginnings.values() for text in texts)
    return {
        each: next((text for text in texts if counts[text] == 1), each)
        for each, texts in beginnings.items()
    }
