"""No adapter escapes its port's contract."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import fleetcore.ports
import fleetcore.testing.contracts
import fleetcore_adapters


class Named(Protocol):
    """What is read of a row of the table."""

    @property
    def name(self) -> str: ...


def _modules(*folders: str | Path) -> set[str]:
    return {module.name for module in pkgutil.iter_modules(map(str, folders))}


def test_every_adapter_with_a_contract_is_in_the_table(
    harnesses: Mapping[str, tuple[Named, ...]],
) -> None:
    """A module of an adapter package that is named like a port with a suite runs that suite."""
    ports = _modules(*fleetcore.ports.__path__) & _modules(*fleetcore.testing.contracts.__path__)
    (adapters,) = fleetcore_adapters.__path__
    modules = {
        (port, package)
        for package in _modules(adapters)
        for port in _modules(Path(adapters, package)) & ports
    }

    assert modules
    assert modules <= {(port, row.name) for port, rows in harnesses.items() for row in rows}
