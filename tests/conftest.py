"""What every test may use, and the rule that nothing is skipped silently where it counts."""

from __future__ import annotations

import os
from pathlib import Path

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


class SkipCount:
    """Counts skips. Under `CI=true` only tests marked `shared_data` may skip."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._shared_data: set[str] = set()
        self._unexpected: set[str] = set()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that skipped as a whole."""
        if report.skipped:
            self._unexpected.add(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that skipped."""
        if report.skipped and not hasattr(report, "wasxfail"):
            allowed = "shared_data" in report.keywords
            (self._shared_data if allowed else self._unexpected).add(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail the session for a skip that is not allowed."""
        if self._strict and self._unexpected and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was skipped."""
        if self._shared_data or self._strict:
            terminalreporter.line(f"skipped for want of real files: {len(self._shared_data)}")
        if self._strict:
            for nodeid in sorted(self._unexpected):
                terminalreporter.line(f"SKIPPED WHERE NOTHING MAY SKIP: {nodeid}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Count skips where the reports of all workers arrive."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipCount(strict=STRICT))
