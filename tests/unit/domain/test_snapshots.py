"""Which snapshots are kept."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.snapshots import SnapshotSettings, next_after_s, superfluous
from fleetcore.errors import InvalidConfiguration

MINUTE_MS: Final = 60_000
NOW_MS: Final = 1_700_000_000_000 // (10 * MINUTE_MS) * 10 * MINUTE_MS
SETTINGS: Final = SnapshotSettings()


def _ages_kept(minutes: range, settings: SnapshotSettings = SETTINGS) -> list[int]:
    taken = {NOW_MS - minute * MINUTE_MS for minute in minutes}
    return sorted(
        (NOW_MS - each) // MINUTE_MS for each in taken - set(superfluous(taken, NOW_MS, settings))
    )


def test_a_day_of_snapshots_is_thinned_out() -> None:
    """Every minute of an hour, then every ten minutes, and nothing older than a day."""
    kept = _ages_kept(range(3 * 24 * 60))

    assert [*range(61), *range(70, 24 * 60 + 1, 10)] == kept


def test_all_are_kept_for_a_day_where_the_setting_says_so() -> None:
    """`keep_all` thins nothing out."""
    kept = _ages_kept(range(2 * 24 * 60), SnapshotSettings(keep_all=True))

    assert list(range(24 * 60 + 1)) == kept


def test_the_newest_always_stays() -> None:
    """However old it is: there is nothing better."""
    assert [5000] == _ages_kept(range(5000, 6000))


@given(
    ages_ms=st.lists(st.integers(0, 30 * 60 * MINUTE_MS), max_size=60),
    later_ms=st.lists(st.integers(0, 60 * MINUTE_MS), max_size=5),
)
def test_thinning_out_often_is_thinning_out_once(ages_ms: list[int], later_ms: list[int]) -> None:
    """What stays does not depend on how often the others were removed before."""
    taken = {NOW_MS - age_ms for age_ms in ages_ms}
    last_ms = NOW_MS + max(later_ms, default=0)
    left = set(taken)
    for each in sorted(later_ms):
        left -= set(superfluous(left, NOW_MS + each, SETTINGS))
    left -= set(superfluous(left, last_ms, SETTINGS))

    assert taken - set(superfluous(taken, last_ms, SETTINGS)) == left


def test_spans_are_above_zero() -> None:
    """Nothing can be done every 0 seconds."""
    with pytest.raises(InvalidConfiguration, match="every_s"):
        SnapshotSettings(every_s=0.0)
    with pytest.raises(InvalidConfiguration, match="sparse_minutes"):
        SnapshotSettings(sparse_minutes=0.0)


def test_regions_take_turns() -> None:
    """Of three regions each is due a third of a minute behind the one before, minute by minute."""
    waits_s = [next_after_s(NOW_MS + 5_000, 60.0, place, 3) for place in range(3)]

    assert pytest.approx([55.0, 75.0, 35.0]) == waits_s
    assert pytest.approx(60.0) == next_after_s(NOW_MS, 60.0)
    assert pytest.approx(60.002) == next_after_s(NOW_MS - 2, 60.0)
