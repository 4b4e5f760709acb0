"""The laws of cleaning a track, whatever was reported, and in whatever order it came."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.location import LocationEvent, precedence
from fleetcore.domain.rules.rule import Verdict
from fleetcore.domain.rules.settings import Severity
from fleetcore.domain.tracks.cleaning import track_judge, track_of
from fleetcore.domain.tracks.limits import TrackLimits, TrackSettings
from fleetcore.domain.tracks.rules import TRACK_RULES
from fleetcore.testing.track_strategies import drives, event_at, reports

DEFAULTS = TrackSettings()
ALL_REJECT = TrackSettings(severities={rule.code: "reject" for rule in TRACK_RULES})
FAR_M = 90_000.0


def _clean(
    events: Sequence[LocationEvent], settings: TrackSettings = DEFAULTS
) -> list[LocationEvent]:
    track = track_of(events)
    verdicts = track_judge(settings)(track)
    return [event for event, verdict in zip(track, verdicts, strict=True) if verdict.accepted]


@given(reports(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(events: list[LocationEvent], rng: Random) -> None:
    """Shuffled, every event has the same verdict."""
    shuffled = list(events)
    rng.shuffle(shuffled)
    judge = track_judge(ALL_REJECT)

    assert track_of(events) == track_of(shuffled)
    assert judge(track_of(events)) == judge(track_of(shuffled))


@given(reports(), reports())
def test_what_comes_late_is_judged_as_if_it_had_been_there(
    early: list[LocationEvent], late: list[LocationEvent]
) -> None:
    """The track of what came first, and then more, is that of all at once."""
    assert track_of([*early, *late]) == track_of([*late, *track_of(early), *early])
    assert _clean([*early, *late], ALL_REJECT) == _clean([*late, *early], ALL_REJECT)


@given(reports())
def test_one_event_of_an_instant_is_left(events: list[LocationEvent]) -> None:
    """It is the one that takes precedence."""
    for winner in track_of(events):
        rivals = [each for each in events if each.observed_at == winner.observed_at]
        assert precedence(winner) == max(map(precedence, rivals))
    instants = [each.observed_at for each in track_of(events)]
    assert sorted({each.observed_at for each in events}) == instants


@pytest.mark.parametrize("settings", [DEFAULTS, ALL_REJECT], ids=["default", "all reject"])
@given(events=reports())
def test_cleaning_what_is_clean_changes_nothing(
    settings: TrackSettings, events: list[LocationEvent]
) -> None:
    """What is left breaks no rejecting rule."""
    clean = _clean(events, settings)

    assert clean == _clean(clean, settings)


@given(drives())
def test_a_drive_breaks_no_rule(track: Sequence[LocationEvent]) -> None:
    """Neither rejects nor warnings."""
    assert [Verdict()] * len(track) == track_judge(DEFAULTS)(track)


@given(drives(), st.data())
def test_one_bad_fix_is_the_only_one_that_falls(
    track: Sequence[LocationEvent], data: st.DataObject
) -> None:
    """Wherever it is, the first and the last included: what is around it stands."""
    place = data.draw(st.integers(0, len(track) - 1))
    bad = evolve(track[place], latitude=track[place].latitude + 30.0)
    spoiled = [*track[:place], bad, *track[place + 1 :]]
    if len(track) == 3 and place == 1:
        spoiled.append(evolve(track[-1], observed_at=track[-1].observed_at + 60_000))
    expected = [each for each in spoiled if each is not bad]

    assert expected == _clean(spoiled)


@given(drives(least=4), st.data())
def test_an_added_bad_fix_is_the_only_one_that_falls(
    track: Sequence[LocationEvent], data: st.DataObject
) -> None:
    """Also between two good ones, and less than a second from one."""
    place = data.draw(st.integers(0, len(track) - 1))
    at_ms = track[place].observed_at + data.draw(st.sampled_from((-300, 300)))
    bad = evolve(track[place], observed_at=at_ms, latitude=track[place].latitude + 30.0)

    assert list(track) == _clean([*track, bad])


def test_a_rule_judges_among_those_that_stand() -> None:
    """A bad fix at the start of a burst does not outdo the good ones; a bad burst falls whole."""
    good = [event_at(60 * minute) for minute in range(5)]
    before_good = event_at(119.9, FAR_M)
    burst = [event_at(90 + tenths / 10, FAR_M) for tenths in range(3)]

    assert good == _clean([*good, before_good])
    assert good == _clean([*good, *burst])


@pytest.mark.parametrize(
    ("severity", "broken", "warnings"),
    [("reject", ("too-frequent",), ()), ("warn", (), ("too-frequent",)), ("off", (), ())],
)
def test_severities_are_the_fleets(
    severity: Severity, broken: tuple[str, ...], warnings: tuple[str, ...]
) -> None:
    """A rule rejects, warns or is off."""
    settings = TrackSettings(severities={"too-frequent": severity})
    verdict = track_judge(settings)([event_at(0), event_at(0.1)])[1]

    assert (broken, warnings) == (verdict.broken, verdict.warnings)


def test_a_class_may_have_its_own_limits() -> None:
    """Others, and vehicles of no known class, have the fleet's."""
    settings = TrackSettings(classes={"tram": TrackLimits(min_interval_s=5.0)})
    track = [event_at(0), event_at(2)]

    assert not track_judge(settings, "tram")(track)[1].accepted
    assert track_judge(settings, "van")(track)[1].accepted
    assert track_judge(settings)(track)[1].accepted
