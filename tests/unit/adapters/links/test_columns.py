"""Columns come back as they were put, and hostile bytes are told as such."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.regions import fact

from fleetcore.domain.digests import BUCKETS, LEAVES, Digest, Sum
from fleetcore.domain.facts import fact_of
from fleetcore.domain.tombstones import Tombstone
from fleetcore.ports.registers import Held
from fleetcore.testing.strategies import location_events
from fleetcore_adapters.links import forms
from fleetcore_adapters.links.columns import Malformed, Reader, Writer

words = st.integers(0, 2**64 - 1)
sums = st.builds(Sum, st.integers(0, 2**32), words)
facts = st.lists(location_events().map(fact_of), max_size=5).map(tuple)


def through(put: Callable[[Writer], None]) -> Reader:
    """A reader of what was put."""
    to = Writer()
    put(to)
    return Reader(to.content())


@given(number=words, numbers=st.lists(words), signed=st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_numbers_come_back(number: int, numbers: list[int], signed: list[int]) -> None:
    """All of 64 bits, in any column."""

    def put(to: Writer) -> None:
        to.number(number)
        to.ints(numbers)
        to.sorted_ints(sorted(numbers))
        to.signed_ints(signed)

    reader = through(put)

    assert number == reader.number()
    assert (tuple(numbers), tuple(sorted(numbers))) == (reader.ints(), reader.sorted_ints())
    assert tuple(signed) == reader.signed_ints()
    reader.end()


@given(
    floats=st.lists(st.none() | st.floats(allow_nan=False)),
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
)
def test_floats_and_texts_come_back(floats: list[float | None], texts: list[str]) -> None:
    """To the last bit; missing ones missing."""

    def put(to: Writer) -> None:
        to.optional_floats(floats)
        to.texts(texts)

    reader = through(put)

    assert list(map(repr, floats)) == list(map(repr, reader.optional_floats()))
    assert texts == reader.texts()
    reader.end()


@given(
    digest=st.builds(Digest, buckets=st.dictionaries(st.integers(0, BUCKETS - 1), sums)),
    cities=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), sums),
    drawn=facts,
    fingerprints=st.dictionaries(st.integers(0, LEAVES - 1), st.lists(words).map(tuple)),
)
def test_what_regions_tell_comes_back(
    digest: Digest,
    cities: dict[str, Sum],
    drawn: tuple[object, ...],
    fingerprints: dict[int, tuple[int, ...]],
) -> None:
    """Digests, sums of cities, facts field by field, fingerprints by leaf."""
    assert cities == forms.cities(through(lambda to: forms.put_cities(to, cities)))
    assert digest == forms.digest(through(lambda to: forms.put_digest(to, digest)))
    assert repr(drawn) == repr(forms.facts(through(lambda to: forms.put_facts(to, drawn))))  # type: ignore[arg-type]
    assert fingerprints == forms.fingerprints(
        through(lambda to: forms.put_fingerprints(to, fingerprints))
    )


def test_versions_and_tombstones_come_back() -> None:
    """A missing accuracy is minus infinity; a key is its hexadecimal digits."""
    held = (Held("a", (-5, -math.inf, 0)), Held("é", (2**62, -3.5, 2**64 - 1)))
    graves = (Tombstone(key="0f" * 32, leaf=LEAVES - 1, forgotten_at_ms=-1),)

    assert held == forms.held(through(lambda to: forms.put_held(to, held)))
    assert graves == forms.tombstones(through(lambda to: forms.put_tombstones(to, graves)))


def test_a_whole_digest_is_small() -> None:
    """All buckets, of some 150 registers each, stay below 12 kB, whatever cities there are."""
    digest = Digest(
        buckets={n: Sum(140 + n % 20, 2**64 - 1 - n) for n in range(BUCKETS)},
        cities={f"A city called {n}": Sum(3_500, 2**64 - 1) for n in range(5_000)},
    )
    to = Writer()
    forms.put_digest(to, digest)

    assert len(to.content()) < 12_000


READERS: Final = (
    forms.digest,
    forms.cities,
    forms.leaf_sums,
    forms.fingerprints,
    forms.held,
    forms.facts,
    forms.tombstones,
    forms.recount,
    forms.batches,
    Reader.texts,
    Reader.optional_floats,
)


@pytest.mark.parametrize("read", READERS)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(
    read: Callable[[Reader], object], content: bytes
) -> None:
    """Nothing else is raised, and nothing large is made of little."""
    with suppress(Malformed):
        read(Reader(content))


@given(data=st.data())
def test_a_message_that_is_cut_short_is_malformed(data: st.DataObject) -> None:
    """At whichever byte."""
    to = Writer()
    forms.put_facts(to, [fact(city="Oslo"), fact("é", speed_kmh=3.5)])
    content = to.content()
    end = data.draw(st.integers(0, len(content) - 1))

    with pytest.raises(Malformed):
        forms.facts(Reader(content[:end]))


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b"\xff" * 11, Reader.number),
        (b"\x01\x03abc", Reader.ints),
        (b"\xff\xff\xff\xff\xff\xff\xff\x7f\x08", Reader.ints),
        (b"\xff\xff\xff\xff\x7f", Reader.optional_floats),
        (b"\x02\xff\xff", Reader.text),
        (b"\x02\x01\xff\xff", lambda of: of.sorted_ints(400)),
    ],
)
def test_what_no_writer_writes_is_malformed(
    content: bytes, read: Callable[[Reader], object]
) -> None:
    """Lengths beyond the message, other widths, numbers too great, no UTF-8."""
    with pytest.raises(Malformed):
        read(Reader(content))


def test_a_signed_number_has_64_bits() -> None:
    """What is added to the least one may not lead beyond."""
    to = Writer()
    to.signed_ints([2**63 - 1, 2**63 - 2])
    least, steps = to.content()[:8], to.content()[8:]

    assert (2**63 - 1, 2**63 - 2) == Reader(least + steps).signed_ints()
    with pytest.raises(Malformed):
        Reader((2**63 - 1).to_bytes(8, "little") + steps).signed_ints()
