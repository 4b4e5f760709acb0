"""Generated files ingested: the ledger equals the truth that was written beside each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from fleetcore.application.generation.dirt import DIRT_DESCRIPTIONS
from fleetcore.application.generation.faults import FAULTS
from fleetcore.application.generation.spec import COLUMNS

Command = Callable[..., Any]

SMALL = ("--rows", "600", "--vehicles", "20", "--seed", "5")
READABLE_FAULTS = sorted(FAULTS.keys() - {"truncated-gzip"})
EVERY_DIRT = [word for kind in DIRT_DESCRIPTIONS for word in ("--dirt", f"{kind}=0.02")]
NOTED = {"quoted-newlines", "nul-bytes", "invalid-utf-8"}


def _ingested(fleetcore: Command, *words: str, fault: str = "") -> None:
    """Generate, ingest, and compare every count with the truth."""
    assert fleetcore("generate", "fleet.csv", *SMALL, *words).status == 0
    truth = json.loads(Path("fleet.truth.json").read_text(encoding="utf-8"))
    columns = (*COLUMNS, "note") if fault in NOTED else COLUMNS
    named = ("--columns", ",".join(columns)) if fault == "no-header" else ()
    done = fleetcore("ingest", "fleet.csv", "--vehicles", "fleet.vehicles.csv", "--json", *named)

    assert done.status == 0, done.err
    assert {key: done.object[key] for key in truth} == truth
    assert done.object["stored"] == truth["accepted"] + truth["conflicting"]


@pytest.mark.parametrize("kind", DIRT_DESCRIPTIONS)
def test_each_kind_of_dirt_is_counted_as_the_truth_says(fleetcore: Command, kind: str) -> None:
    """A tenth of the rows is dirty in one way."""
    _ingested(fleetcore, "--dirt", f"{kind}=0.1")


@pytest.mark.parametrize("fault", READABLE_FAULTS)
def test_each_fault_of_the_file_changes_no_count(fleetcore: Command, fault: str) -> None:
    """With all kinds of dirt in it, the odd file is counted as the truth says."""
    _ingested(fleetcore, "--fault", fault, *EVERY_DIRT, fault=fault)


def test_epoch_times_are_understood(fleetcore: Command) -> None:
    """The truth holds for times in epoch milliseconds too."""
    _ingested(fleetcore, "--time-format", "epoch-ms", *EVERY_DIRT)


def test_a_truncated_file_fails_as_the_truth_says(fleetcore: Command) -> None:
    """The error is the one foretold, and no more rows are counted than were written."""
    fleetcore("generate", "fleet.csv.gz", *SMALL, "--fault", "truncated-gzip")
    truth = json.loads(Path("fleet.csv.gz.truth.json").read_text(encoding="utf-8"))
    done = fleetcore("ingest", "fleet.csv.gz", "--json")

    assert done.status == 1
    assert done.object["error"]["code"] == truth["error"]
    assert done.object["read"] <= truth["read"]


def test_says_what_it_wrote(fleetcore: Command) -> None:
    """Three files beside each other, none of which another generated file has too."""
    text = fleetcore("generate", "a.csv", *SMALL).out
    as_json = fleetcore("generate", "b.csv.gz", *SMALL, "--json").object

    assert all(name in text for name in ("a.csv: 600 rows", "a.vehicles.csv", "a.truth.json"))
    assert as_json["path"] == "b.csv.gz"
    assert as_json["vehicles"] == "b.csv.gz.vehicles.csv"
    assert as_json["truth"] == "b.csv.gz.truth.json"
    assert as_json["expected"]["accepted"] == 600
    assert list(as_json["expected"]) == [
        *json.loads(Path("a.truth.json").read_text(encoding="utf-8")),
        "error",
    ]
    assert len(list(Path().iterdir())) == 6
    assert len(Path("a.vehicles.csv").read_text(encoding="utf-8").splitlines()) == 21


def test_the_suffix_compresses(fleetcore: Command) -> None:
    """What is called gzip or zstd is so, with the same rows, and is counted as the truth says."""
    for name in ("a.csv", "a.csv.gz", "a.csv.zst"):
        assert fleetcore("generate", name, *SMALL, *EVERY_DIRT).status == 0
    plain = Path("a.csv").read_bytes()

    assert gzip.decompress(Path("a.csv.gz").read_bytes()) == plain
    with zstandard.open("a.csv.zst", "rb") as file:
        assert file.read() == plain
    truth = json.loads(Path("a.csv.zst.truth.json").read_text(encoding="utf-8"))
    told = fleetcore("ingest", "a.csv.zst", "--vehicles", "a.vehicles.csv", "--json").object
    assert {key: told[key] for key in truth} == truth


def test_an_interrupted_file_is_not_there(
    fleetcore: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there before stays whole, and nothing half done is left."""
    fleetcore("generate", "fleet.csv", *SMALL)
    before = {path.name: path.read_bytes() for path in Path().iterdir()}

    def interrupted(*_words: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fleetcore_entrypoints.cli.progress.Bar.move", interrupted)
    done = fleetcore("generate", "fleet.csv", "--rows", "700")

    assert (done.status, done.err) == (130, "error [interrupted]: interrupted\n")
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_no_file_that_is_none_is_written_over(fleetcore: Command) -> None:
    """A folder or a device keeps its name."""
    Path("fleet.csv").mkdir()
    done = fleetcore("generate", "fleet.csv", *SMALL)

    assert done.status == 2
    assert "fleet.csv is there and no file" in done.err
    assert [path.is_dir() for path in Path().iterdir()] == [True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--start", "2199-01-01"), "in the future"),
        (("--start", "noon"), "--start 'noon' is no time"),
        (("--dirt", "mud=0.1"), "no kinds of dirt: mud; there are latitude-range"),
        (("--dirt", "ragged"), "not of the form KIND=SHARE"),
        (("--dirt", "ragged=lots"), "the share is no number"),
        (("--fault", "rust"), "no kinds of file faults: rust"),
        (("--rows", "0"), "rows is 0; use 1 or more"),
        (("--time-format", "stardate"), "time_format is 'stardate'"),
    ],
)
def test_an_impossible_fleet_is_refused(
    fleetcore: Command, words: tuple[str, ...], said: str
) -> None:
    """The error names what is allowed, and nothing is written."""
    done = fleetcore("generate", "fleet.csv", *words)

    assert done.status == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_two_compressions_contradict_each_other(fleetcore: Command) -> None:
    """A file is called zstd and made gzip by nobody who means it."""
    done = fleetcore("generate", "fleet.csv.zst", *SMALL, "--fault", "gzip")

    assert done.status == 2
    assert ".zst and gzip contradict each other" in done.err
    assert list(Path().iterdir()) == []
