"""No port escapes having a contract, and no adapter escapes its port's."""

from __future__ import annotations

import inspect
import pkgutil
import runpy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol, TypeAlias

import pytest
from tests.standins.missing import Missing

import fleetcore.ports
import fleetcore.testing.contracts
import fleetcore_adapters
from fleetcore.ports.source import Source
from fleetcore.testing.contracts import source as source_contract
from fleetcore_adapters.memory import source as memory_source


class Row(Protocol):
    """What is used of a row of the table."""

    @property
    def name(self) -> str: ...

    @property
    def start(self) -> Callable[[Path, ExitStack], Callable[[], object]]: ...


Table: TypeAlias = Mapping[str, tuple[Row, ...]]


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(module.name)


def _classes(module: ModuleType) -> list[type]:
    """The classes that a module defines."""
    found = [each for _, each in inspect.getmembers(module, inspect.isclass)]
    return [each for each in found if each.__module__ == module.__name__]


def ports() -> dict[str, type]:
    """Every port, by the name of its module."""
    return {
        module.__name__.rpartition(".")[2]: each
        for module in _modules(fleetcore.ports)
        for each in _classes(module)
        if Protocol in each.__bases__
    }


def adapters_of(port: type) -> set[type]:
    """Every class of the adapter packages that can stand for a port."""
    return {
        each
        for module in _modules(fleetcore_adapters)
        for each in _classes(module)
        if port in each.__mro__ and not inspect.isabstract(each)
    }


def opened_by(rows: Iterable[Row], folder: Path) -> set[type]:
    """The classes of what the rows open, and of what lies in a rig.

    Rows whose stand-in is not on this machine are passed over: another row of the same class
    needs none, or one that is.
    """
    with ExitStack() as stack:
        opened: list[object] = []
        for n, row in enumerate(rows):
            with suppress(Missing):
                opened.append(row.start(folder / str(n), stack)())
        inside = [
            getattr(rig, field.name)
            for rig in opened
            for field in getattr(type(rig), "__attrs_attrs__", ())
        ]
        return {type(each) for each in (*opened, *inside)}


SOURCE: Final[Mapping[str, type]] = {"source": Source}
"""The port on which the tests of this table plant their bugs."""


def _runs(module: str, suite: type) -> bool:
    """Whether the test module of a port has a test class that is the suite."""
    file = Path(__file__).with_name(f"test_{module}.py")
    namespace = runpy.run_path(str(file)) if file.is_file() else {}
    return any(
        name.startswith("Test") and inspect.isclass(each) and issubclass(each, suite)
        for name, each in namespace.items()
    )


def gaps(table: Table, held: Mapping[str, type], folder: Path) -> list[str]:
    """What is not held to a contract, of the ports that should be."""
    found: list[str] = []
    suites = {
        each.__name__: each
        for module in _modules(fleetcore.testing.contracts)
        for each in _classes(module)
    }
    for module, port in held.items():
        if not (adapters := adapters_of(port)):
            continue
        suite = suites.get(f"{port.__name__}Contract")
        if suite is None:
            found.append(f"{port.__name__} has no suite")
        elif not _runs(module, suite):
            found.append(f"{port.__name__}: nothing runs the suite")
        untested = adapters - opened_by(table.get(module, ()), folder / module)
        found += [f"{port.__name__}: {each.__name__} is not in the table" for each in untested]
    return found


def test_every_adapter_is_held_to_its_contract(harnesses: Table, tmp_path: Path) -> None:
    """Each port that has adapters has a suite that runs, and each adapter runs it."""
    assert [] == gaps(harnesses, ports(), tmp_path)


def test_every_row_is_joined(harnesses: Table) -> None:
    """What a module of rows holds is in the table, under the name of a port."""
    modules = _modules(import_module("tests.contract.harness"))
    rows = [rows for module in modules for rows in getattr(module, "ROWS", {}).values()]

    assert {row.name for row in chain(*rows)} == {row.name for row in chain(*harnesses.values())}
    assert len([*chain(*rows)]) == len([*chain(*harnesses.values())])


def test_a_row_that_is_left_out_is_noticed(harnesses: Table, tmp_path: Path) -> None:
    """Of several adapters in one package each must be in the table."""
    rows = tuple(row for row in harnesses["source"] if row.name != "local-spooled")

    assert ["Source: SpooledSource is not in the table"] == gaps({"source": rows}, SOURCE, tmp_path)


def test_a_new_adapter_is_noticed(
    harnesses: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that stands for a port anywhere in the adapter packages must be in the table."""
    new = type("NewSource", (memory_source.BytesSource,), {"__module__": memory_source.__name__})
    monkeypatch.setattr(memory_source, "NewSource", new, raising=False)

    assert ["Source: NewSource is not in the table"] == gaps(harnesses, SOURCE, tmp_path)


def test_a_port_without_a_suite_is_noticed(
    harnesses: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that has adapters needs a contract."""
    monkeypatch.delattr(source_contract, "SourceContract")

    assert ["Source has no suite"] == gaps(harnesses, SOURCE, tmp_path)
