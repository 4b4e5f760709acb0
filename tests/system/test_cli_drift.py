"""`fleetcore drift` and `fleetcore link` on a region alone, and what they say of wrong words."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path

import pytest
from tests.regions import fact, forged
from tests.system.conftest import Command

from fleetcore.errors import CorruptObject
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_entrypoints.wiring.live import wire_live
from fleetcore_entrypoints.wiring.regions import Regions

pytestmark = pytest.mark.system

CONFIG = """
[drift]
settle_s = 0
parts = 1
[regions.north]
address = "127.0.0.1:1"
[regions.south]
address = "127.0.0.1:2"
"""


@pytest.fixture(name="here")
def _here(in_folder: Path) -> tuple[str, ...]:
    """A region that holds two vehicles, one of them corrupt."""
    (in_folder / "fleet.toml").write_text(CONFIG, encoding="utf-8")
    facts = [fact(), fact("cab-2", 1)]
    with closing(wire_live(in_folder / "n", "north")) as app:
        app.log.append_batches(ArrowLiveEngine().encoded(facts, "live-1"))
        app.registers.merge(facts)
        app.registers.replace(facts[0], forged(facts[0]))
    return ("--data", "n", "--config", "fleet.toml")


def test_a_check_names_what_is_corrupt_and_who_is_silent(
    here: tuple[str, ...], fleetcore: Command
) -> None:
    """And changes nothing; for people in words, for machines line by line."""
    for _ in range(2):
        told = fleetcore("drift", "check", *here, "--deep", "--json")
        assert (1, ["corrupt", "unreachable", "summary"]) == (
            told.status,
            [each["kind"] for each in told.objects],
        )
    shown = fleetcore("drift", "check", *here, "--deep")
    assert "north: cab-1: corrupt" in shown.out
    assert "left out: region 'south'" in shown.err
    assert "nobody listens there" in shown.err


def test_a_repair_mends_from_the_own_log(here: tuple[str, ...], fleetcore: Command) -> None:
    """One region alone has a log to mend its registers from."""
    done = fleetcore("drift", "repair", *here, "--json")

    assert (0, "verified", 1) == (done.status, done.object["outcome"], done.object["replaced"])
    assert 0 == fleetcore("drift", "check", *here, "--deep").status


@pytest.mark.parametrize("what", ["check", "repair"])
def test_who_is_alone_compares_nothing(
    here: tuple[str, ...], fleetcore: Command, what: str
) -> None:
    """That is no agreement, and a job that looks at the exit status learns of it."""
    fleetcore("drift", "repair", *here)

    told = fleetcore("drift", what, *here, "--json")

    assert (1, True) == (told.status, "nothing was compared" in told.err)
    assert what == "check" or "alone" == told.objects[-1]["outcome"]


def test_a_watch_outlives_what_is_damaged(
    here: tuple[str, ...], fleetcore: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and the next tick looks again."""
    errors = iter([CorruptObject("the file is damaged")])

    def conducted_by(_self: Regions) -> str:
        for error in errors:
            raise error
        signal.raise_signal(signal.SIGTERM)
        return "south"

    monkeypatch.setattr(Regions, "conducted_by", conducted_by)
    done = fleetcore("drift", "watch", "--every", "0.001", *here, "--json")

    assert (0, "south") == (done.status, done.object["conducted_by"])
    assert "no look now: the file is damaged" in done.err


def test_a_region_is_cut_and_healed(here: tuple[str, ...], fleetcore: Command) -> None:
    """And says so."""
    words = here[:2]
    assert "north is cut off" in fleetcore("link", "cut", *words).out
    shown = fleetcore("link", "show", *here, "--json").objects
    assert ["this region, cut off", "does not answer"] == [each["state"] for each in shown]
    assert "north is connected" in fleetcore("link", "heal", *words).out
    assert "this region, cut off" not in fleetcore("link", "show", *here).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("drift", "check", "--region", "south"), "'north', not 'south'"),
        (("drift", "check", "--region", "A B"), "the config has north, south, and not this one"),
        (("drift", "watch", "--every", "0"), "--every"),
        (("link", "show", "--data", "other"), "none of [regions]: north, south"),
    ],
)
def test_wrong_words_are_told(
    here: tuple[str, ...], fleetcore: Command, words: tuple[str, ...], said: str
) -> None:
    """In one line, with the status of what was not understood."""
    fleetcore("follow", "--once", "--data", "other")
    done = fleetcore(*words[:2], *here, *words[2:])

    assert (2, 1) == (done.status, len(done.err.splitlines()))
    assert said in done.err


@pytest.mark.parametrize(
    "words", [("drift", "check"), ("link", "cut"), ("snapshot", "take"), ("rebuild", "registers")]
)
def test_a_folder_that_is_not_there_is_not_made(
    fleetcore: Command, in_folder: Path, words: tuple[str, ...]
) -> None:
    """A mistyped name is told; only what fills a folder makes one."""
    done = fleetcore(*words, "--data", "nothing")

    assert 1 == done.status
    assert "there is no fleetcore data here" in done.err
    assert not (in_folder / "nothing").exists()
