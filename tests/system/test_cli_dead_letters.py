"""`fleetcore dead-letters`: a part that was lost before it was stored, and its way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fleetcore.application import ingesting
from fleetcore_entrypoints import open_local

if TYPE_CHECKING:
    from tests.system.conftest import Command

DATA = Path("fleetcore-data")


@pytest.fixture(name="lost")
def _lost(trips: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A folder whose process died before it stored, and lost a part; puts the part back."""
    with open_local(DATA) as fleet, monkeypatch.context() as patched:
        patched.setattr(ingesting, "_stored", lambda _fleet, _stream: None)
        fleet.ingest(trips)
    part = min((DATA / "fresh").glob("*/*.parquet"))
    content = part.read_bytes()
    part.unlink()
    return lambda: _restored(part, content)


def _restored(part: Path, content: bytes) -> None:
    part.write_bytes(content)


def test_a_lost_part_is_listed_and_shown(fleetcore: Command, lost: Callable[[], None]) -> None:
    """With its rows, the error and the file it came from; the ledger counts its rows as dead."""
    fleetcore("latest")
    listed, shown = fleetcore("dead-letters", "list"), fleetcore("dead-letters", "list", "--json")
    letter = shown.object
    one = fleetcore("dead-letters", "show", letter["ingestion_id"])
    ledger = fleetcore("ledger", letter["ingestion_id"], "--json").object

    assert ("object-missing", 1) == (letter["code"], letter["tries"])
    assert letter["path"].endswith("trips.csv")
    assert letter["dead_rows"] == ledger["dead_lettered"] > 0
    assert (0, "completed") == (ledger["pending"], ledger["status"])
    assert "object-missing" in listed.out
    assert letter["part"] in one.out
    assert f"{letter['dead_rows']} of its" in one.out


def test_a_mended_part_is_redriven(fleetcore: Command, lost: Callable[[], None]) -> None:
    """It is stored at once, and the letter is gone."""
    fleetcore("latest")
    letter = fleetcore("dead-letters", "list", "--json").object
    lost()
    done = fleetcore("dead-letters", "redrive", letter["part"], "--json")
    ledger = fleetcore("ledger", "--json").object

    assert 0 == done.status
    assert {"part": letter["part"], "rows": letter["dead_rows"], "error": None} == done.object
    assert "redriven: 1 of 1 parts" in done.err
    assert (0, 0) == (ledger["dead_lettered"], ledger["pending"])
    assert "there are no dead letters" in fleetcore("dead-letters", "list").err
    assert 0 == fleetcore("doctor").status


def test_what_is_not_mended_fails_again(fleetcore: Command, lost: Callable[[], None]) -> None:
    """Exit status 1, and it is a dead letter again."""
    done = fleetcore("dead-letters", "redrive", "--all")
    again = fleetcore("dead-letters", "list", "--json").object

    assert 1 == done.status
    assert "error [object-missing]" in done.err
    assert 2 == again["attempt"]


def test_a_file_with_dead_rows_fails(
    fleetcore: Command, lost: Callable[[], None], trips: Path
) -> None:
    """Ingesting it again says that rows are missing, and what to do."""
    fleetcore("latest")
    done = fleetcore("ingest", trips)

    assert 1 == done.status
    assert "error [rows-dead]" in done.err
    assert "fleetcore dead-letters redrive" in done.err


def test_what_is_pending_is_sent_again(fleetcore: Command, lost: Callable[[], None]) -> None:
    """And stored, where this process does so."""
    lost()
    done = fleetcore("relay", "--json")

    assert 0 == done.status
    assert sum(each["rows"] for each in done.objects) == 2
    assert "of 1 ingestions" in done.err
    assert 0 == fleetcore("ledger", "--json").object["pending"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["redrive"], 2, "say which dead letters"),
        (["redrive", "x", "--all"], 2, "say which dead letters"),
        (["redrive", "--all", "--by-sqs"], 2, "--by-sqs moves all letters"),
        (["redrive", "--by-sqs"], 1, "for a fleet on AWS only"),
        (["redrive", "--all", "--rate", "0"], 2, "--rate"),
        (["show", "nobody"], 1, "no dead letter is of 'nobody'"),
    ],
)
def test_used_wrongly(
    fleetcore: Command, lost: Callable[[], None], words: list[str], status: int, said: str
) -> None:
    """One line says what is missing."""
    done = fleetcore("dead-letters", *words)

    assert status == done.status
    assert said in done.err
