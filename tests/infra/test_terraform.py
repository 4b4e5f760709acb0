"""The infrastructure is formatted, valid, and holds what its tests assert."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.infra.terraform import INFRA, Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

FILES = sorted((INFRA / "tests").glob("*.tftest.hcl"))
MODULES = sorted(path for path in (INFRA / "modules").iterdir() if path.is_dir())
ENVIRONMENTS = ("dev", "local", "prod", "staging")


def test_is_formatted(terraform: Terraform) -> None:
    """`terraform fmt` would change nothing."""
    done = terraform.run("fmt", "-check", "-recursive", "-diff")

    assert (0, "") == (done.returncode, done.stdout)


def test_is_valid(terraform: Terraform) -> None:
    """`terraform validate` finds no fault."""
    done = terraform.run("validate", "-no-color")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in FILES])
def test_holds_what_its_tests_assert(terraform: Terraform, file: Path) -> None:
    """The module's numbers are those that were asked for."""
    done = terraform.run("test", "-no-color", f"-filter=tests/{file.name}")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", [pytest.param(path.name) for path in MODULES])
def test_every_module_has_tests(module: str) -> None:
    """A module is tested by the file of its name, on a provider that is mocked."""
    text = (INFRA / "tests" / f"{module}.tftest.hcl").read_text()

    assert f'source = "./modules/{module}"' in text
    assert 'mock_provider "aws"' in text


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_can_be_planned(terraform: Terraform, environment: str) -> None:
    """An environment's variables are all declared, and all that must be set are."""
    declared = (INFRA / "variables.tf").read_text()
    required = {
        name
        for name, body in re.findall(r'variable "(\w+)" \{\n(.*?)\n\}', declared, re.DOTALL)
        if "\n  default " not in body and not body.startswith("  default ")
    }
    said = (INFRA / "envs" / environment / "terraform.tfvars").read_text()

    assert required - {"packages"} <= set(re.findall(r"^(\w+) +=", said, re.MULTILINE))


@pytest.mark.parametrize(("environment", "days"), [("dev", "7"), ("prod", "30"), ("staging", "30")])
def test_logs_are_kept(environment: str, days: str) -> None:
    """Logs are kept 7 days in dev, 30 where it counts."""
    said = (INFRA / "envs" / environment / "terraform.tfvars").read_text()

    assert [days] == re.findall(r"^log_retention_days *= (\d+)$", said, re.MULTILINE)


def test_production_is_protected() -> None:
    """Production's tables, and its bucket with objects, refuse to be deleted."""
    said = (INFRA / "envs" / "prod" / "terraform.tfvars").read_text()

    assert ["true"] == re.findall(r"^protected *= (\w+)$", said, re.MULTILINE)
