"""What the pages say of rows and of the Python API is so."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

from fleetcore.application.generation.generator import generate
from fleetcore.application.generation.spec import FleetSpec
from fleetcore.application.ingesting import Ingested
from fleetcore.domain.blocks import MAX_ROW_BYTES
from fleetcore.domain.location import FIELDS, REQUIRED_FIELDS, FieldName
from fleetcore.domain.rows import WRONG_COLUMN_COUNT, unreadable_code
from fleetcore.domain.rules.event_rules import EVENT_RULES
from fleetcore.ports.batch_engine import BatchEngine
from fleetcore.testing.contracts.batch_results import Result, result
from fleetcore.testing.csv_strategies import CsvFile, interpretation_of
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.memory.batch_engine import PlainEngine

ROOT: Final = Path(__file__).parents[2]
TROUBLESHOOTING: Final = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")

OPTIONAL_FIELDS: Final[tuple[FieldName, ...]] = tuple(
    field for field in FIELDS if field not in REQUIRED_FIELDS
)
MALFORMED: Final = {
    WRONG_COLUMN_COUNT,
    "unclosed-quote",
    "line-too-long",
    *map(unreadable_code, REQUIRED_FIELDS),
}


@frozen(slots=True)
class Fate:
    """A row of the page's table: what becomes of which rows of a file, and the codes it names.

    `by_rule` says that the codes are those of the rules.
    """

    becomes: str
    codes: tuple[str, ...]
    by_rule: bool


def _fates() -> Mapping[str, Fate]:
    section = TROUBLESHOOTING.split("\n## What makes a row malformed")[1].split("\n## ")[0]
    lines = [line[1:-1].split("|") for line in section.splitlines() if line[:1] == "|"]
    cells = [[cell.strip() for cell in line] for line in lines[2:]]
    return {
        row: Fate(becomes, tuple(re.findall(r"`([a-z0-9-]+)`", code)), "the rule's code" in code)
        for row, becomes, code in cells
    }


def _row(**cells: bytes) -> bytes:
    good: dict[str, bytes] = {
        **dict.fromkeys(FIELDS, b""),
        "vehicle_id": b"cab-1",
        "observed_at": b"2023-11-14T22:13:20Z",
        "latitude": b"37.75",
        "longitude": b"-122.4",
    }
    return b",".join({**good, **cells}.values()) + b"\n"


FATES: Final = _fates()
EXAMPLES: Final[Mapping[str, tuple[bytes, ...]]] = {
    "has too few or too many cells": (b"cab-1\n", _row(source=b"a,b")),
    "opens a quote that does not close within 1 MiB": (
        _row(city=b'"Rome'),
        _row(city=b'"Rome') + 12 * _row(source=b"x" * (MAX_ROW_BYTES // 10)) + _row(city=b'"Rome"'),
    ),
    "is longer than 1 MiB": (_row(city=b"x" * MAX_ROW_BYTES),),
    "has a required cell (vehicle, time, latitude, longitude) with text that cannot be read": tuple(
        _row(**{field: b"\xff"}) for field in REQUIRED_FIELDS
    ),
    "lacks a required cell, or breaks another rejecting rule": (
        *(_row(**{field: b""}) for field in REQUIRED_FIELDS),
        _row(latitude=b"91"),
        _row(longitude=b"inf"),
        _row(speed_kmh=b"201"),
    ),
    "has an optional cell that cannot be read or is not finite": (
        *(_row(**{field: b"\xff"}) for field in OPTIONAL_FIELDS),
        _row(speed_kmh=b"nan"),
    ),
    "breaks a warning rule": (
        _row(heading_deg=b"361"),
        _row(accuracy_m=b"1001"),
        _row(status=b"towed"),
    ),
    "is blank": (b"\n", b"\r\n"),
}
"""Rows of every kind that the table tells of."""


@pytest.fixture(name="engine", params=[PlainEngine, ArrowEngine])
def _engine(request: pytest.FixtureRequest) -> BatchEngine:
    engine: BatchEngine = request.param()
    return engine


def _ingested(engine: BatchEngine, content: bytes) -> Result:
    interpretation = interpretation_of(FIELDS, has_header=False)
    return result(engine, CsvFile(content=content, interpretation=interpretation))


def test_table_lists_every_code() -> None:
    """The table names each code that is no rule's, none else, and points to both kinds of rule."""
    listed = {
        kind: {
            code for fate in FATES.values() if fate.becomes.startswith(kind) for code in fate.codes
        }
        for kind in ("malformed", "rejected", "accepted")
    }

    assert {
        "malformed": MALFORMED,
        "rejected": set(),
        "accepted": set(map(unreadable_code, OPTIONAL_FIELDS)),
    } == listed
    assert ["rejected", "accepted"] == [
        fate.becomes.partition(";")[0] for fate in FATES.values() if fate.by_rule
    ]


def test_table_says_which_cells_a_warning_clears() -> None:
    """The cells that become null are those the rules clear."""
    cleared = {rule.clears.partition("_")[0] for rule in EVENT_RULES if rule.clears is not None}
    sentence = FATES["breaks a warning rule"].becomes.partition(";")[2]

    assert cleared | {"may", "become", "null", "or"} == set(re.findall(r"\w+", sentence))


@pytest.mark.parametrize("row", FATES)
def test_rows_become_what_the_table_says(engine: BatchEngine, row: str) -> None:
    """Each kind of row is counted as the page says, under the codes it says, and no other."""
    fate = FATES[row]
    kind = fate.becomes.partition(";")[0].partition(" ")[0]
    severity = "reject" if kind == "rejected" else "warn"
    rules = {rule.code for rule in EVENT_RULES if rule.severity == severity}
    found: set[str] = set()
    for content in EXAMPLES[row]:
        became = _ingested(engine, content)
        if kind == "no":
            assert 0 == became.counts.read
            continue
        codes = became.rejects[0].reasons if became.rejects else (*became.counts.warned_by,)
        assert 1 == getattr(became.counts, kind), content[:100]
        assert codes, content[:100]
        found.update(codes)

    assert found <= rules if fate.by_rule else found == set(fate.codes)


def test_every_kind_of_row_has_an_example() -> None:
    """No row of the table goes untested."""
    assert list(FATES) == list(EXAMPLES)


def test_readme_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of Python in the README take a file in and find a vehicle's track."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    generated = io.BytesIO()
    truth = generate(FleetSpec(vehicles=50, rows=2_000), generated)
    _, first = generated.getvalue().splitlines()[:2]
    content = generated.getvalue().replace(first.partition(b",")[0], b"veh-00042")
    Path("monday.csv.gz").write_bytes(gzip.compress(content))
    names: dict[str, object] = {}

    exec(compile(code, "README.md", "exec"), names)

    ingested = names["result"]
    assert isinstance(ingested, Ingested)
    assert truth.counts == ingested.ledger.rows
    track = names["track"]
    assert isinstance(track, tuple)
    assert {"veh-00042"} == {stored.event.vehicle_id for stored in track}
