"""Instants as text."""

from __future__ import annotations

import pytest

from fleetcore.domain.instants import time_text


@pytest.mark.parametrize(
    ("epoch_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_714_557_600_123, "2024-05-01T10:00:00.123Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_of_every_year(epoch_ms: int, text: str) -> None:
    """ISO 8601 in UTC, from the first year to the last."""
    assert time_text(epoch_ms) == text


@pytest.mark.parametrize("epoch_ms", [-62_135_596_800_001, 253_402_300_800_000])
def test_no_text_outside_the_years(epoch_ms: int) -> None:
    """Before the year 1 and after 9999 there is none."""
    with pytest.raises(OverflowError):
        time_text(epoch_ms)
