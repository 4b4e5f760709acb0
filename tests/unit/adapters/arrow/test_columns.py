"""Fingerprints of columns are the scalar fingerprints, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
import pyarrow as pa
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetcore.domain.fingerprint import FIELD_NUMBERS, fingerprint_of, word_of
from fleetcore.domain.location import LocationEvent
from fleetcore.testing.strategies import location_events
from fleetcore_adapters.arrow import columns as columnar
from fleetcore_adapters.arrow.columns import (
    MISSING,
    Column,
    Numbers,
    Texts,
    Words,
    column_words,
    number_words,
)
from fleetcore_adapters.arrow.texts import text_words
from fleetcore_adapters.vectors.splitmix import mixed

LONG: Final = ("x" * 63, "x" * 64, "x" * 65, "\N{DELIVERY TRUCK}" * 40, "y" * 1000)


def _column(values: Sequence[str | int | float | None]) -> Column:
    valid = np.array([value is not None for value in values], dtype=np.bool_)
    if any(isinstance(value, str) for value in values):
        codes = {value: code for code, value in enumerate(dict.fromkeys(filter(_is_text, values)))}
        return Texts(
            codes=np.array([codes.get(value, MISSING) for value in values], dtype=np.int32),
            values=tuple(cast("str", value) for value in codes),
        )
    kind = np.int64 if any(isinstance(value, int) for value in values) else np.float64
    return Numbers(
        values=np.array([0 if value is None else value for value in values], dtype=kind),
        valid=None if valid.all() else valid,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def columnar_fingerprints(events: Sequence[LocationEvent]) -> list[int]:
    """The fingerprints of events by their columns, summed as an engine sums them."""
    total: Words = text_words(
        "vehicle_id", pa.array([each.vehicle_id for each in events], type=pa.string())
    )
    for field in FIELD_NUMBERS:
        if field != "vehicle_id":
            total = total + column_words(field, _column([getattr(e, field) for e in events]))
    return cast("list[int]", mixed(total).tolist())


def _events() -> st.SearchStrategy[LocationEvent]:
    city = st.sampled_from((None, "", "a", "a\0", "a\0\0", *LONG)) | st.text(
        st.characters(codec="utf-8"), max_size=80
    )
    return st.builds(lambda event, text: evolve(event, city=text), location_events(), city)


@settings(max_examples=300)
@given(events=st.lists(_events(), min_size=1, max_size=6))
def test_columns_have_the_scalar_fingerprints(events: list[LocationEvent]) -> None:
    """Whatever is missing, negative zero, long or in any script: the same 64 bits."""
    assert [fingerprint_of(event) for event in events] == columnar_fingerprints(events)


@given(
    texts=st.lists(st.binary(max_size=20) | st.binary(min_size=60, max_size=80), max_size=6).map(
        lambda drawn: [*drawn, b"", b"a", b"a\0", b"a" * 64, b"a" * 64 + b"\0"]
    )
)
def test_texts_of_any_length_in_one_column(texts: list[bytes]) -> None:
    """A text's word does not depend on the others beside it, and trailing zero bytes count."""
    decodable = [text.decode("latin-1") for text in texts]

    words = text_words("city", pa.array(decodable, type=pa.string()))

    assert [word_of("city", text) for text in decodable] == words.tolist()
    assert len(set(decodable)) == len(set(words.tolist()))


def test_no_texts_have_no_words() -> None:
    """A column without rows has none."""
    assert [] == text_words("city", pa.array([], type=pa.string())).tolist()
    assert [] == column_words("city", _column([])).tolist()


def test_zero_has_one_word_whatever_its_sign() -> None:
    """-0.0 is 0.0, and missing is neither."""
    zeros = Numbers(values=np.array([0.0, -0.0, 0.0]), valid=np.array([True, True, False]))

    plus, minus, missing = number_words("latitude", zeros).tolist()

    assert plus == minus == word_of("latitude", 0.0)
    assert 0 == missing


def test_a_planted_bug_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finaliser with one bit of a constant changed gives other fingerprints."""
    right = mixed

    def wrong(words: Words) -> Words:
        return right(words ^ np.uint64(1))

    event = LocationEvent(vehicle_id="cab-1", observed_at=0, latitude=1.0, longitude=2.0)
    assert [fingerprint_of(event)] == columnar_fingerprints([event])

    monkeypatch.setattr(columnar, "mixed", wrong)

    assert [fingerprint_of(event)] != columnar_fingerprints([event])


def test_taking_and_clearing_cells() -> None:
    """Rows may be chosen and cells made missing; what was missing stays so."""
    numbers = Numbers(values=np.array([1.0, 2.0, 3.0]), valid=np.array([True, False, True]))
    texts = Texts(codes=np.array([0, MISSING, 1], dtype=np.int32), values=("a", "b"))
    first = np.array([True, False, False])

    cleared = numbers.without(first)

    assert cleared.valid is not None
    assert [False, False, True] == cleared.valid.tolist()
    assert [MISSING, MISSING, 1] == texts.without(first).codes.tolist()
    assert [3.0, 1.0] == numbers.take(np.array([2, 0])).values.tolist()
    assert [1, 0] == texts.take(np.array([2, 0])).codes.tolist()
