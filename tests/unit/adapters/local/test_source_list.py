"""Names given by a user become sources."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from fleetcore.errors import InvalidInput, UnreadableFile
from fleetcore_adapters.local.source_list import sources


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    for name in ("b.csv", "a.CSV.GZ", "c.zst", "deep/d.tsv", "deep/e.txt", "notes.md"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    for name in (".hidden.csv", ".git/f.csv"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"hidden")
    return folder


def _names(folder: Path, names: Sequence[str]) -> list[str]:
    found = sources(names, stdin=io.BytesIO(b"a,b\n"), spool=folder.parent / "spool")
    return [each.name.removeprefix(f"{folder}/") for each in found]


def test_a_folder_gives_its_data_files_sorted(folder: Path) -> None:
    """All below it, without hidden files and other kinds."""
    assert ["a.CSV.GZ", "b.csv", "c.zst", "deep/d.tsv", "deep/e.txt"] == _names(
        folder, [str(folder)]
    )


def test_a_glob_gives_what_matches(folder: Path) -> None:
    """Whatever a file ends in; folders that match give their data files."""
    assert ["notes.md"] == _names(folder, [f"{folder}/*.md"])
    assert ["deep/d.tsv", "deep/e.txt"] == _names(folder, [f"{folder}/**/*.t*"])
    assert ["deep/d.tsv", "deep/e.txt"] == _names(folder, [f"{folder}/dee*"])


def test_a_path_is_taken_whatever_it_ends_in(folder: Path) -> None:
    """A file that is named is meant, even a hidden one, and even one that looks like a glob."""
    (folder / "x[1].data").write_bytes(b"")
    assert ["notes.md", ".hidden.csv", "x[1].data"] == _names(
        folder, [f"{folder}/notes.md", f"{folder}/.hidden.csv", f"{folder}/x[1].data"]
    )


def test_a_file_named_twice_is_one_source(folder: Path) -> None:
    """Overlapping names do not double the work."""
    assert ["b.csv", "deep/d.tsv"] == _names(
        folder, [f"{folder}/b.csv", f"{folder}/*.csv", f"{folder}/deep/*.tsv"]
    )


def test_a_dash_is_standard_input(folder: Path) -> None:
    """It is spooled, and can be read."""
    (source,) = sources(["-"], stdin=io.BytesIO(b"a,b\n"), spool=folder / "spool")
    assert ("<stdin>", b"a,b\n") == (source.name, source.sample(100).content)


def test_a_named_pipe_is_spooled(folder: Path) -> None:
    """What can be read only once is copied first."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"a,b\n",))
    writer.start()
    (source,) = sources([str(pipe)], stdin=io.BytesIO(), spool=folder / "spool")
    writer.join()
    assert source.content() == source.content()
    assert source.content().size_bytes == 4


def test_a_path_that_is_not_there_is_told(folder: Path) -> None:
    """The error names it."""
    with pytest.raises(UnreadableFile, match=r"none\.csv: there is no such file"):
        _names(folder, [f"{folder}/none.csv"])


def test_nothing_found_is_an_error(folder: Path) -> None:
    """A glob without a match, and a folder without data files."""
    with pytest.raises(InvalidInput, match="no file matches"):
        _names(folder, [f"{folder}/*.parquet"])
    (folder / "empty").mkdir()
    with pytest.raises(InvalidInput, match=r"no file in this folder ends in \.csv"):
        _names(folder, [f"{folder}/empty"])
