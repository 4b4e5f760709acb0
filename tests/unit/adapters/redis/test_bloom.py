"""The size of a Bloom filter, and its bits."""

from __future__ import annotations

import pytest

from fleetcore_adapters.redis.bloom import MAX_BITS, MIN_BITS, bits_for, positions

POSITIONS = {
    ("cab-1", 0): [125513, 38774, 112035, 25296],
    ("cab-1", 1714521600000): [138604, 1075, 23546, 46017],
    ("", -9223372036854775808): [16334, 1881, 147428, 132975],
    ("é🚚", 9223372036854775807): [96766, 136659, 16552, 56445],
}


@pytest.mark.parametrize(
    ("expected", "bits"),
    [
        (-5, MIN_BITS),
        (0, MIN_BITS),
        (51, MIN_BITS),
        (52, 8_320),
        (1_000, 160_000),
        (100_000, 16_000_000),
        (209_000, 33_440_000),
        (210_000, MAX_BITS),
        (10**12, MAX_BITS),
    ],
)
def test_a_filter_has_room_for_what_is_expected(expected: int, bits: int) -> None:
    """Twenty bytes an expected identity, from 1 KiB to 4 MiB."""
    assert bits == bits_for(expected)


def test_positions_stay_the_same() -> None:
    """Every process, and every later version with the same kind of token, sets the same bits."""
    assert POSITIONS == {identity: list(positions(identity, 160_000)) for identity in POSITIONS}


@pytest.mark.parametrize("fill", [1, 16])
def test_a_full_filter_is_wrong_as_seldom_as_it_says(fill: int) -> None:
    """Up to sixteen times what was expected, fewer than 1.3 % are wrongly met."""
    expected = 1_000
    bits = bits_for(expected)
    held: set[int] = set()
    for at in range(expected * fill):
        held.update(positions(("cab", at), bits))

    strangers = [held.issuperset(positions(("other", at), bits)) for at in range(20_000)]

    assert sum(strangers) < 0.013 * len(strangers)
