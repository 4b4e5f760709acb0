"""`fleetcore conformance` as another team runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest
from tests.system.live import COMMAND

pytestmark = pytest.mark.system

ROOT: Final = Path(__file__).parents[2]

STORES: Final = '''
from examples.jsonl_event_store import JsonLinesEventStore
from fleetcore.codec.ingestion_events import INGESTION_EVENTS


class Careless(JsonLinesEventStore):
    """Takes whatever version there is for the expected one."""

    def append(self, stream, expected_version, events):
        return super().append(stream, len(self.read(stream)), events)


def careless(folder):
    return lambda: Careless(folder, INGESTION_EVENTS)


def opened(folder):
    return Careless(folder, INGESTION_EVENTS)


def of_no_port(folder):
    return lambda: object()


def failing(folder):
    def opens():
        raise ValueError("no")
    return opens
'''


def _conformance(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "stores.py").write_text(STORES, "utf-8")
    return subprocess.run(
        [*COMMAND, "conformance", *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_adapter_from_scratch_keeps_its_contract(tmp_path: Path) -> None:
    """The example passes every rule of its port, and the report tells them."""
    ran = _conformance(tmp_path, "examples.jsonl_event_store:open_store", "--json")
    told = [json.loads(line) for line in ran.stdout.splitlines()]

    assert (0, "") == (ran.returncode, ran.stderr)
    assert {("event_store", "passed")} == {(each["port"], each["outcome"]) for each in told}
    assert "Another handle sees what a finished append wrote." in {each["rule"] for each in told}


def test_a_rule_that_is_broken_is_told(tmp_path: Path) -> None:
    """The report names the rule and what was seen; the exit status says it too."""
    ran = _conformance(tmp_path, "stores:careless")

    assert (1, "") == (ran.returncode, ran.stderr)
    broken = [line for line in ran.stdout.splitlines() if line.startswith("failed")]
    assert any("expects another version" in each and "VersionConflict" in each for each in broken)
    assert "rules of the port event_store" in ran.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere:opens",), "cannot be imported"),
        (("stores:nothing",), "cannot be imported"),
        (("stores",), "cannot be imported"),
        (("stores:INGESTION_EVENTS",), "is no function"),
        (("stores:opened",), "not a function that opens"),
        (("stores:of_no_port",), "say which suite with --port"),
        (("stores:careless", "--port", "store"), "has no suite"),
    ],
)
def test_what_cannot_be_asked_is_told(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    """One line that says what is wrong and what is expected."""
    ran = _conformance(tmp_path, *words)

    assert ran.returncode in (1, 2)
    assert told in ran.stderr
    assert 1 == len(ran.stderr.splitlines())


def test_an_adapter_that_cannot_be_opened_breaks_every_rule(tmp_path: Path) -> None:
    """Its error is in the report, not in the way of it."""
    ran = _conformance(tmp_path, "stores:failing", "--port", "event_store", "--json")
    told = [json.loads(line) for line in ran.stdout.splitlines()]

    assert 1 == ran.returncode
    assert {("failed", "ValueError: no")} == {(each["outcome"], each["why"]) for each in told}
