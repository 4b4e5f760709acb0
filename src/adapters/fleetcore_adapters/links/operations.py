"""What one region can ask of another: a number each, and the forms of question and answer.

A number is never given another meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from attrs import frozen

from fleetcore.domain.digests import BUCKETS, Digest, Sum
from fleetcore.domain.facts import Fact
from fleetcore.domain.tombstones import Tombstone
from fleetcore.ports.live_log import Batches
from fleetcore.ports.region import Recount, Region
from fleetcore.ports.registers import Held
from fleetcore_adapters.links import forms
from fleetcore_adapters.links.columns import Malformed, Reader, Writer

A = TypeVar("A")
R = TypeVar("R")

Fingerprints: TypeAlias = Mapping[int, Collection[int]]
Pair: TypeAlias = tuple[Fact, Fact]
Mending: TypeAlias = tuple[Sequence[Fact], str]
Numbers: TypeAlias = tuple[int, int]


class Answering(Protocol):
    """An operation as a server sees it."""

    def answer(self, region: Region, question: Reader) -> bytes:
        """Carry out a question; the answer. Raises `Malformed` before anything is done."""
        ...


@frozen(slots=True)
class Operation(Generic[A, R]):
    """One operation: how its question and its answer are put and read, and what it does."""

    number: int
    put_question: Callable[[Writer, A], None]
    question: Callable[[Reader], A]
    put_answer: Callable[[Writer, R], None]
    answered: Callable[[Reader], R]
    carry_out: Callable[[Region, A], R]

    def asking(self, question: A) -> bytes:
        """The message that asks."""
        to = Writer()
        to.number(self.number)
        self.put_question(to, question)
        return to.content()

    def answer(self, region: Region, question: Reader) -> bytes:
        """The message that answers."""
        asked = self.question(question)
        question.end()
        to = Writer()
        self.put_answer(to, self.carry_out(region, asked))
        return to.content()


def _put_nothing(_to: Writer, _nothing: None) -> None: ...


def _nothing(_of: Reader) -> None: ...


def _put_pair(to: Writer, pair: Pair) -> None:
    forms.put_facts(to, pair)


def _pair(of: Reader) -> Pair:
    found = forms.facts(of)
    if len(found) != 2:
        raise Malformed(f"{len(found)} facts in the place of two")
    return found[0], found[1]


def _put_mending(to: Writer, mending: Mending) -> None:
    to.text(mending[1])
    forms.put_facts(to, mending[0])


def _mending(of: Reader) -> Mending:
    run = of.text()
    return forms.facts(of), run


def _put_numbers(to: Writer, numbers: Numbers) -> None:
    to.number(numbers[0])
    to.number(numbers[1])


def _part(of: Reader) -> Numbers:
    part, parts = of.number(), of.number_below(BUCKETS + 1)
    if part >= parts:
        raise Malformed(f"no part {part} of {parts}")
    return part, parts


def _behind(of: Reader) -> Numbers:
    return of.number_below(1 << 63), of.number_below(1 << 31)


DIGEST: Final = Operation[None, Digest](
    1, _put_nothing, _nothing, forms.put_digest, forms.digest, lambda region, _: region.digest()
)
LEAVES: Final = Operation[Collection[int], Mapping[int, Sum]](
    2,
    forms.put_numbers,
    forms.buckets,
    forms.put_leaf_sums,
    forms.leaf_sums,
    lambda region, buckets: region.leaves(buckets),
)
FINGERPRINTS: Final = Operation[Collection[int], Fingerprints](
    3,
    forms.put_numbers,
    forms.leaves,
    forms.put_fingerprints,
    forms.fingerprints,
    lambda region, leaves: region.fingerprints(leaves),
)
HELD: Final = Operation[Fingerprints, tuple[Held, ...]](
    4,
    forms.put_fingerprints,
    forms.fingerprints,
    forms.put_held,
    forms.held,
    lambda region, fingerprints: region.held(fingerprints),
)
TOMBSTONES: Final = Operation[Collection[int], tuple[Tombstone, ...]](
    5,
    forms.put_numbers,
    forms.leaves,
    forms.put_tombstones,
    forms.tombstones,
    lambda region, leaves: region.tombstones(leaves),
)
READ: Final = Operation[Collection[str], tuple[Fact, ...]](
    6,
    forms.put_texts,
    Reader.texts,
    forms.put_facts,
    forms.facts,
    lambda region, vehicle_ids: region.read(vehicle_ids),
)
LOGGED: Final = Operation[Collection[str], tuple[Fact, ...]](
    7,
    forms.put_texts,
    Reader.texts,
    forms.put_facts,
    forms.facts,
    lambda region, vehicle_ids: region.logged(vehicle_ids),
)
RECOUNT: Final = Operation[Numbers, Recount](
    8,
    _put_numbers,
    _part,
    forms.put_recount,
    forms.recount,
    lambda region, part: region.recount(*part),
)
MEND: Final = Operation[Mending, int](
    9,
    _put_mending,
    _mending,
    Writer.number,
    Reader.number,
    lambda region, mending: region.mend(*mending),
)
REPLACE: Final = Operation[Pair, bool](
    10,
    _put_pair,
    _pair,
    Writer.number,
    lambda of: bool(of.number()),
    lambda region, pair: region.replace(*pair),
)
BURY: Final = Operation[Sequence[Tombstone], int](
    11,
    forms.put_tombstones,
    forms.tombstones,
    Writer.number,
    Reader.number,
    lambda region, tombstones: region.bury(tombstones),
)
BATCHES_SINCE: Final = Operation[Numbers, Batches](
    12,
    _put_numbers,
    _behind,
    forms.put_batches,
    forms.batches,
    lambda region, behind: region.batches_since(*behind),
)
CITIES: Final = Operation[None, Mapping[str, Sum]](
    13, _put_nothing, _nothing, forms.put_cities, forms.cities, lambda region, _: region.cities()
)

OPERATIONS: Final[Mapping[int, Answering]] = {
    each.number: each
    for each in (
        *(DIGEST, LEAVES, FINGERPRINTS, HELD, TOMBSTONES, READ, LOGGED, RECOUNT),
        *(MEND, REPLACE, BURY, BATCHES_SINCE, CITIES),
    )
}
