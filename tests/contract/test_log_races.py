"""Logs that are exact also about what comes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.testing.contracts.location_log import racing_appends
from fleetcore.testing.contracts.log_rig import LogRig


class Row(Protocol):
    """What is used of a row of the table."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> Callable[[Path, ExitStack], Callable[[], LogRig]]: ...


@pytest.mark.parametrize("name", ["memory", "arrow", "arrow-local"])
def test_racing_appends_are_counted_as_if_one_came_after_the_other(
    harnesses: Mapping[str, tuple[Row, ...]], name: str, tmp_path: Path
) -> None:
    """One writer at a time decides, so no equal row is stored twice and no conflict is missed."""
    (row,) = (row for row in harnesses["location_log"] if row.name == name)
    with ExitStack() as stack:
        opened = row.start(tmp_path, stack)

        outcomes = racing_appends([opened() for _ in range(4)])

    expected = StoreOutcome(stored=54, already_stored=147, conflicting=3)
    assert expected == sum(outcomes, StoreOutcome())
