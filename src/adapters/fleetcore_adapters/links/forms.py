"""The forms in which what regions tell each other is written, column by column."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeVar

from fleetcore.domain.digests import BUCKETS, LEAVES, Digest, Sum
from fleetcore.domain.facts import Fact
from fleetcore.domain.location import STATUSES, Status
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.tombstones import Tombstone
from fleetcore.ports.live_log import Batches
from fleetcore.ports.region import Recount
from fleetcore.ports.registers import Held
from fleetcore_adapters.links.columns import Malformed, Reader, Writer

_STATUSES: Final[tuple[Status | None, ...]] = (None, *STATUSES)
_KEY_BYTES: Final = 32

T = TypeVar("T")


def put_numbers(to: Writer, numbers: Collection[int]) -> None:
    """Numbers of buckets or leaves."""
    to.sorted_ints(sorted(numbers))


def buckets(of: Reader) -> tuple[int, ...]:
    """Numbers of buckets."""
    return of.sorted_ints(BUCKETS)


def leaves(of: Reader) -> tuple[int, ...]:
    """Numbers of leaves."""
    return of.sorted_ints(LEAVES)


def put_texts(to: Writer, texts: Collection[str]) -> None:
    """Vehicle ids."""
    to.texts(list(texts))


def _put_sums(to: Writer, sums: Collection[Sum]) -> None:
    to.ints([each.registers for each in sums])
    to.ints([each.words for each in sums])


def _sums(of: Reader, keys: Sequence[int] | Sequence[str]) -> list[Sum]:
    counts, words = of.ints(), of.ints()
    _check(len(keys), counts, words)
    return list(map(Sum, counts, words))


def put_leaf_sums(to: Writer, sums: Mapping[int, Sum]) -> None:
    """Sums by number."""
    ordered = sorted(sums)
    to.sorted_ints(ordered)
    _put_sums(to, [sums[each] for each in ordered])


def leaf_sums(of: Reader) -> dict[int, Sum]:
    """Sums by number."""
    numbers = leaves(of)
    return dict(zip(numbers, _sums(of, numbers), strict=True))


def put_digest(to: Writer, digest: Digest) -> None:
    """A digest, without its cities."""
    put_leaf_sums(to, digest.buckets)


def digest(of: Reader) -> Digest:
    """A digest, without its cities."""
    return Digest(buckets=leaf_sums(of))


def put_cities(to: Writer, cities: Mapping[str, Sum]) -> None:
    """Sums by city."""
    to.texts(list(cities))
    _put_sums(to, cities.values())


def cities(of: Reader) -> dict[str, Sum]:
    """Sums by city."""
    names = of.texts()
    return dict(zip(names, _sums(of, names), strict=True))


def put_fingerprints(to: Writer, fingerprints: Mapping[int, Collection[int]]) -> None:
    """Fingerprints by leaf."""
    ordered = sorted(fingerprints)
    to.sorted_ints(ordered)
    to.ints([len(fingerprints[each]) for each in ordered])
    to.ints([fingerprint for each in ordered for fingerprint in fingerprints[each]])


def fingerprints(of: Reader) -> dict[int, tuple[int, ...]]:
    """Fingerprints by leaf."""
    numbers, counts, values = leaves(of), of.ints(), of.ints()
    _check(len(numbers), counts)
    _check(sum(counts), values)
    found: dict[int, tuple[int, ...]] = {}
    at = 0
    for number, count in zip(numbers, counts, strict=True):
        found[number] = values[at : at + count]
        at += count
    return found


def put_held(to: Writer, held: Sequence[Held]) -> None:
    """Versions; the accuracy they hold is negative, or minus infinity for none."""
    to.texts([each.vehicle_id for each in held])
    to.signed_ints([each.version[0] for each in held])
    to.optional_floats([each.version[1] if each.version[1] != -math.inf else None for each in held])
    to.ints([each.version[2] for each in held])


def held(of: Reader) -> tuple[Held, ...]:
    """Versions."""
    ids, times, accuracies, prints = of.texts(), of.signed_ints(), of.optional_floats(), of.ints()
    _check(len(ids), times, accuracies, prints)
    return tuple(
        Held(vehicle_id, (time, -math.inf if accuracy is None else accuracy, fingerprint))
        for vehicle_id, time, accuracy, fingerprint in zip(
            ids, times, accuracies, prints, strict=True
        )
    )


def put_facts(to: Writer, facts: Sequence[Fact]) -> None:
    """Facts."""
    to.texts([each.vehicle_id for each in facts])
    to.signed_ints([each.observed_at for each in facts])
    to.floats([each.latitude for each in facts])
    to.floats([each.longitude for each in facts])
    to.optional_floats([each.speed_kmh for each in facts])
    to.optional_floats([each.heading_deg for each in facts])
    to.optional_floats([each.accuracy_m for each in facts])
    to.optional_floats([each.battery_pct for each in facts])
    to.optional_floats([each.fuel_pct for each in facts])
    to.ints([_STATUSES.index(each.status) for each in facts])
    cities = list(dict.fromkeys(each.city for each in facts if each.city is not None))
    numbers: dict[str | None, int] = {city: number for number, city in enumerate(cities, 1)}
    to.texts(cities)
    to.ints([numbers.get(each.city, 0) for each in facts])
    to.ints([each.fingerprint for each in facts])


def facts(of: Reader) -> tuple[Fact, ...]:
    """Facts."""
    ids, times = of.texts(), of.signed_ints()
    positions = of.floats(), of.floats()
    numbers = [of.optional_floats() for _ in range(5)]
    statuses = [_pick(_STATUSES, each) for each in of.ints()]
    known: list[str | None] = [None, *of.texts()]
    cities = [_pick(known, each) for each in of.ints()]
    prints = of.ints()
    _check(len(ids), times, *positions, *numbers, statuses, cities, prints)
    return tuple(
        map(
            Fact._make, zip(ids, times, *positions, *numbers, statuses, cities, prints, strict=True)
        )
    )


def put_tombstones(to: Writer, tombstones: Sequence[Tombstone]) -> None:
    """Tombstones."""
    to.blob(b"".join(bytes.fromhex(each.key) for each in tombstones))
    to.ints([each.leaf for each in tombstones])
    to.signed_ints([each.forgotten_at_ms for each in tombstones])


def tombstones(of: Reader) -> tuple[Tombstone, ...]:
    """Tombstones."""
    keys, in_leaves, times = of.blob(), of.ints(), of.signed_ints()
    _check(len(times), in_leaves)
    if len(keys) != _KEY_BYTES * len(times) or max(in_leaves, default=0) >= LEAVES:
        raise Malformed("no tombstones")
    return tuple(
        Tombstone(
            key=keys[at * _KEY_BYTES : (at + 1) * _KEY_BYTES].hex(),
            leaf=leaf,
            forgotten_at_ms=time,
        )
        for at, (leaf, time) in enumerate(zip(in_leaves, times, strict=True))
    )


def put_recount(to: Writer, recount: Recount) -> None:
    """What a recount found."""
    to.number(recount.registers)
    to.texts(recount.corrupt)
    to.sorted_ints(sorted(recount.untrue))


def recount(of: Reader) -> Recount:
    """What a recount found."""
    return Recount(registers=of.number(), corrupt=tuple(of.texts()), untrue=leaves(of))


def put_batches(to: Writer, batches: Batches) -> None:
    """Batches."""
    to.number(batches.cursor)
    to.number(len(batches.batches))
    for each in batches.batches:
        to.text(each.ingestion)
        to.number(each.rows)
        to.blob(each.content)


def batches(of: Reader) -> Batches:
    """Batches."""
    cursor, count = of.number_below(1 << 63), of.number()
    found: list[EventBatch] = []
    for _ in range(count):
        ingestion, rows = of.text(), of.number()
        found.append(EventBatch(ingestion=ingestion, rows=rows, content=of.blob()))
    return Batches(batches=tuple(found), cursor=cursor)


def _pick(table: Sequence[T], number: int) -> T:
    if number >= len(table):
        raise Malformed(f"there is no number {number}")
    return table[number]


def _check(length: int, *columns: Sequence[object]) -> None:
    if any(len(column) != length for column in columns):
        raise Malformed("columns of different lengths")
