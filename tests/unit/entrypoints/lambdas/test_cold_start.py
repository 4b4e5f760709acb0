"""What a cold start imports: no more than the handler needs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

import pytest

ENVIRONMENT: Final = {
    **{
        f"FLEETCORE_{name}": name.lower()
        for name in ("BUCKET", "LOG_TABLE", "STREAMS_TABLE", "VIEWS_TABLE", "PARTS_TABLE")
    },
    **{
        f"FLEETCORE_{name}_QUEUE": f"http://127.0.0.1:9/000000000000/{name.lower()}"
        for name in ("MOVING", "IDLE", "MOVING_DEAD", "IDLE_DEAD", "UPLOADS")
    },
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}

OPTIONAL: Final = frozenset({"aws_xray_sdk", "httpx", "redis"})
"""Needed where the environment asks for it."""

FOREIGN: Final = frozenset({"click", "hypothesis", "moto", "pytest", "rich", "sqlite3", "xxhash"})
"""Never needed."""


def loaded_by(module: str, more: str = "", **environment: str) -> set[str]:
    """The modules of a process behind the import of a handler's module, and more."""
    program = (
        f"import json, sys; import fleetcore_entrypoints.lambdas.{module} as module; {more}\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, **environment},
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def packages(modules: set[str]) -> set[str]:
    """The packages they are of."""
    return {each.partition(".")[0] for each in modules}


@pytest.mark.parametrize("module", ["ingest_file", "store_events"])
def test_a_handler_is_imported_without_what_its_fleet_is_made_of(module: str) -> None:
    """Arrow comes with the first event."""
    loaded = packages(loaded_by(module))

    assert set() == loaded & (OPTIONAL | FOREIGN | {"pyarrow", "numpy"})


@pytest.mark.parametrize("module", ["ingest_file", "store_events"])
def test_a_wired_fleet_loads_nothing_that_is_not_configured(module: str) -> None:
    """Neither Redis nor HTTP, nor any other entry point."""
    loaded = loaded_by(module, "module.wired()")

    assert set() == packages(loaded) & (OPTIONAL | FOREIGN)
    assert set() == {each for each in loaded if each.startswith("fleetcore_entrypoints.cli")}


def test_redis_is_loaded_where_it_is_configured() -> None:
    """By its URL."""
    url = {"FLEETCORE_REDIS_URL": "redis://127.0.0.1:9"}

    assert "redis" in packages(loaded_by("store_events", "module.wired()", **url))
