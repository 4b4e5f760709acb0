"""Blocks cut at row ends: nothing is lost, and the size of blocks changes nothing about rows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleetcore.domain.blocks import MAX_ROW_BYTES, Block, cut, is_plain, line_count
from fleetcore.domain.rows import physical_rows
from fleetcore.errors import SourceChanged, UnreadableFile

Found = tuple[list[tuple[int, bytes]], list[tuple[int, str]]]


class Trickle(io.RawIOBase):
    """Content that comes a few bytes a read."""

    def __init__(self, content: bytes, step: int) -> None:
        self._content, self._step = content, step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        size = min(self._step, size)
        piece, self._content = self._content[:size], self._content[size:]
        return piece


def blocks_of(
    content: bytes, size_bytes: int = 1 << 22, delimiter: str = ",", *, has_header: bool = False
) -> list[Block]:
    """The blocks of some content."""
    return list(
        cut(io.BytesIO(content), size_bytes=size_bytes, delimiter=delimiter, has_header=has_header)
    )


def found_in(blocks: list[Block], delimiter: str = ",") -> Found:
    """The rows of blocks and the lines given up, with their line numbers."""
    rows = [row for block in blocks for row in physical_rows(block, delimiter)]
    return rows, [(each.line, each.code) for block in blocks for each in block.unending]


def expected_in(content: bytes, delimiter: int = ord(",")) -> Found:
    """The same, read byte by byte; for contents that end within one row's longest length."""
    rows: list[tuple[int, bytes]] = []
    unending: list[tuple[int, str]] = []
    at, line = 0, 1
    if content and not content.endswith(b"\n"):
        content += b"\n"
    while at < len(content):
        end = _end_of_row(content, at, delimiter)
        if end is None:
            end = _end_of_line(content, at)
            unending.append((line, "unclosed-quote"))
        elif row := content[at:end].rstrip(b"\r\n"):
            rows.append((line, row))
        line += len(content[at:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")) - 1
        at = end
    return rows, unending


def _end_of_line(content: bytes, at: int) -> int:
    while content[at] not in b"\r\n":
        at += 1
    return at + (2 if content[at : at + 2] == b"\r\n" else 1)


def _end_of_row(content: bytes, at: int, delimiter: int) -> int | None:
    """Where the row that starts here ends; None if a quote in it is never closed."""
    fresh = True
    while at < len(content):
        byte = content[at]
        if fresh and byte == ord('"'):
            at = content.find(b'"', at + 1)
            while at >= 0 and content[at + 1 : at + 2] == b'"':
                at = content.find(b'"', at + 2)
            if at < 0:
                return None
        elif byte in b"\r\n":
            return _end_of_line(content, at)
        fresh = byte == delimiter
        at += 1
    return None


PIECES: Final = (b"a", b"b1", b",", b'"', b'""', b"\n", b"\r\n", b"\r", b" ", b"\xff", b"\0")
contents = st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join)


@settings(max_examples=400)
@given(content=contents, size_bytes=st.integers(1, 12), step=st.integers(1, 5))
@example(content=b'"\n\r', size_bytes=1, step=1)
@example(content=b"a\r", size_bytes=1, step=1)
@example(content=b"a\ra", size_bytes=1, step=1)
@example(content=b"a\r\n\rb", size_bytes=2, step=1)
def test_rows_are_what_a_byte_by_byte_reading_finds(
    content: bytes, size_bytes: int, step: int
) -> None:
    """Whatever the block size and however the content trickles in, rows and lines are the same."""
    trickling = cut(
        Trickle(content, step),  # type: ignore[arg-type]  # all that is read of a file
        size_bytes=size_bytes,
        delimiter=",",
        has_header=False,
    )

    assert expected_in(content) == found_in(list(trickling))


@settings(max_examples=300)
@given(content=contents, size_bytes=st.integers(1, 30))
def test_blocks_and_lines_given_up_are_the_content(content: bytes, size_bytes: int) -> None:
    """Between two blocks lie only whole lines that were given up; nothing is lost or moved."""
    blocks = blocks_of(content, size_bytes)
    closed = content if not content or content.endswith(b"\n") else content + b"\n"
    start, line = 0, 1
    for number, block in enumerate(blocks):
        end = len(closed) if block.last else block.end
        given_up = closed[start : end - len(block.data)]
        assert closed[start:end] == given_up + block.data
        assert len(block.unending) == line_count(given_up)
        assert number == block.number
        assert line + line_count(given_up) == block.first_line
        assert line_count(block.data) == block.lines
        assert block.plain is is_plain(block.data)
        start, line = end, block.first_line + block.lines
    assert len(content) == blocks[-1].end
    assert [False] * (len(blocks) - 1) + [True] == [block.last for block in blocks]


@settings(max_examples=200)
@given(content=contents, size_bytes=st.integers(1, 12))
@example(content=b"\n\r\na,b\n1,2\n", size_bytes=1)
def test_a_header_is_the_first_row_that_is_not_blank(content: bytes, size_bytes: int) -> None:
    """Leaving the header out leaves the other rows, with their line numbers, as they were."""
    rows, unending = expected_in(content)
    if unending and (not rows or unending[0][0] < rows[0][0]):
        with pytest.raises(UnreadableFile, match="quote"):
            blocks_of(content, size_bytes, has_header=True)
    else:
        found = found_in(blocks_of(content, size_bytes, has_header=True))
        assert (rows[1:], unending) == found


def test_a_header_may_hold_a_newline() -> None:
    """A quoted newline in the header counts as a line and does not end it."""
    found = found_in(blocks_of(b'"a\nb",c\r\n1,2\n', has_header=True))

    assert ([(3, b"1,2")], []) == found


def test_a_header_without_an_end_is_no_csv() -> None:
    """A quote that is left open in the header makes the file unreadable; the error says where."""
    with pytest.raises(UnreadableFile, match=r"line 1: .*quote"):
        blocks_of(b'"a,b\n' + b"1,2\n" * 400_000, has_header=True)


@pytest.mark.parametrize("has_header", [True, False])
def test_no_content_is_one_empty_last_block(has_header: bool) -> None:
    """A file without rows has one block, which is its last."""
    (block,) = blocks_of(b"", has_header=has_header)

    assert (0, b"", 0, 0, True) == (block.number, block.data, block.lines, block.end, block.last)


def test_a_header_alone_is_one_empty_last_block() -> None:
    """A header is no row; the block starts on the line behind it."""
    (block,) = blocks_of(b"a,b\n", has_header=True)

    assert (b"", 2, 4, True) == (block.data, block.first_line, block.end, block.last)


def test_line_numbers_with_every_line_end() -> None:
    """LF, CRLF, a lone CR, blank lines and quoted newlines all count as they should."""
    content = b'a\nb\r\nc\rd\n\n\r\n"e\n\r\nf"\ng\r'

    rows, unending = found_in(blocks_of(content))

    assert [
        (1, b"a"),
        (2, b"b"),
        (3, b"c"),
        (4, b"d"),
        (7, b'"e\n\r\nf"'),
        (10, b"g"),
    ] == rows
    assert [] == unending


def test_one_stray_quote_costs_one_line() -> None:
    """The line with the quote is given up and reading goes on behind it."""
    found = found_in(blocks_of(b'1,2\n"3,4\n5,6\n7,8\n'))

    assert ([(1, b"1,2"), (3, b"5,6"), (4, b"7,8")], [(2, "unclosed-quote")]) == found


def test_a_quote_inside_a_field_is_a_character() -> None:
    """Only at a field's start does a quote open."""
    assert ([(1, b'a"b,c'), (2, b'd,e"')], []) == found_in(blocks_of(b'a"b,c\nd,e"\n'))


def test_the_delimiter_decides_where_a_quote_opens() -> None:
    """Behind a character that is no delimiter a quote opens nothing."""
    content = b'a;"b\nc"\n'

    assert [(1, b'a;"b\nc"')] == found_in(blocks_of(content, delimiter=";"), ";")[0]
    assert [(1, b'a;"b'), (2, b'c"')] == found_in(blocks_of(content))[0]


@pytest.mark.parametrize("size_bytes", [1 << 16, 4 << 20])
def test_a_line_of_ten_megabytes_is_given_up(size_bytes: int) -> None:
    """A line that is too long costs itself alone, and only its start is kept."""
    content = b"1,2\n" + b"x" * (10 << 20) + b"\n3,4\n"

    blocks = blocks_of(content, size_bytes)
    rows, unending = found_in(blocks)

    assert ([(1, b"1,2"), (3, b"3,4")], [(2, "line-too-long")]) == (rows, unending)
    assert [b"x" * 1024] == [row.text for block in blocks for row in block.unending]
    assert len(content) == blocks[-1].end


@pytest.mark.parametrize("size_bytes", [1 << 16, 4 << 20])
def test_a_line_of_ten_megabytes_without_an_end(size_bytes: int) -> None:
    """Where the content ends inside a line that is too long, every byte is accounted for."""
    content = b"1,2\n" + b"x" * (10 << 20)

    blocks = blocks_of(content, size_bytes)

    assert ([(1, b"1,2")], [(2, "line-too-long")]) == found_in(blocks)
    assert (len(content), True) == (blocks[-1].end, blocks[-1].last)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("before", [2 << 20, (2 << 20) - 1, (2 << 20) + 1])
def test_the_end_of_a_long_line_may_meet_the_end_of_a_read(end: bytes, before: int) -> None:
    """Any line end is seen though it lies at, or across, the end of what was read so far."""
    blocks = blocks_of(b"x" * before + end + b"3,4\n", 1 << 20)

    assert ([(2, b"3,4")], [(1, "line-too-long")]) == found_in(blocks)
    assert before + len(end) + 4 == blocks[-1].end


@pytest.mark.parametrize(
    ("over", "found"),
    [(0, ([1], [])), (1, ([], [(1, "line-too-long")]))],
)
@pytest.mark.parametrize("size_bytes", [1 << 16, 1 << 20, 4 << 20])
def test_the_longest_row(
    over: int, found: tuple[list[int], list[tuple[int, str]]], size_bytes: int
) -> None:
    """A row may be as long as the bound with its line end, and not a byte longer."""
    blocks = blocks_of(b"x" * (MAX_ROW_BYTES - 1 + over) + b"\n", size_bytes)
    rows, unending = found_in(blocks)

    assert found == ([line for line, _ in rows], unending)


@pytest.mark.parametrize("size_bytes", [1 << 16, 4 << 20])
def test_an_unclosed_quote_in_a_large_file_costs_one_line(size_bytes: int) -> None:
    """A quote is looked after for no longer than the longest row."""
    lines = [b"%d,2\n" % number for number in range(400_000)]
    lines[1000] = b'"1000,2\n'

    rows, unending = found_in(blocks_of(b"".join(lines), size_bytes))

    assert [(1001, "unclosed-quote")] == unending
    assert [line for line in range(1, 400_001) if line != 1001] == [line for line, _ in rows]


class Broken(io.BytesIO):
    """A file that changes while it is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise SourceChanged("it was truncated")


def test_errors_of_the_content_pass_through() -> None:
    """What goes wrong while reading is not hidden."""
    with pytest.raises(SourceChanged):
        next(cut(Broken(), size_bytes=9, delimiter=",", has_header=True))


def test_blocks_are_about_as_long_as_asked() -> None:
    """Each block but the last is at most the size, and nearly as long."""
    blocks = blocks_of(b"123456789\n" * 100, 105)

    assert [100] * 10 == [len(block.data) for block in blocks]


def _lengths(blocks: list[Block]) -> Iterator[int]:
    return (len(block.data) for block in blocks)


def test_a_header_makes_no_block_longer() -> None:
    """The first block behind a header is as long as the others."""
    rows = b"123,456\n" * 100
    blocks = blocks_of(b"one,two\n" + rows, size_bytes=80, has_header=True)

    assert 10 <= len(blocks) <= 11
    assert rows == b"".join(block.data for block in blocks)


def test_a_row_longer_than_a_block_is_a_block() -> None:
    """The size bends for a row that does not fit."""
    blocks = blocks_of(b"1234567890\n" * 3, 4)

    assert [11, 11, 11] == [length for length in _lengths(blocks) if length]
