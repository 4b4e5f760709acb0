"""What every source does, on bytes in memory and on files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.interpretation import Compression, Dialect
from fleetcore.errors import SourceChanged, UnreadableFile
from fleetcore.ports.source import Source
from fleetcore_adapters.local.source import FileSource
from fleetcore_adapters.memory.source import BytesSource

TEXT = "vehicle_id,note\nv-1,Größe\nv-2,東京\n"
BIG = b"".join(b"v-%d,%d\n" % (number % 7, number * number) for number in range(30_000))


class Stored:
    """A source over bytes, and a way to change the bytes behind its back."""

    def __init__(self, source: Source, change: Callable[[bytes], object]) -> None:
        self.source = source
        self.change = change


@pytest.fixture(name="stored", params=["memory", "local"])
def _stored(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[bytes], Stored]:
    def memory(data: bytes) -> Stored:
        source = BytesSource("file.csv", data)
        return Stored(source, lambda new: setattr(source, "data", new))

    def local(data: bytes) -> Stored:
        path = tmp_path / "file.csv"
        path.write_bytes(data)
        return Stored(FileSource(path), path.write_bytes)

    return {"memory": memory, "local": local}[str(request.param)]


def read(
    source: Source,
    *,
    encoding: str = "utf-8",
    compression: Compression = "none",
    size: int = 4096,
) -> bytes:
    """Everything a source decodes to, read in pieces."""
    dialect = Dialect(columns=("a",), encoding=encoding, compression=compression)
    pieces = []
    with source.open(dialect) as content:
        while piece := content.read(size):
            assert len(piece) <= size
            pieces.append(piece)
    return b"".join(pieces)


def test_content_is_named_by_its_bytes(stored: Callable[[bytes], Stored]) -> None:
    """Equal bytes have one id, other bytes another; the size is theirs."""
    first, second = stored(b"a,b\n").source.content(), stored(b"a,b\n").source.content()
    assert first == second
    assert first.size_bytes == 4
    assert stored(b"a,c\n").source.content().id != first.id


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_text_comes_as_utf_8_without_a_mark(
    stored: Callable[[bytes], Stored], encoding: str
) -> None:
    """Whatever the encoding, the engine sees UTF-8."""
    source = stored(TEXT.encode(encoding)).source
    assert TEXT.encode() == read(source, encoding=encoding, size=3)


def test_latin_1_is_transcoded(stored: Callable[[bytes], Stored]) -> None:
    """An encoding that only the user knows."""
    source = stored("é,è\n".encode("latin-1")).source
    assert "é,è\n".encode() == read(source, encoding="latin-1")


def test_bytes_that_are_not_utf_8_pass_as_they_are(stored: Callable[[bytes], Stored]) -> None:
    """A bad byte costs its row later, not the file."""
    assert b"a\xff,b\n" == read(stored(b"a\xff,b\n").source)


def test_text_that_is_not_in_the_stated_encoding_is_refused(
    stored: Callable[[bytes], Stored],
) -> None:
    """The error names the file and the option."""
    source = stored(b"a\x00b").source
    with pytest.raises(UnreadableFile, match=r"file\.csv.*--encoding"):
        read(source, encoding="utf-16-le")


def test_a_gzip_file_may_have_several_members(stored: Callable[[bytes], Stored]) -> None:
    """Members are read as one text, zero padding behind them is nothing."""
    data = gzip.compress(BIG) + gzip.compress(b"") + gzip.compress(b"tail\n") + b"\0" * 100
    assert BIG + b"tail\n" == read(stored(data).source, compression="gzip", size=1 << 20)


def test_a_truncated_gzip_file_is_refused(stored: Callable[[bytes], Stored]) -> None:
    """The error says that the file is incomplete."""
    source = stored(gzip.compress(BIG)[:-20]).source
    with pytest.raises(UnreadableFile, match="incomplete"):
        read(source, compression="gzip")


def test_a_damaged_gzip_file_is_refused(stored: Callable[[bytes], Stored]) -> None:
    """The checksum is checked."""
    data = bytearray(gzip.compress(BIG))
    data[-6] ^= 1
    with pytest.raises(UnreadableFile, match="damaged"):
        read(stored(bytes(data)).source, compression="gzip")


@pytest.mark.parametrize("packed", [False, True])
def test_a_sample_is_the_beginning(
    stored: Callable[[bytes], Stored],
    packed: bool,
) -> None:
    """Decompressed, cut to size, and it says whether it is all."""
    source = stored(gzip.compress(BIG) if packed else BIG).source
    part, whole = source.sample(1000), source.sample(len(BIG))
    assert (BIG[:1000], False) == (part.content, part.complete)
    assert (BIG, True) == (whole.content, whole.complete)
    assert ("gzip" if packed else "none") == part.compression


def test_a_sample_of_a_truncated_file_is_what_is_there(stored: Callable[[bytes], Stored]) -> None:
    """Damage further on does not hide the beginning."""
    sample = stored(gzip.compress(BIG)[:-20]).source.sample(1000)
    assert (BIG[:1000], False) == (sample.content, sample.complete)


def test_an_empty_file_has_an_empty_sample(stored: Callable[[bytes], Stored]) -> None:
    """No bytes are no damage."""
    sample = stored(b"").source.sample(1000)
    assert (b"", True) == (sample.content, sample.complete)


def test_a_file_that_changed_is_told(stored: Callable[[bytes], Stored]) -> None:
    """What is read are the bytes that were named, or the change is an error."""
    file = stored(BIG)
    file.source.content()
    file.change(BIG[:-2] + b"0\n")
    with pytest.raises(SourceChanged, match="changed"):
        read(file.source)


def test_a_file_can_be_read_again(stored: Callable[[bytes], Stored]) -> None:
    """Each opening starts at the first byte."""
    source = stored(TEXT.encode()).source
    assert read(source) == read(source)


@given(data=st.binary(max_size=200), size=st.integers(1, 50))
def test_any_bytes_pass_unchanged_in_pieces_of_any_size(data: bytes, size: int) -> None:
    """Plain UTF-8 is not touched, but for a byte order mark at its beginning."""
    expected = data.removeprefix(b"\xef\xbb\xbf")
    assert expected == read(BytesSource("x", data), size=size)
