"""What every test may use, and the rule that nothing is left out silently where it counts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

STRICT = os.environ.get("CI") == "true"
REPOSITORY = Path(__file__).parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"

# A busy machine is no defect, so time decides nothing; CI draws the same examples every run.
settings.register_profile(
    "fleetcore", deadline=None, derandomize=STRICT, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fleetcore")


@pytest.fixture(name="shared_data", scope="session")
def _shared_data() -> Path:
    """The folder of real GPS files kept beside the repository; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real GPS files (../shared/data) are not on this machine")
    return SHARED_DATA


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use real files."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker("shared_data")


MAY_SKIP: Final = {
    "shared_data": "real files",
    "terraform": "Terraform, checkov or the AWS provider",
}
"""The marks of tests that may skip also under `CI=true`, and what they skip for want of."""


class SkipCount:
    """Counts skips. Under `CI=true` only tests with a mark of `MAY_SKIP` may skip."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._allowed: dict[str, set[str]] = {mark: set() for mark in MAY_SKIP}
        self._unexpected: set[str] = set()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that skipped as a whole."""
        if report.skipped:
            self._unexpected.add(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that skipped."""
        if report.skipped and not hasattr(report, "wasxfail"):
            marks = [mark for mark in MAY_SKIP if mark in report.keywords]
            (self._allowed[marks[0]] if marks else self._unexpected).add(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail the session for a skip that is not allowed."""
        if self._strict and self._unexpected and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was skipped."""
        for mark, skipped in self._allowed.items():
            if skipped or self._strict:
                terminalreporter.line(f"skipped for want of {MAY_SKIP[mark]}: {len(skipped)}")
        if self._strict:
            for nodeid in sorted(self._unexpected):
                terminalreporter.line(f"SKIPPED WHERE NOTHING MAY SKIP: {nodeid}", red=True)


def _lacks(item: pytest.Item) -> Iterator[str]:
    """What the test needs and the stand-in it runs on is known to lack, with the stand-in."""
    needed = {name for marker in item.iter_markers("needs") for name in marker.args}
    rows = getattr(getattr(item, "callspec", None), "params", {}).values()
    for row in rows:
        yield from (f"{row.name} lacks {each}" for each in needed & getattr(row, "lacks", set()))


class LackCount:
    """Takes out the tests that need what their stand-in is known to lack, and counts them."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Take them out, reported as deselected."""
        lacks = {item: list(_lacks(item)) for item in items}
        self._taken.update(each for found in lacks.values() for each in found)
        items[:] = [item for item in items if not lacks[item]]
        config.hook.pytest_deselected(items=[item for item, found in lacks.items() if found])
        # What a worker of pytest-xdist writes here reaches pytest_testnodedown.
        getattr(config, "workeroutput", {})["lacks"] = dict(self._taken)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take over what a worker counted; each collects all tests, so one speaks for all."""
        self._taken |= Counter(getattr(node, "workeroutput", {}).get("lacks", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many tests were not asked of which stand-in."""
        for lack, tests in sorted(self._taken.items()):
            terminalreporter.line(f"declared off: {lack}: {tests}")


def pytest_configure(config: pytest.Config) -> None:
    """Count skips where the reports of all workers arrive."""
    config.pluginmanager.register(LackCount())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipCount(strict=STRICT))
