"""Steps that are taken side by side until a command is to end."""

from __future__ import annotations

import threading

import pytest

from fleetcore.errors import StorageUnavailable
from fleetcore_entrypoints.cli import looping
from fleetcore_entrypoints.cli.looping import looping as looping_over


def test_every_step_is_taken_again_and_again() -> None:
    """Side by side, until the block ends."""
    stopped, taken = threading.Event(), {name: threading.Semaphore(0) for name in "ab"}
    with looping_over({name: each.release for name, each in taken.items()}, stopped, 0.001):
        for each in taken.values():
            for _ in range(3):
                assert each.acquire(timeout=10)

    assert stopped.is_set()
    assert not {"a", "b"} & {each.name for each in threading.enumerate()}


def test_what_cannot_be_stored_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told once, however often it fails the same way, and the others go on."""
    monkeypatch.setattr(looping, "RETRY_S", 0.0)
    stopped, tries = threading.Event(), iter(range(5))

    def full() -> None:
        if next(tries) == 4:
            stopped.set()
        raise StorageUnavailable("no space")

    with looping_over({"geo": full}, stopped, 0.0):
        assert stopped.wait(10)

    assert "geo: no space\n" == capsys.readouterr().err


def test_any_other_error_ends_the_command() -> None:
    """It is raised where the block ends, and every step is stopped."""
    stopped = threading.Event()

    def wrong() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), looping_over({"geo": wrong}, stopped, 0.0):
        assert stopped.wait(10)
