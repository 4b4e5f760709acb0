"""Files and streams on this machine as sources."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
import xxhash
import zstandard

from fleetcore.domain.interpretation import Dialect
from fleetcore.errors import SourceChanged, StorageUnavailable, UnreadableFile
from fleetcore_adapters.local.source import FileSource, SpooledSource

ROWS = b"".join(b"v-%d,%d\n" % (number % 7, number * number) for number in range(30_000))
PLAIN = Dialect(columns=("a",))
GZIP = Dialect(columns=("a",), compression="gzip")
ZSTD = Dialect(columns=("a",), compression="zstd")


def _file(folder: Path, data: bytes) -> FileSource:
    path = folder / "file.csv"
    path.write_bytes(data)
    return FileSource(path)


def test_the_content_is_its_xxh3_128(tmp_path: Path) -> None:
    """The id can be computed by other tools."""
    expected = f"xxh3-128:{xxhash.xxh3_128_hexdigest(ROWS)}"
    assert expected == _file(tmp_path, ROWS).content().id


def test_zstd_frames_are_read_across(tmp_path: Path) -> None:
    """Frames one behind the other are one text, with a sample like any other."""
    source = _file(tmp_path, zstandard.compress(ROWS) + zstandard.compress(b"tail\n"))
    with source.open(ZSTD) as content:
        assert content.read() == ROWS + b"tail\n"
    assert (ROWS[:9], "zstd") == (source.sample(9).content, source.sample(9).compression)


def test_tells_how_far_it_is_read(tmp_path: Path) -> None:
    """Of compressed content in bytes as they lie, each time anew; of other content as it is."""
    rows = ROWS * 50
    packed = gzip.compress(rows, 1)
    source = _file(tmp_path, packed)
    for _ in range(2):
        with source.open(GZIP) as content:
            content.read(len(rows) // 2)
            half = source.raw_bytes(len(rows) // 2)
            content.read()
        assert 0.3 < half / len(packed) < 0.7
        assert len(packed) == source.raw_bytes(len(rows))
    plain = _file(tmp_path, rows)
    with plain.open(PLAIN) as content:
        content.read(1000)
        assert 1000 == plain.raw_bytes(1000)


@pytest.mark.parametrize("kept", [10, 1000, -1])
def test_truncated_zstd_is_refused(tmp_path: Path, kept: int) -> None:
    """A frame without its end is an incomplete file."""
    source = _file(tmp_path, zstandard.compress(ROWS)[:kept])
    with pytest.raises(UnreadableFile, match="incomplete"), source.open(ZSTD) as content:
        content.read()


def test_damaged_zstd_is_refused(tmp_path: Path) -> None:
    """Bytes that are no frame are told as such."""
    source = _file(tmp_path, zstandard.compress(ROWS) + b"garbage")
    with pytest.raises(UnreadableFile, match="damaged"), source.open(ZSTD) as content:
        content.read()


def test_a_change_explains_damage(tmp_path: Path) -> None:
    """A compressed file that was replaced is not called damaged."""
    source = _file(tmp_path, gzip.compress(ROWS))
    source.content()
    (tmp_path / "file.csv").write_bytes(gzip.compress(ROWS)[:-30])
    with pytest.raises(SourceChanged), source.open(GZIP) as content:
        content.read()


def test_a_file_that_grows_while_it_is_read_changed(tmp_path: Path) -> None:
    """Rows appended behind the reader are a change."""
    source = _file(tmp_path, ROWS)
    source.content()

    def read_on() -> None:
        with source.open(PLAIN) as content:
            content.read(1000)
            with (tmp_path / "file.csv").open("ab") as file:
                file.write(b"one more\n")
            while content.read(1 << 20):
                pass

    with pytest.raises(SourceChanged, match="changed while it was read"):
        read_on()


def test_a_file_that_vanished_is_told(tmp_path: Path) -> None:
    """Gone between the two passes."""
    source = _file(tmp_path, ROWS)
    source.content()
    (tmp_path / "file.csv").unlink()
    with pytest.raises(SourceChanged, match="vanished"), source.open(PLAIN):
        pass


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(UnreadableFile, match=r"none\.csv: there is no such file"):
        FileSource(tmp_path / "none.csv").content()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """The error says so."""
    with pytest.raises(UnreadableFile, match="a folder"):
        FileSource(tmp_path).sample(10)


def test_a_forbidden_file_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A permission that is missing is named."""

    def forbidden(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(UnreadableFile, match="permission to read the file is denied"):
        FileSource(tmp_path / "a.csv").content()


def test_a_spool_leaves_no_file_behind(tmp_path: Path) -> None:
    """A copied stream has the id of the file it would be, and its copy has no name."""
    source = SpooledSource("<stdin>", io.BytesIO(ROWS), tmp_path / "data")
    assert source.content() == _file(tmp_path, ROWS).content()
    assert "<stdin>" == source.name
    assert [] == list((tmp_path / "data").iterdir())


def test_a_spool_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A data folder that is a file."""
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        SpooledSource("<stdin>", io.BytesIO(ROWS), tmp_path / "data")


def test_the_real_sample_is_read_whole(shared_data: Path) -> None:
    """The compressed real file decodes to its rows."""
    path = shared_data / "geolife-sample.csv.gz"
    with FileSource(path).open(GZIP) as content:
        assert content.read() == gzip.decompress(path.read_bytes())
