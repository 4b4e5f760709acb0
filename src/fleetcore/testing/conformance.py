"""Runs a port's contract suite on an adapter made elsewhere, and reports what it can."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Final, Literal, TypeAlias

import pytest
from attrs import frozen

from fleetcore import ports
from fleetcore.errors import InvalidInput
from fleetcore.testing import contracts

Factory: TypeAlias = Callable[[Path], Callable[[], object]]
"""Is given an empty folder, and returns what opens handles of the adapter on one state in it."""

Outcome: TypeAlias = Literal["passed", "failed", "declared off"]

_CONTRACT: Final = "Contract"
_SUITE: Final = '''\
from {module} import {name}

class TestAdapter({name}):
    """The suite, on the adapter."""
'''


@frozen(kw_only=True, slots=True)
class Behaviour:
    """One rule of a port's contract, and whether the adapter keeps it.

    `test` is the test's name, `rule` its first line, `why` the failure in one line.
    """

    test: str
    rule: str
    outcome: Outcome
    why: str = ""


@frozen(kw_only=True, slots=True)
class Conformance:
    """What a suite found: every behaviour, in the order of the suite."""

    port: str
    behaviours: tuple[Behaviour, ...]

    @property
    def conforms(self) -> bool:
        """Whether it keeps every rule that was asked of it."""
        return bool(self.behaviours) and all(each.outcome != "failed" for each in self.behaviours)


def suites() -> tuple[str, ...]:
    """The ports that have a suite, by the name of their module."""
    return tuple(
        each.name
        for each in iter_modules(contracts.__path__)
        if _contract_in(each.name) is not None
    )


def port_of(adapter: object) -> str:
    """The port that an adapter, or the rig a suite asks for, is of.

    Raises `InvalidInput` where it is of none or of several that have a suite.
    """
    kinds = set(type(adapter).__mro__)
    found = [
        name
        for name in suites()
        if any(kind in kinds for kind in (*_protocols_in(name), *_rigs_in(name)))
    ]
    if len(found) == 1:
        return found[0]
    told = f"is of several ports: {', '.join(found)}" if found else "inherits from no port"
    raise InvalidInput(
        f"{type(adapter).__name__} {told}; say which suite with --port: {', '.join(suites())}"
    )


def conformance(
    port: str, factory: Factory, folder: Path, *, lacks: Collection[str] = ()
) -> Conformance:
    """Run the suite of a port on an adapter.

    `folder` is an empty one to work in; `lacks` are the capabilities whose tests are not asked.
    Raises `InvalidInput` for a port without a suite.
    """
    contract = _contract_in(port) if port in suites() else None
    if contract is None:
        raise InvalidInput(f"{port!r} has no suite; {', '.join(suites())} have")
    suite = folder / f"test_{port}.py"
    suite.write_text(_SUITE.format(module=contract.__module__, name=contract.__name__), "utf-8")
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\nmarkers = needs(*capabilities): may be declared off\n", "utf-8")
    watcher = _Watcher(frozenset(lacks))
    pytest.main(
        [
            str(suite),
            f"--config-file={settings}",
            f"--rootdir={folder}",
            f"--basetemp={folder / 'states'}",
            "--import-mode=importlib",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:terminal",
        ],
        plugins=[watcher, _opening(port, factory)],
    )
    return Conformance(port=port, behaviours=tuple(watcher.behaviours.values()))


def _opening(port: str, factory: Factory) -> object:
    """A plugin with the fixture that the suite asks for."""

    @pytest.fixture(name=f"open_{port}")
    def opening(_self: object, tmp_path: Path) -> Callable[[], object]:
        return factory(tmp_path)

    return type("Opening", (), {"opening": opening})()


class _Watcher:
    """Notes what becomes of each test."""

    def __init__(self, lacks: frozenset[str]) -> None:
        self.behaviours: dict[str, Behaviour] = {}
        self._lacks = lacks
        self._rules: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the rules, and leave out what is declared off."""
        asked: list[pytest.Item] = []
        for item in items:
            told = inspect.getdoc(getattr(item, "obj", None)) or ""
            self._rules[item.nodeid] = told.partition("\n")[0]
            needed = {name for marker in item.iter_markers("needs") for name in marker.args}
            if needed & self._lacks:
                self._note(item.nodeid, "declared off", ", ".join(sorted(needed & self._lacks)))
            else:
                asked.append(item)
        items[:] = asked

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what became of a test; a failure of its set-up or its end is one of the test."""
        if report.failed:
            self._note(report.nodeid, "failed", _first_line(report))
        elif report.when == "call" and report.nodeid not in self.behaviours:
            self._note(report.nodeid, "passed")

    def _note(self, nodeid: str, outcome: Outcome, why: str = "") -> None:
        self.behaviours[nodeid] = Behaviour(
            test=nodeid.rpartition("::")[2],
            rule=self._rules.get(nodeid, ""),
            outcome=outcome,
            why=why,
        )


def _first_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    told = str(getattr(crash, "message", report.longrepr))
    return told.strip().partition("\n")[0]


def _contract_in(name: str) -> type | None:
    """The suite in a module of contracts that is named after a port."""
    if name not in {each.name for each in iter_modules(ports.__path__)}:
        return None
    module = import_module(f"{contracts.__name__}.{name}")
    wanted = "".join(word.capitalize() for word in name.split("_")) + _CONTRACT
    found = getattr(module, wanted, None)
    return found if isinstance(found, type) else None


def _protocols_in(name: str) -> Iterator[type]:
    module = import_module(f"{ports.__name__}.{name}")
    for kind in vars(module).values():
        if (
            isinstance(kind, type)
            and kind.__module__ == module.__name__
            and getattr(kind, "_is_protocol", False)
        ):
            yield kind


def _rigs_in(name: str) -> Iterator[type]:
    contract = _contract_in(name)
    if contract is not None:
        for kind in vars(import_module(contract.__module__)).values():
            if isinstance(kind, type) and kind.__name__.endswith("Rig"):
                yield kind
