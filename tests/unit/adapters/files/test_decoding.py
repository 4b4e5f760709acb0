"""From bytes as they lie to plain UTF-8."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from fleetcore_adapters.files.decoding import Chunked, decompressed, without_mark


def test_a_blown_up_file_is_read_in_bounded_pieces() -> None:
    """A compressed run of zeros does not come as one piece."""
    zeros = b"0" * (128 << 20)
    packed = {"gzip": gzip.compress(zeros), "zstd": zstandard.compress(zeros)}
    for data, compression in ((packed["gzip"], "gzip"), (packed["zstd"], "zstd")):
        pieces = decompressed(iter([data]), compression)  # type: ignore[arg-type]  # a literal
        assert max(map(len, pieces)) <= 72 << 20


@given(st.lists(st.binary(max_size=9)), st.integers(1, 20))
def test_chunks_are_read_in_any_size(chunks: list[bytes], size: int) -> None:
    """A reader over pieces gives their bytes; empty pieces are not the end."""
    content = Chunked(iter(chunk for chunk in chunks if chunk))
    assert b"".join(chunks) == b"".join(iter(lambda: content.read(size), b""))


def test_a_mark_may_come_byte_by_byte() -> None:
    """The byte order mark is taken off however the content arrives."""

    class Dripping:
        def __init__(self, data: bytes) -> None:
            self._drops: Iterator[int] = iter(data)

        def read(self, _size: int = -1, /) -> bytes:
            return bytes([drop]) if (drop := next(self._drops, None)) is not None else b""

    content = without_mark(Dripping(b"\xef\xbb\xbfab"))
    assert b"ab" == b"".join(iter(lambda: content.read(10), b""))
