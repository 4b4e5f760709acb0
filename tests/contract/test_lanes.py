"""The contract of lanes, on every adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from fleetcore.testing.contracts.lanes import LanesContract, LanesRig, assert_passes


class Row(Protocol):
    """What is used of a row of the table."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> Callable[[Path, ExitStack], Callable[[], LanesRig]]: ...


class TestLanes(LanesContract):
    """Runs the suite on what the fixture `open_lanes` opens."""


@pytest.mark.parametrize("name", ["memory", "local", "sqs-ministack", "sqs-localstack"])
def test_a_moving_message_passes_a_thousand_idle_ones(
    harnesses: Mapping[str, tuple[Row, ...]], name: str, tmp_path: Path
) -> None:
    """It is in the next receive, of two places; the other one is for an idle message."""
    (row,) = (row for row in harnesses["lanes"] if row.name == name)
    with ExitStack() as stack:
        assert_passes(row.start(tmp_path, stack)().lanes, idle=1000)
