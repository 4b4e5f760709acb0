"""checkov finds nothing, and what it is told to pass over is explained in place."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any, Final

import pytest
from tests.infra.terraform import INFRA, REPOSITORY
from tests.standins.missing import Missing

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

PROGRAM: Final = REPOSITORY / ".venv-checkov" / "bin" / "checkov"
SUPPRESSION: Final = re.compile(r"checkov:skip=(CKV2?_[A-Z]+_\d+)(.*)")


@pytest.fixture(name="report", scope="session")
def _report() -> dict[str, Any]:
    """What checkov says of production; skips where it is absent."""
    if not PROGRAM.is_file():
        raise Missing("checkov is not installed: make check sets it up")
    variables = INFRA / "envs" / "prod" / "terraform.tfvars"
    done = subprocess.run(
        [
            *(str(PROGRAM), "--directory", str(INFRA), "--var-file", str(variables)),
            *("--framework", "terraform", "--output", "json", "--quiet", "--skip-download"),
            "--soft-fail",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_nothing_fails(report: dict[str, Any]) -> None:
    """Every check is passed or passed over."""
    failed = [
        f"{each['check_id']} {each['resource']}" for each in report["results"]["failed_checks"]
    ]

    assert [] == failed
    assert 0 == report["summary"]["parsing_errors"]
    assert 100 < report["summary"]["passed"]


def test_every_suppression_is_explained() -> None:
    """Beside the check that is passed over stands why."""
    found = [
        match
        for path in sorted(INFRA.rglob("*.tf"))
        for match in SUPPRESSION.findall(path.read_text())
    ]

    assert found
    assert [] == [check for check, reason in found if len(reason.removeprefix(":").split()) < 5]
