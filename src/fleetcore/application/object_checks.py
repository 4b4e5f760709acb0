"""Kept rows and leftovers compared with what the streams and the catalogue say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from fleetcore.application import rejects
from fleetcore.application.findings import RESTORE, Finding, Told, fault, note
from fleetcore.application.sweeping import PREFIXES, is_folded, owner
from fleetcore.domain.ingestion_events import ChunkProcessed
from fleetcore.domain.instants import time_text
from fleetcore.errors import CorruptObject, ObjectMissing
from fleetcore.ports.object_store import ObjectStore

_REPLAY_LOST: Final = "restore the file from a backup; without it only replay of these rows is lost"
_REMOVED: Final = "`fleetcore compact` removes it where there is no fault"


def rejects_as_told(objects: ObjectStore, told: Told) -> Iterator[Finding]:
    """The kept rows of each chunk are as many, and as bad, as its counts say."""
    for ingestion, state in told.states.items():
        for chunk in state.chunks:
            finding = _rejects_of(objects, chunk)
            if finding is not None:
                code, message = finding
                yield fault(
                    code, f"{told.who(ingestion)}, chunk {chunk.number}: {message}; {_REPLAY_LOST}"
                )


def _rejects_of(objects: ObjectStore, chunk: ChunkProcessed) -> tuple[str, str] | None:
    """The code and message of what is wrong with a chunk's rejects."""
    counts = chunk.counts
    kinds: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    if chunk.rejects is not None:
        try:
            content = objects.get(chunk.rejects)
            if not rejects.is_key_of(chunk.rejects, content):
                return "rejects-corrupt", f"{chunk.rejects!r} is not what was stored"
            for row in rejects.decoded(content, chunk.rejects):
                kinds[row.kind] += 1
                codes.update(row.reasons if row.kind == "rejected" else ())
        except ObjectMissing:
            return "rejects-missing", f"{chunk.rejects!r} is not there"
        except CorruptObject:
            return "rejects-corrupt", f"{chunk.rejects!r} is no readable list of rows"
    if (kinds["rejected"], kinds["malformed"]) == (counts.rejected, counts.malformed) and (
        codes == counts.rejected_by
    ):
        return None
    return "rejects-differ", (
        f"{counts.rejected} rejected and {counts.malformed} malformed rows are counted, "
        f"{kinds['rejected']} and {kinds['malformed']} are kept"
    )


def leftovers(objects: ObjectStore, told: Told, retired: Mapping[str, int]) -> Iterator[Finding]:
    """Objects that nothing names; those of unfinished ingestions may yet be named."""
    files = {entry.file.key for entry in told.listing.entries}
    for key in sorted(files & retired.keys()):
        yield fault(
            "catalogue-differs",
            f"the catalogue says of {key!r} both that it holds rows of the log and that it is to "
            f"be removed; do not run `fleetcore compact`; {RESTORE}",
        )
    named = files | told.parts().keys()
    for state in told.states.values():
        named.update(chunk.rejects for chunk in state.chunks if chunk.rejects is not None)
    unfinished = told.unreadable | {
        ingestion for ingestion, state in told.states.items() if state.open or state.unsettled
    }
    for prefix in PREFIXES:
        for key in objects.keys(prefix):
            if key in retired and key not in files:
                yield _retired(key, retired[key])
            elif key not in named and owner(key) not in unfinished:
                yield _orphan(key, told)


def _retired(key: str, since_ms: int) -> Finding:
    twice = ", and its rows are twice in log/" if key.startswith("log/") else ""
    return note(
        "retired-file",
        f"a compaction took the place of {key!r} at {time_text(since_ms)} but was "
        f"interrupted: the file is still there{twice}; run `fleetcore compact`, which removes it",
    )


def _orphan(key: str, told: Told) -> Finding:
    if key.startswith("log/"):
        why = f"its rows are no part of the log; {_REMOVED}"
    elif owner(key) in told.states:
        why = f"it does no harm; {_REMOVED}"
    elif is_folded(key):
        why = "its rows are in the log all the same; the next folding of its tail removes it"
    else:
        why = (
            f"no ingestion {owner(key)} is known; remove it, unless the database was restored "
            "from a backup that is older than the file"
        )
    return note("orphan", f"nothing names {key!r}: {why}")
