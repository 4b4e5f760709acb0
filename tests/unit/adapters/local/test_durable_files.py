"""Files that outlive a power cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fleetcore_adapters.local.durable_files import durable_file, sync_folder


@pytest.fixture(name="synced")
def _synced(monkeypatch: pytest.MonkeyPatch) -> list[os.stat_result]:
    """What is on the disk, call by call."""
    found: list[os.stat_result] = []

    def fsync(descriptor: int) -> None:
        found.append(os.fstat(descriptor))

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_all_of_a_file_is_on_the_disk(tmp_path: Path, synced: list[os.stat_result]) -> None:
    """What was there before is gone; nothing waits in a buffer when it is synced."""
    path = tmp_path / "file"
    path.write_text("something longer", "ascii")
    with durable_file(path) as file:
        file.write(b"con")
        file.write(b"tent")

    (at_the_sync,) = synced
    assert (path.stat().st_ino, len("content")) == (at_the_sync.st_ino, at_the_sync.st_size)
    assert b"content" == path.read_bytes()


def test_a_file_that_failed_is_not_synced(tmp_path: Path, synced: list[os.stat_result]) -> None:
    """It is nobody's; the error passes through."""
    with pytest.raises(ValueError, match="no more"), durable_file(tmp_path / "file") as file:
        file.write(b"con")
        raise ValueError("no more")

    assert [] == synced


def test_names_are_on_the_disk(tmp_path: Path, synced: list[os.stat_result]) -> None:
    """A folder is synced as such."""
    sync_folder(tmp_path)

    assert [tmp_path.stat().st_ino] == [each.st_ino for each in synced]
