"""The stored form of messages, pinned."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.parts import DeadLetter, LaneMessage, Part, RefusedRow
from fleetcore.errors import UndecodableEvent
from fleetcore.testing.strategies import lane_messages
from fleetcore_adapters.aws.sqs.messages import (
    MAX_BYTES,
    VERSION,
    burial_id,
    deduplication_id,
    delivery_of,
    group_id,
    letter_body,
    letter_of,
    message_body,
)

GOLDEN: Final = Path(__file__).parent / "golden"

MESSAGE: Final = LaneMessage(
    ingestion="8c1f2ab09d3e4f55",
    part=Part(
        key="fresh/8c1f2ab09d3e4f55/3-moving-2c26b46b.parquet",
        lane="moving",
        rows=8,
        size_bytes=4096,
        sha256="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    ),
    attempt=2,
)
LETTER: Final = DeadLetter(
    message=MESSAGE,
    code="rows-refused",
    reason="line 9: the item is larger than 400 kB",
    tries=4,
    died_at_ms=1_700_000_000_000,
    rows=(RefusedRow(number=3, line=9, reason="too large", payload='{"vehicle_id":"車-1"}'),),
)


def golden(name: str) -> str:
    """A body as it was written once."""
    return (GOLDEN / name).read_text(encoding="utf-8").strip()


def test_a_message_is_written_as_ever() -> None:
    """Another form needs another version, a golden file, and a reader of the old one."""
    assert golden(f"message.v{VERSION}.json") == message_body(MESSAGE)


def test_a_letter_is_written_as_ever() -> None:
    """The message, and `dead` beside it."""
    assert golden(f"letter.v{VERSION}.json") == letter_body(LETTER)


def test_every_version_of_a_message_is_read() -> None:
    """Messages wait while fleetcore is updated."""
    for file in GOLDEN.glob("message.v*.json"):
        delivery = delivery_of(file.read_text(), "the receipt", 3)
        assert (MESSAGE, "the receipt", 3) == (delivery.message, delivery.receipt, delivery.tries)


def test_every_version_of_a_letter_is_read() -> None:
    """Letters wait for days."""
    for file in GOLDEN.glob("letter.v*.json"):
        assert LETTER == letter_of(file.read_text(), died_at_ms=0, tries=0)


def test_a_letter_that_is_moved_back_is_the_message() -> None:
    """A consumer of the lane does not mind `dead`."""
    assert MESSAGE == delivery_of(letter_body(LETTER), "r", 1).message


@given(message=lane_messages(), attempt=st.integers(1, 9))
def test_messages_come_back(message: LaneMessage, attempt: int) -> None:
    """Whatever the part."""
    sent = evolve(message, attempt=attempt)

    assert sent == delivery_of(message_body(sent), "r", 1).message


@given(reason=st.text(), payload=st.text())
def test_letters_come_back(reason: str, payload: str) -> None:
    """Whatever the reason; the text is one that SQS takes."""
    row = RefusedRow(number=0, line=1, reason=reason, payload=payload)
    letter = evolve(LETTER, reason=reason, rows=(row,))
    body = letter_body(letter)

    assert body.isascii()
    assert body.isprintable()
    assert letter == letter_of(body, died_at_ms=0, tries=0)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "not JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "version is None"),
        (message_body(MESSAGE).replace('"v":1', '"v":2'), "install a newer fleetcore"),
        (message_body(MESSAGE).replace('"v":1', '"v":"1"'), "version is '1'"),
        (message_body(MESSAGE).replace('"attempt":2', '"attempt":"2"'), "attempt"),
        (message_body(MESSAGE).replace('"moving"', '"flying"'), "lane"),
        (message_body(MESSAGE).replace('"attempt"', '"attempts"'), "attempts"),
        (message_body(MESSAGE).replace('"rows":8', '"row":8'), "rows"),
        (message_body(MESSAGE).replace('"v":1', '"v":1,"dead":3'), "`dead`"),
        (letter_body(LETTER).replace('"code"', '"kode"'), "kode"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_body(body: str, why: str) -> None:
    """A foreign message, a damaged one, or one of a newer version."""
    with pytest.raises(UndecodableEvent, match=why) as told:
        letter_of(body, died_at_ms=0, tries=0)
    assert {"body": body} == told.value.payload


def test_a_letter_of_many_rows_is_cut() -> None:
    """As many rows are listed as a message of SQS holds, and the reason counts the others."""
    row = RefusedRow(number=0, line=1, reason="too large", payload="é" * 1000)
    long = evolve(LETTER, reason="x" * 5000, rows=(row,) * 1000)

    body = letter_body(long)

    cut = letter_of(body, died_at_ms=0, tries=0)
    assert MAX_BYTES // 3 < len(body) <= MAX_BYTES
    assert f"({1000 - len(cut.rows)} more rows are not listed)" in cut.reason
    assert long == evolve(cut, rows=long.rows, reason=long.reason)


def test_a_letter_whose_one_row_is_too_long_is_kept() -> None:
    """Then no row is listed."""
    row = RefusedRow(number=0, line=1, reason="too large", payload="x" * MAX_BYTES)
    cut = letter_of(letter_body(evolve(LETTER, rows=(row,))), died_at_ms=0, tries=0)

    assert ((), "line 9: the item is larger than 400 kB (1 more rows are not listed)") == (
        cut.rows,
        cut.reason,
    )


def test_a_part_is_a_group_and_an_attempt_a_message() -> None:
    """Attempts of a part follow each other; SQS takes each of them."""
    again = evolve(MESSAGE, attempt=3)

    assert group_id(MESSAGE) == group_id(again)
    assert 4 == len({*map(deduplication_id, (MESSAGE, again)), *map(burial_id, (MESSAGE, again))})


def test_ids_are_what_sqs_takes() -> None:
    """At most 128 letters and digits, whatever the key."""
    odd = evolve(MESSAGE, part=evolve(MESSAGE.part, key="ü /\n" * 300))

    for each in (group_id(odd), deduplication_id(odd), burial_id(odd)):
        assert re.fullmatch("[0-9a-f]{1,128}", each)
