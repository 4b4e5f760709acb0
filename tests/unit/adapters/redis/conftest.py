"""What the tests of adapters on Redis share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from fleetcore.ports.telemeter import Telemeter, Unit


class Heard(Telemeter):
    """Counts what is measured."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def measure(
        self, metrics: Mapping[str, tuple[float, Unit]], dimensions: Mapping[str, str]
    ) -> None:
        """Adds up."""
        assert {"Dependency": "Redis"} == dimensions
        self.counts.update({name: int(value) for name, (value, _unit) in metrics.items()})

    def alert(self, subject: str, message: str) -> None:
        """Nobody is alerted by a cache."""
        raise AssertionError(subject)


@pytest.fixture(name="heard")
def _heard() -> Heard:
    return Heard()
