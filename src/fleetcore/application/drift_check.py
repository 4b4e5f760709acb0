"""Looking twice without changing anything: what `drift check` tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from fleetcore.application.drift_report import confirmation, is_above_threshold
from fleetcore.application.drift_settings import DriftSettings
from fleetcore.application.looks import FirstLook, SecondLook, first_look, second_look
from fleetcore.application.panel import Panel, Together, in_turn
from fleetcore.domain.consistency import DriftConfirmed
from fleetcore.ports.clock import Clock
from fleetcore.ports.region import Region


@frozen(kw_only=True, slots=True)
class Checked:
    """What two looks found. `unreachable` gives the reason of each region that was left out.

    `cities` are those in which regions differed at last, in flight or not.
    """

    first: FirstLook
    second: SecondLook
    confirmed: DriftConfirmed
    above_threshold: bool
    unreachable: Mapping[str, str]
    cities: tuple[str, ...] = ()

    @property
    def is_drift(self) -> bool:
        """Whether anything needs repair."""
        return bool(self.confirmed.registers)

    @property
    def by_city(self) -> Mapping[str, int]:
        """Drifting registers by the city that the winning event reports, `""` for none."""
        return dict(
            sorted(Counter(each.winning.city or "" for each in self.second.drifted).items())
        )


def check(
    regions: Sequence[Region],
    clock: Clock,
    settle: Callable[[], None],
    *,
    settings: DriftSettings,
    together: Together = in_turn,
    deep: bool = False,
) -> Checked:
    """Look twice, and `settle` in between if there is anything to look at again.

    `deep` has every region go through all its registers one by one.
    """
    panel = Panel(regions, together)
    first = first_look(panel, clock.now_ms(), (0, 1) if deep else None)
    second = SecondLook()
    if first.suspicious:
        settle()
        second = second_look(panel, first)
    cities = _differing_cities(panel)
    confirmed = confirmation(second, first, settings, clock.now_ms(), first.at_ms)
    return Checked(
        first=first,
        second=second,
        confirmed=confirmed,
        above_threshold=is_above_threshold(confirmed, settings),
        unreachable=panel.unreachable,
        cities=cities,
    )


def _differing_cities(panel: Panel) -> tuple[str, ...]:
    """Asked here only: a payload names its city, so nobody can say how many there are."""
    sums = panel.ask_all(lambda region: region.cities())
    known = set[str]().union(*sums.values())
    return tuple(
        sorted(city for city in known if len({each.get(city) for each in sums.values()}) > 1)
    )
