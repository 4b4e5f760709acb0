"""Snapshots as files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fleetcore.errors import CorruptObject
from fleetcore_adapters.local.durable_files import UNFINISHED_FOR_S
from fleetcore_adapters.local.snapshot_store import LocalSnapshotStore


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    """The SHA-256 beside it tells; so does its absence of a file that was read as it was."""
    store = LocalSnapshotStore(tmp_path)
    store.write("one", [b"content"])
    (tmp_path / "one").write_bytes(b"contenu")

    with pytest.raises(CorruptObject, match="SHA-256"):
        list(store.read("one"))


def test_sha256sum_reads_the_checksum(tmp_path: Path) -> None:
    """The digest, two blanks, the name."""
    LocalSnapshotStore(tmp_path).write("one", [b"content"])

    digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    assert f"{digest}  one\n" == (tmp_path / "one.sha256").read_text()


def test_what_a_killed_process_left_is_swept_up(tmp_path: Path) -> None:
    """When it is old enough to be nobody's; other files are neither listed nor touched."""
    for name in ("old~", "young~", ".DS_Store", "stray"):
        (tmp_path / name).write_bytes(b"x")
    old_s = (tmp_path / "old~").stat().st_mtime - UNFINISHED_FOR_S - 1
    os.utime(tmp_path / "old~", (old_s, old_s))
    store = LocalSnapshotStore(tmp_path)
    store.write("one", [b"content"])

    assert ("one",) == store.names()
    left = sorted(each.name for each in tmp_path.iterdir())
    assert [".DS_Store", "lock~", "one", "one.sha256", "stray", "young~"] == left
