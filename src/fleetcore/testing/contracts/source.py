"""What every source does."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Final, Protocol

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetcore.domain.dialects import compression_of
from fleetcore.domain.interpretation import Compression, Dialect
from fleetcore.errors import SourceChanged, UnreadableFile
from fleetcore.ports.source import Source

TEXT: Final = "vehicle_id,note\nv-1,Größe\nv-2,\N{CJK UNIFIED IDEOGRAPH-6771}\n"
BIG: Final = b"".join(b"v-%d,%d\n" % (number % 7, number * number) for number in range(30_000))
PACKED: Final = gzip.compress(BIG)
MARK: Final = b"\xef\xbb\xbf"

on_any_bytes: Final = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@frozen(kw_only=True, slots=True)
class SourceRig:
    """A source of some bytes, and what puts others in the place they were read from."""

    source: Source
    change: Callable[[bytes], object]


class OpenSource(Protocol):
    """Opens a source that holds these bytes, each call another one."""

    def __call__(self, data: bytes = b"", /) -> SourceRig:
        """A source of its own."""
        raise NotImplementedError


def read(
    source: Source,
    *,
    encoding: str = "utf-8",
    compression: Compression = "none",
    size: int = 4096,
) -> bytes:
    """Everything a source decodes to, read in pieces."""
    dialect = Dialect(columns=("a",), encoding=encoding, compression=compression)
    pieces: list[bytes] = []
    with source.open(dialect) as content:
        while piece := content.read(size):
            assert len(piece) <= size
            pieces.append(piece)
    return b"".join(pieces)


class SourceContract:
    """Needs the fixture `open_source`: see `OpenSource`."""

    def test_content_is_named_by_its_bytes(self, open_source: OpenSource) -> None:
        """Other bytes have another id; the size is theirs."""
        first, other = (
            open_source(b"a,b\n").source.content(),
            open_source(b"a,c\n").source.content(),
        )

        assert (4, 4) == (first.size_bytes, other.size_bytes)
        assert first.id != other.id

    def test_content_is_told_again(self, open_source: OpenSource) -> None:
        """A second pass tells the same, also behind a reading."""
        source = open_source(BIG).source
        first = source.content()
        read(source)

        assert first == source.content()

    def test_content_is_that_of_the_bytes_as_they_lie(self, open_source: OpenSource) -> None:
        """A compressed file is told of as it is, not as what is in it."""
        assert len(PACKED) == open_source(PACKED).source.content().size_bytes

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
    def test_text_comes_as_utf_8_without_a_mark(
        self, open_source: OpenSource, encoding: str
    ) -> None:
        """Whatever the encoding, the engine sees UTF-8."""
        source = open_source(TEXT.encode(encoding)).source

        assert TEXT.encode() == read(source, encoding=encoding, size=3)

    def test_latin_1_is_transcoded(self, open_source: OpenSource) -> None:
        """An encoding that only the user knows."""
        source = open_source("é,è\n".encode("latin-1")).source

        assert "é,è\n".encode() == read(source, encoding="latin-1")

    def test_bytes_that_are_not_utf_8_pass_as_they_are(self, open_source: OpenSource) -> None:
        """A bad byte costs its row later, not the file."""
        assert b"a\xff,b\n" == read(open_source(b"a\xff,b\n").source)

    def test_text_in_another_encoding_is_refused(self, open_source: OpenSource) -> None:
        """What is not in the encoding that was stated: the error names file and option."""
        source = open_source(b"a\x00b").source

        with pytest.raises(UnreadableFile, match=r"--encoding") as raised:
            read(source, encoding="utf-16-le")
        assert source.name in str(raised.value)

    @on_any_bytes
    @given(data=st.binary(max_size=200), marked=st.booleans(), size=st.integers(1, 50))
    def test_any_bytes_pass_in_pieces_of_any_size(
        self, open_source: OpenSource, data: bytes, marked: bool, size: int
    ) -> None:
        """Plain UTF-8 is not touched, but for a byte order mark at its beginning."""
        source = open_source(MARK * marked + data).source

        expected = data if marked else data.removeprefix(MARK)
        assert expected == read(source, size=size)

    def test_a_gzip_file_may_have_several_members(self, open_source: OpenSource) -> None:
        """Members are read as one text, zero padding behind them is nothing."""
        data = PACKED + gzip.compress(b"") + gzip.compress(b"tail\n") + b"\0" * 100

        read_back = read(open_source(data).source, compression="gzip", size=1 << 20)

        assert BIG + b"tail\n" == read_back

    def test_a_truncated_gzip_file_is_refused(self, open_source: OpenSource) -> None:
        """The error says that the file is incomplete."""
        source = open_source(PACKED[:-20]).source

        with pytest.raises(UnreadableFile, match="incomplete"):
            read(source, compression="gzip")

    def test_a_damaged_gzip_file_is_refused(self, open_source: OpenSource) -> None:
        """The checksum is checked."""
        damaged = bytearray(PACKED)
        damaged[-6] ^= 1
        source = open_source(bytes(damaged)).source

        with pytest.raises(UnreadableFile, match="damaged"):
            read(source, compression="gzip")

    @on_any_bytes
    @given(
        data=st.binary(max_size=100).filter(lambda data: compression_of(data) == "none"),
        packed=st.booleans(),
        size_bytes=st.integers(0, 110),
    )
    def test_a_sample_is_the_beginning(
        self, open_source: OpenSource, data: bytes, packed: bool, size_bytes: int
    ) -> None:
        """Decompressed, cut to size, and it says whether it is all."""
        sample = open_source(gzip.compress(data) if packed else data).source.sample(size_bytes)

        assert data[:size_bytes] == sample.content
        assert (len(data) <= size_bytes) == sample.complete
        assert ("gzip" if packed else "none") == sample.compression

    @pytest.mark.parametrize("data", [BIG, PACKED], ids=["plain", "gzip"])
    def test_a_big_file_has_a_sample_of_the_size_asked_for(
        self, open_source: OpenSource, data: bytes
    ) -> None:
        """However large the pieces in which the file is read."""
        source = open_source(data).source
        part, whole = source.sample(1000), source.sample(len(BIG))

        assert (BIG[:1000], False) == (part.content, part.complete)
        assert (BIG, True) == (whole.content, whole.complete)

    def test_a_sample_of_a_truncated_file_is_what_is_there(self, open_source: OpenSource) -> None:
        """Damage further on does not hide the beginning."""
        sample = open_source(PACKED[:-20]).source.sample(1000)

        assert (BIG[:1000], False) == (sample.content, sample.complete)

    def test_a_sample_of_nothing_but_damage_is_refused(self, open_source: OpenSource) -> None:
        """Where not one byte can be read, the sample says why."""
        source = open_source(b"\x1f\x8b" + b"\xff" * 50).source

        with pytest.raises(UnreadableFile, match="the gzip data is damaged") as raised:
            source.sample(100)
        assert source.name in str(raised.value)

    @pytest.mark.parametrize("kept", [2, 5, 10])
    def test_a_sample_of_less_than_a_beginning_is_refused(
        self, open_source: OpenSource, kept: int
    ) -> None:
        """A compressed file that breaks off before its first byte is not an empty one."""
        with pytest.raises(UnreadableFile):
            open_source(PACKED[:kept]).source.sample(100)

    @pytest.mark.parametrize(
        ("before", "after", "compression"),
        [
            pytest.param(BIG, BIG[:-2] + b"0\n", "none", id="a-byte"),
            pytest.param(BIG, BIG[:-2], "none", id="shorter"),
            pytest.param(BIG, BIG + b"one more\n", "none", id="longer"),
            pytest.param(BIG, b"", "none", id="emptied"),
            pytest.param(PACKED, PACKED[:-30], "gzip", id="gzip-shorter"),
            pytest.param(PACKED, b"no gzip at all", "gzip", id="gzip-replaced"),
        ],
    )
    def test_what_is_read_is_what_was_told_of(
        self, open_source: OpenSource, before: bytes, after: bytes, compression: Compression
    ) -> None:
        """If the bytes change in between they are read as they were, or `SourceChanged` says so."""
        rig = open_source(before)
        rig.source.content()
        rig.change(after)

        try:
            found = read(rig.source, compression=compression)
        except SourceChanged:
            return
        assert BIG == found

    def test_can_be_read_again(self, open_source: OpenSource) -> None:
        """Each opening starts at the first byte, whatever was read before."""
        source = open_source(TEXT.encode()).source
        with source.open(Dialect(columns=("a",))) as content:
            content.read(5)
        source.sample(5)

        assert TEXT.encode() == read(source) == read(source)
