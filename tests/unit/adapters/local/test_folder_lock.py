"""The one lock of a data folder."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fleetcore.errors import StorageUnavailable
from fleetcore_adapters.local.folder_lock import FolderLock

HOLDING = """
import sys
from pathlib import Path

from fleetcore_adapters.local.folder_lock import FolderLock

with FolderLock(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.readline()
"""


def _held_elsewhere(lock: FolderLock) -> tuple[threading.Thread, threading.Event]:
    """A thread that takes the lock, and whether it has."""
    held = threading.Event()

    def hold() -> None:
        with lock.held():
            held.set()

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    return thread, held


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    """Until the holder's outermost hold ends, and not only its inner one."""
    lock = FolderLock(tmp_path / "lock")
    with lock.held():
        with lock.held():
            thread, held = _held_elsewhere(lock)
        assert not held.wait(0.1)
    thread.join(timeout=30)

    assert held.is_set()


def test_an_error_inside_is_not_translated(tmp_path: Path) -> None:
    """It leaves the lock to others, as it was."""
    lock = FolderLock(tmp_path / "lock")
    with pytest.raises(FileNotFoundError), lock.held():
        raise FileNotFoundError
    thread, held = _held_elsewhere(lock)
    thread.join(timeout=30)

    assert held.is_set()


def test_a_lock_that_cannot_be_taken_is_not_held(tmp_path: Path) -> None:
    """The error names its file; once it can be, any thread takes it."""
    lock = FolderLock(tmp_path / "folder" / "lock")
    with pytest.raises(StorageUnavailable, match="folder/lock"), lock.held():
        pass
    (tmp_path / "folder").mkdir()
    thread, held = _held_elsewhere(lock)
    thread.join(timeout=30)

    assert held.is_set()


def test_a_process_that_dies_holds_nothing(tmp_path: Path) -> None:
    """The operating system drops its lock; until then others wait."""
    path = tmp_path / "lock"
    lock = FolderLock(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        thread, held = _held_elsewhere(lock)
        assert not held.wait(0.1)
        process.kill()
        thread.join(timeout=30)

    assert held.is_set()


def test_one_that_is_held_is_not_waited_for(tmp_path: Path) -> None:
    """Whoever wants it for itself alone is told so, and has it when it is free."""
    one, other = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")

    with (
        one.held_alone("never"),
        pytest.raises(StorageUnavailable, match="another is at work"),
        other.held_alone("another is at work"),
    ):
        raise AssertionError("both have it")

    with other.held_alone("never"):
        pass


def test_a_lock_that_cannot_be_made_is_another_matter(tmp_path: Path) -> None:
    """It is told as it is."""
    with (
        pytest.raises(StorageUnavailable, match="No such file"),
        FolderLock(tmp_path / "no folder" / "lock").held_alone("held"),
    ):
        raise AssertionError("there is no folder")
