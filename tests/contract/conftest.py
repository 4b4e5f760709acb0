"""The adapters of each port, and a fixture a port that opens each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

import pytest
from tests.contract.harness import (
    arrow,
    cloudwatch,
    dynamodb,
    local,
    memory,
    redis,
    regions,
    s3,
    sqs,
)
from tests.contract.harness.harness import Harness, Rows
from tests.contract.matrix import Matrix

import fleetcore.ports

TECHNOLOGIES: Final = (memory, local, arrow, s3, sqs, dynamodb, cloudwatch, redis, regions)

HARNESSES: Final[Rows] = {
    port.name: tuple(row for each in TECHNOLOGIES for row in each.ROWS.get(port.name, ()))
    for port in iter_modules(fleetcore.ports.__path__)
}
"""By the name of the port's module; none for a module that holds no port."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run write the conformance matrix."""
    parser.addoption("--matrix", type=Path, metavar="FILE", help="Write the conformance matrix.")


def pytest_configure(config: pytest.Config) -> None:
    """Count for the matrix where one is asked for."""
    page: Path | None = config.getoption("matrix", None)
    if page is not None:
        config.pluginmanager.register(Matrix(page, HARNESSES))


@pytest.fixture(name="harnesses", scope="session")
def _harnesses() -> Rows:
    """The table of adapters."""
    return HARNESSES


def _opening(port: str) -> Callable[..., Iterator[Callable[[], object]]]:
    """The fixture that a port's contract suite asks for, once an adapter."""

    @pytest.fixture(
        name=f"open_{port}",
        params=[pytest.param(harness, id=harness.name) for harness in HARNESSES[port]],
    )
    def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], object]]:
        harness: Harness[object] = request.param
        with ExitStack() as stack:
            yield harness.start(tmp_path / "data", stack)

    return opening


# pytest finds fixtures among the names of the module.
globals().update({f"_open_{port}": _opening(port) for port in HARNESSES})
