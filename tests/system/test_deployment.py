"""All of `infra/` on a stand-in: what `make deploy-local` shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.system.deployed import written_files
from tests.system.deployment import rehearse

pytestmark = [pytest.mark.terraform, pytest.mark.system, pytest.mark.slow]


def test_a_deployed_fleet_answers_as_a_folder_does(tmp_path: Path) -> None:
    """Files through S3 and both Lambdas, notifications again, poison, a redrive, and destroyed."""
    told: list[str] = []
    files = written_files(tmp_path)
    rehearse(tmp_path, files, told.append)

    assert "           nothing is left" == told[-1]
