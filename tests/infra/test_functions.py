"""What a function is given suffices for what it is let do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from fleetcore_entrypoints.lambdas.app import upload_limit

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

SPOOL_SHARE: Final = 1.25
"""Of a long file's content: what its spool may take on disk."""


def _resources(
    built: Mapping[str, Mapping[str, Any]], handler: str, kind: str
) -> list[Mapping[str, Any]]:
    return [
        each["values"]
        for module in built["telemetry/everything"]["root_module"]["child_modules"]
        if module["address"] == f"module.{handler}"
        for each in module["resources"]
        if each["type"] == kind
    ]


def _limit_bytes(function: Mapping[str, Any]) -> int | None:
    return upload_limit(function["environment"][0]["variables"])


def test_the_spool_of_the_largest_file_fits(built: Mapping[str, Mapping[str, Any]]) -> None:
    """As plain text 6 GiB are taken in, and the disk is large enough for their spool."""
    [function] = _resources(built, "ingest_file", "aws_lambda_function")
    [storage] = function["ephemeral_storage"]
    limit_bytes = _limit_bytes(function)

    assert (6 * 2**30, 10240) == (limit_bytes, storage["size"])
    assert SPOOL_SHARE * 6 * 2**30 < storage["size"] * 2**20


def test_only_uploads_have_a_limit(built: Mapping[str, Mapping[str, Any]]) -> None:
    """`store_events` keeps no spool: it has the least disk, and no limit of its own."""
    [function] = _resources(built, "store_events", "aws_lambda_function")

    assert (None, 512) == (_limit_bytes(function), function["ephemeral_storage"][0]["size"])


def test_only_a_long_file_may_go_on(built: Mapping[str, Mapping[str, Any]]) -> None:
    """`ingest_file` sends to the queue that invokes it; Lambda guards the other from doing so."""
    kind = "aws_lambda_function_recursion_config"
    loops = {
        handler: [each["recursive_loop"] for each in _resources(built, handler, kind)]
        for handler in ("ingest_file", "store_events")
    }

    assert {"ingest_file": ["Allow"], "store_events": []} == loops
