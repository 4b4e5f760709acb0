"""What reaches the terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore_entrypoints.cli.output import print_json, print_table, shown


@given(st.text())
def test_shown_text_is_one_harmless_line(text: str) -> None:
    """Whatever the text, nothing of it moves the cursor, and no two texts get lost in one."""
    assert shown(text).isprintable()
    if text.isprintable():
        assert shown(text) == text


def test_shown_text_tells_what_was_there() -> None:
    """Controls, line breaks, direction marks and broken bytes are written as escapes."""
    assert shown("a\x1b[2J\n\u202eb\udcff") == r"a\x1b[2J\n\u202eb\udcff"


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Line breaks in values are escaped."""
    print_json({"path": "a\nb\u2028\x1b"})
    out = capsys.readouterr().out

    assert out.count("\n") == 1
    assert out.isascii()
    assert json.loads(out) == {"path": "a\nb\u2028\x1b"}


def test_table_columns_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers end, and texts start, below each other."""
    print_table(["id", "rows", "path"], [["a", "1,000", "x"], ["bcd", "7", "y\x1b"]], "lr")

    assert capsys.readouterr().out.splitlines() == [
        "id    rows  path",
        "a    1,000  x",
        r"bcd      7  y\x1b",
    ]
