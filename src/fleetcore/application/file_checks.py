"""Parts and files of the log compared with what the streams and the catalogue say of them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

from attrs import asdict, frozen

from fleetcore.application.findings import AFRESH, RESTORE, Finding, Told, fault
from fleetcore.application.sweeping import is_folded, live_rows, rows_brought
from fleetcore.errors import CorruptObject, ObjectMissing
from fleetcore.ports.catalogue import TAIL, Catalogue, Entry, Extent
from fleetcore.ports.object_store import ObjectStore
from fleetcore.ports.progress import Progress

_MOST_NAMED: Final = 5


@frozen(kw_only=True, slots=True)
class Rows:
    """What a file of rows says of them; without rows it has no extent."""

    extent: Extent | None
    by_ingestion: Mapping[str, int]


@frozen(kw_only=True, slots=True)
class Contents:
    """What a file was found to be."""

    rows: Rows
    size_bytes: int
    sha256: str


@frozen(kw_only=True, slots=True)
class Damage:
    """What a file was found not to be."""

    code: Literal["file-missing", "file-corrupt"]
    text: str


RowsIn: TypeAlias = Callable[[str, bytes], Rows]
"""The rows that the object under a key with this content holds. Raises `CorruptObject`."""

Files: TypeAlias = Mapping[str, Contents | Damage]
"""By key: the files of the log, and the parts that somebody may still read."""


def examined(
    objects: ObjectStore, catalogue: Catalogue, told: Told, rows_in: RowsIn, progress: Progress
) -> Files:
    """Read every file that is needed, once."""

    def content(key: str) -> bytes:
        return catalogue.content(key) if key.startswith(TAIL) else objects.get(key)

    said: dict[str, set[str]] = defaultdict(set)
    for entry in told.listing.entries:
        said[entry.file.key].add(entry.file.sha256)
    for key, (ingestion, part) in told.parts().items():
        state = told.states[ingestion]
        # What is settled may be compacted away, unless its ingestion may go on from it.
        if key in said or key not in state.outcomes or state.open:
            said[key].add(part.sha256)
    files: dict[str, Contents | Damage] = {}
    for key, hashes in said.items():
        files[key] = _file(content, key, hashes, rows_in)
        progress(len(files) / len(said))
    return files


def _file(
    content_of: Callable[[str], bytes], key: str, hashes: set[str], rows_in: RowsIn
) -> Contents | Damage:
    try:
        content = content_of(key)
    except ObjectMissing:
        return Damage(code="file-missing", text="is not there")
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 not in hashes:
        text = f"is not what was stored: its sha256 is {sha256}, not {' or '.join(sorted(hashes))}"
        return Damage(code="file-corrupt", text=text)
    try:
        rows = rows_in(key, content)
    except CorruptObject:
        return Damage(code="file-corrupt", text="is no readable file of rows")
    return Contents(rows=rows, size_bytes=len(content), sha256=sha256)


def damages(told: Told, files: Files) -> Iterator[Finding]:
    """The files that are not there or not readable, and what they held."""
    entries = {entry.file.key: entry.file for entry in told.listing.entries}
    parts = told.parts()
    shortfalls = _shortfalls(told, files)
    short = sorted(ingestion for ingestion, rows in shortfalls.items() if rows > 0)
    for key, damage in files.items():
        if isinstance(damage, Contents):
            continue
        if key in parts:
            ingestion, part = parts[key]
            held = f"{part.rows} rows of {told.who(ingestion)}"
        elif (of := entries[key].ingestion) is not None:
            held = f"{entries[key].rows} rows of {told.who(of)}"
        else:
            some = ", ".join(map(told.who, short[:_MOST_NAMED]))
            more = f" and {len(short) - _MOST_NAMED} more" if len(short) > _MOST_NAMED else ""
            held = f"{entries[key].rows} rows of {some or 'no known ingestion'}{more}"
        yield fault(
            damage.code,
            f"{key!r} {damage.text}; it held {held}; restore it from a backup, or {AFRESH}",
        )


def differences(told: Told, files: Files) -> Iterator[Finding]:
    """What the catalogue or a stream says of a file that is otherwise."""
    for entry in told.listing.entries:
        found = files[entry.file.key]
        if isinstance(found, Contents) and (wrong := _of_entry(told, entry, found)):
            yield fault(
                "catalogue-differs", f"the catalogue says of {entry.file.key!r} {wrong}; {RESTORE}"
            )
    for key, (ingestion, part) in told.parts().items():
        seen = files.get(key)
        if isinstance(seen, Contents) and (wrong := _differing(asdict(part), _measured(seen))):
            yield fault(
                "part-differs",
                f"the stream of {told.who(ingestion)} says of {key!r} {wrong}; {RESTORE}",
            )


def _measured(found: Contents) -> dict[str, object]:
    rows = sum(found.rows.by_ingestion.values())
    return {"rows": rows, "size_bytes": found.size_bytes, "sha256": found.sha256}


def _of_entry(told: Told, entry: Entry, found: Contents) -> str:
    said = {**asdict(entry.file), **asdict(entry.file.extent), "sequence": entry.sequence}
    true = _measured(found)
    if found.rows.extent is not None:
        true |= asdict(found.rows.extent)
    if entry.file.key.startswith("log/"):
        true |= {"kind": "compacted", "ingestion": None, "origin": None}
        true["sequence"] = min(entry.sequence, told.listing.sequence)
    else:
        ingestions = list(found.rows.by_ingestion)
        is_tail = entry.file.key.startswith(TAIL)
        true |= {
            "kind": "tail" if is_tail else "fresh",
            "ingestion": ingestions[0] if len(ingestions) == 1 else None,
        }
        if recorded := told.recorded.get(str(entry.file.origin)):
            true["sequence"] = recorded.sequence
        elif is_tail:
            true["origin"] = entry.file.key
        elif is_folded(entry.file.key):
            true["origin"] = None
            true["sequence"] = min(entry.sequence, told.listing.sequence)
        elif entry.file.origin is None:
            true["origin"] = "the key of a part"
    return _differing(said, true)


def _differing(said: Mapping[str, object], true: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {said[name]!r}, not {value!r}"
        for name, value in true.items()
        if said[name] != value
    )


def recounts(told: Told, files: Files) -> Iterator[Finding]:
    """Whether the log holds as many rows of each ingestion as its ledger says it brought."""
    shortfalls = _shortfalls(told, files)
    live = live_rows(told.recorded)
    lost = any(
        entry.file.ingestion is None and isinstance(files[entry.file.key], Damage)
        for entry in told.listing.entries
    )
    for ingestion, short in shortfalls.items():
        if short == 0 or (lost and short > 0) or ingestion in told.unreadable:
            continue
        if ingestion in live:
            yield fault(
                "live-rows-differ",
                f"{live[ingestion]} live rows of {ingestion} were taken in, the log holds "
                f"{live[ingestion] - short}; {RESTORE}",
            )
            continue
        if ingestion not in told.states:
            yield fault(
                "ledger-differs",
                f"the log holds {-short} rows of {ingestion}, which is no ingestion; {RESTORE}",
            )
            continue
        brought = _brought(told, ingestion)
        yield fault(
            "ledger-differs",
            f"{told.who(ingestion)} brought {brought} rows to the log, which holds "
            f"{brought - short} of it; {RESTORE}",
        )
    if early := _too_early(told, files, shortfalls):
        yield fault(
            "sequence-differs",
            f"the catalogue places compacted files ({len(early)}, such as {early[0]!r}) before "
            f"some of their rows were appended: who follows the log may miss rows; {RESTORE}",
        )


def _brought(told: Told, ingestion: str) -> int:
    brought = sum(map(rows_brought, told.outcomes(ingestion).values()))
    return brought - sum(told.states[ingestion].forgotten.values())


def _shortfalls(told: Told, files: Files) -> Counter[str]:
    """By ingestion: the rows brought to the log that none of its files is known to hold."""
    short = Counter({ingestion: _brought(told, ingestion) for ingestion in told.states})
    short.update(live_rows(told.recorded))
    for entry in told.listing.entries:
        found, ingestion = files[entry.file.key], entry.file.ingestion
        if isinstance(found, Contents):
            short.subtract(found.rows.by_ingestion)
        elif ingestion is not None:
            short[ingestion] -= entry.file.rows
    return short


def _too_early(told: Told, files: Files, shortfalls: Mapping[str, int]) -> list[str]:
    """Compacted files with a smaller sequence than some of their rows got.

    What the files up to a sequence hold of an ingestion was appended up to it.
    """
    placed: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    for entry in told.listing.entries:
        found = files[entry.file.key]
        recorded = told.recorded.get(str(entry.file.origin))
        sequence = entry.sequence if recorded is None else recorded.sequence
        if isinstance(found, Contents):
            for ingestion, rows in found.rows.by_ingestion.items():
                placed[ingestion].append((sequence, entry.file.key, rows))
    early = set[str]()
    for ingestion in placed.keys() & told.states.keys():
        outcomes = told.outcomes(ingestion)
        if shortfalls[ingestion] < 0 or outcomes.keys() - told.recorded.keys():
            continue  # Something else is wrong, and found.
        appended = [
            (told.recorded[key].sequence, rows_brought(outcome))
            for key, outcome in outcomes.items()
        ]
        held = 0
        for sequence, key, rows in sorted(placed[ingestion]):
            held += rows
            if held > sum(brought for at, brought in appended if at <= sequence):
                early.add(key)
    return sorted(key for key in early if key.startswith("log/"))
