"""The contract of views of latest positions, on every adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from tests.contract.harness import local, memory
from tests.contract.harness.harness import Harness

from fleetcore.testing.contracts.latest_positions import (
    ErasablePositionsContract,
    LatestPositionsContract,
)

ERASABLE: Final = tuple(
    row for each in (memory, local) for row in each.ROWS.get("latest_positions", ())
)
"""The adapters that can let go of vehicles."""


@pytest.fixture(
    name="open_erasable_positions",
    params=[pytest.param(row, id=row.name) for row in ERASABLE],
)
def _open_erasable_positions(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[], object]]:
    harness: Harness[object] = request.param
    with ExitStack() as stack:
        yield harness.start(tmp_path / "data", stack)


class TestLatestPositions(LatestPositionsContract):
    """Runs the suite on what the fixture `open_latest_positions` opens."""


class TestErasablePositions(ErasablePositionsContract):
    """Runs the suite on what the fixture `open_erasable_positions` opens."""
