"""Objects compared with what the streams and the catalogue say of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Literal, TypeAlias

from attrs import frozen

from fleetcore.application import rejects
from fleetcore.application.findings import Finding, Told, fault, note
from fleetcore.application.sweeping import PREFIXES, owner
from fleetcore.domain.ingestion import ChunkProcessed
from fleetcore.errors import CorruptObject, ObjectMissing
from fleetcore.ports.catalogue import Listing
from fleetcore.ports.object_store import ObjectStore

RowsIn: TypeAlias = Callable[[str, bytes], int]
"""How many rows the object under a key with this content holds. Raises `CorruptObject`."""


@frozen(kw_only=True, slots=True)
class _Claim:
    """What is said of an object; one that is not `needed` may have been removed."""

    what: Literal["part", "log-file"]
    sha256: str
    rows: int
    needed: bool


def objects_as_told(
    objects: ObjectStore, told: Told, listing: Listing, rows_in: RowsIn
) -> Iterator[Finding]:
    """Parts and files of the log: they are there, unchanged, with as many rows as is said."""
    claims: dict[str, list[_Claim]] = {}
    for entry in listing.entries:
        file = entry.file
        claim = _Claim(what="log-file", sha256=file.sha256, rows=file.rows, needed=True)
        claims.setdefault(file.key, []).append(claim)
    for state in told.states.values():
        for part in state.parts:
            # What is settled may be compacted away, unless its ingestion may go on from it.
            needed = part.key not in state.outcomes or state.open
            claim = _Claim(what="part", sha256=part.sha256, rows=part.rows, needed=needed)
            claims.setdefault(part.key, []).append(claim)
    for key, said in claims.items():
        yield from _object(objects, key, said, rows_in)


def _object(
    objects: ObjectStore, key: str, claims: Sequence[_Claim], rows_in: RowsIn
) -> Iterator[Finding]:
    try:
        content = objects.get(key)
    except ObjectMissing:
        for claim in claims:
            if claim.needed:
                yield fault(f"{claim.what}-missing", f"{key!r} is not there")
        return
    sha256 = hashlib.sha256(content).hexdigest()
    for claim in claims:
        if claim.sha256 != sha256:
            yield fault(
                f"{claim.what}-corrupt",
                f"{key!r} is not what was stored: its sha256 is {sha256}, not {claim.sha256}",
            )
            continue
        try:
            rows = rows_in(key, content)
        except CorruptObject as error:
            yield fault(f"{claim.what}-corrupt", str(error))
            continue
        if rows != claim.rows:
            yield fault(f"{claim.what}-rows", f"{key!r} holds {rows} rows, not {claim.rows}")


def rejects_as_told(objects: ObjectStore, told: Told) -> Iterator[Finding]:
    """The kept rows of each chunk are as many, and as bad, as its counts say."""
    for ingestion, state in told.states.items():
        for chunk in state.chunks:
            finding = _rejects_of(objects, chunk)
            if finding is not None:
                code, message = finding
                yield fault(code, f"ingestion {ingestion}, chunk {chunk.number}: {message}")


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
        except CorruptObject as error:
            return "rejects-corrupt", str(error)
    if (kinds["rejected"], kinds["malformed"]) == (counts.rejected, counts.malformed) and (
        codes == counts.rejected_by
    ):
        return None
    return "rejects-differ", (
        f"{counts.rejected} rejected and {counts.malformed} malformed rows are counted, "
        f"{kinds['rejected']} and {kinds['malformed']} are kept"
    )


def orphans(
    objects: ObjectStore, told: Told, listing: Listing, retired: Collection[str]
) -> Iterator[Finding]:
    """Objects that nothing names; those of unfinished ingestions may yet be named."""
    named = {entry.file.key for entry in listing.entries}.union(retired)
    for state in told.states.values():
        named.update(part.key for part in state.parts)
        named.update(chunk.rejects for chunk in state.chunks if chunk.rejects is not None)
    unfinished = told.unreadable | {
        ingestion for ingestion, state in told.states.items() if state.open or state.unsettled
    }
    for prefix in PREFIXES:
        for key in objects.keys(prefix):
            if key not in named and owner(key) not in unfinished:
                yield note("orphan", f"nothing names {key!r}; it takes space and does no harm")
