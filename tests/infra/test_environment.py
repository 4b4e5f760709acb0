"""Functions and command line find a fleet by the names that Terraform gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import fields

from fleetcore_entrypoints.wiring.aws_config import AwsConfig

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def _environment(built: Mapping[str, Mapping[str, Any]], run: str) -> Mapping[str, str]:
    environment: Mapping[str, str] = built[f"telemetry/{run}"]["outputs"]["environment"]["value"]
    return environment


def test_every_name_is_set(built: Mapping[str, Mapping[str, Any]]) -> None:
    """With all features on, each variable that is read is set, and no other."""
    read = {f"FLEETCORE_{each.name.upper()}" for each in fields(AwsConfig)}

    assert read == set(_environment(built, "everything"))


@pytest.mark.parametrize("run", ["everything", "plain"])
def test_names_are_enough(built: Mapping[str, Mapping[str, Any]], run: str) -> None:
    """What is set is a fleet, with all features and with none."""
    environment = _environment(built, run)

    assert environment["FLEETCORE_BUCKET"] == AwsConfig.from_environment(environment).bucket


@pytest.mark.parametrize("handler", ["ingest_file", "store_events"])
def test_functions_get_the_same(built: Mapping[str, Mapping[str, Any]], handler: str) -> None:
    """A function knows what the command line knows; what else it knows is a limit."""
    modules = built["telemetry/everything"]["root_module"]["child_modules"]
    [function] = [
        each["values"]
        for module in modules
        if module["address"] == f"module.{handler}"
        for each in module["resources"]
        if each["type"] == "aws_lambda_function"
    ]
    variables = function["environment"][0]["variables"]
    said = {
        name: text
        for name, text in variables.items()
        if name.startswith("FLEETCORE_") and name != "FLEETCORE_LARGEST_UPLOAD_BYTES"
    }

    assert _environment(built, "everything") == said
