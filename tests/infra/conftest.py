"""Terraform, initialised once a worker, and what its tests build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.infra.terraform import Terraform, initialised


@pytest.fixture(name="terraform", scope="session")
def _terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform over a copy of `infra/`; skips where it or its provider is absent."""
    return initialised(tmp_path_factory.mktemp("terraform"))


@pytest.fixture(name="built", scope="session")
def _built(terraform: Terraform) -> Mapping[str, Mapping[str, Any]]:
    """What the runs of some test files build, by `<file>/<run>`, with a provider that is mocked."""
    return terraform.states("lake", "observability", "storage", "telemetry")
