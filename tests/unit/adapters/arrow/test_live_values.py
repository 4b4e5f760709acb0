"""Columns of JSON values are read as the scalar functions read each value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.cells import UNREADABLE
from fleetcore.domain.payload_cells import number_of, optional_number_of, text_of, time_of
from fleetcore.domain.report_rows import TEXT_READERS
from fleetcore.testing.message_strategies import CLEAN, ODD_VALUES
from fleetcore_adapters.arrow.cells import Read
from fleetcore_adapters.arrow.columns import MISSING
from fleetcore_adapters.arrow.live_values import ids_in, numbers_in, texts_in, times_in

TIMES = st.floats(allow_nan=False) | st.integers() | st.floats(0, 2e13) | st.integers(0, 10**14)


def columns(
    clean: Sequence[object], typed: st.SearchStrategy[object]
) -> st.SearchStrategy[list[object]]:
    """Columns of one type, of clean values, and with odd ones among them."""
    return (
        st.lists(typed)
        | st.lists(st.sampled_from(clean))
        | st.lists(st.sampled_from((*clean, *ODD_VALUES)))
    )


def cells(read: Read) -> list[object]:
    """The cells of a column as the scalar functions give them."""
    rows = range(len(read.numbers.values))
    valid = read.numbers.valid
    return [
        UNREADABLE
        if read.unreadable is not None and read.unreadable[row]
        else read.numbers.values[row].item()
        if valid is None or valid[row]
        else None
        for row in rows
    ]


@pytest.mark.parametrize(("scalar", "optional"), [(number_of, False), (optional_number_of, True)])
def test_numbers(scalar: Callable[[object], object], optional: bool) -> None:
    """Whatever stands beside them in the column."""

    @given(values=columns(CLEAN["speed_kmh"], st.floats(allow_nan=False) | st.integers()))
    def check(values: list[object]) -> None:
        # As text: no NaN equals another.
        assert str(list(map(scalar, values))) == str(cells(numbers_in(values, optional=optional)))

    check()


@given(values=columns(CLEAN["observed_at"], TIMES))
def test_times(values: list[object]) -> None:
    """Floats too, to the millisecond."""
    read = times_in(values, "Europe/Rome")

    assert list(map(partial(time_of, zone="Europe/Rome"), values)) == cells(read)


@given(values=columns(CLEAN["status"], st.none() | st.text(max_size=3)))
def test_texts(values: list[object]) -> None:
    """1, 1.0 and true are three values."""
    texts, unreadable = texts_in(values, TEXT_READERS["status"])

    assert list(map(TEXT_READERS["status"], values)) == [
        UNREADABLE if lost else None if code == MISSING else texts.values[code]
        for code, lost in zip(texts.codes.tolist(), unreadable.tolist(), strict=True)
    ]


@given(values=columns(CLEAN["vehicle_id"], st.text(max_size=3)))
def test_ids(values: list[object]) -> None:
    """UTF-8 of the text, empty where there is none."""
    column, unreadable = ids_in(values)

    read = list(map(text_of, values))
    assert [text.encode() if isinstance(text, str) else b"" for text in read] == column.to_pylist()
    assert [text is UNREADABLE for text in read] == unreadable.tolist()
