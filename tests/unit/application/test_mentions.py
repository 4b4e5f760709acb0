"""Whether a text names a forgotten vehicle."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.application.mentions import Mentions
from fleetcore.domain.location import readable_id
from fleetcore.domain.tombstones import key_of

BY_ID = Mentions([key_of("cab-1")], ["cab-1"])
BY_KEY = Mentions([key_of("cab-1")])


@pytest.mark.parametrize("mentions", [BY_ID, BY_KEY], ids=["by-id", "by-key"])
@pytest.mark.parametrize(
    "text",
    [
        "cab-1",
        "cab-1,2024-05-06,48,11",
        "48;11; cab-1 ;x",
        '"cab-1",48',
        "48 11 cab-1 7",
        "48\tcab-1\t7",
        "fleet/cab-1/position",
        '{"id":"cab-1"}',
        '{"id": "cab\\u002d1"}',
        "cab-1|broken \udcff",
        "vehicle=cab-1",
    ],
)
def test_is_found(mentions: Mentions, text: str) -> None:
    """In cells, words, topics and strings, escaped or not."""
    assert mentions.are_in(text)


@pytest.mark.parametrize("mentions", [BY_ID, BY_KEY], ids=["by-id", "by-key"])
@pytest.mark.parametrize("text", ["", "cab-12,48", "xcab-1", "cab 1", "CAB-1", "cab", "\udcff"])
def test_others_are_not(mentions: Mentions, text: str) -> None:
    """An id that only holds the other one, or is nearly it, is another vehicle's."""
    assert not mentions.are_in(text)


def test_a_known_id_is_found_inside_names() -> None:
    """By the key alone only what stands by itself can be recognised."""
    assert (True, False) == (BY_ID.are_in("x/cab-1_may.csv"), BY_KEY.are_in("x/cab-1_may.csv"))


@given(vehicle_id=st.text('aé-. 7"\\', min_size=1).filter(lambda each: each == each.strip()))
def test_any_id_in_a_json_string_is_found(vehicle_id: str) -> None:
    """However it is escaped."""
    payload = json.dumps({"id": vehicle_id})

    assert readable_id(vehicle_id)
    assert Mentions([key_of(vehicle_id)]).are_in(payload)


def test_ids_are_compared_as_they_are_read() -> None:
    """In NFC, whatever the bytes of the file were."""
    assert Mentions([key_of("caf\u00e9")]).are_in("48,cafe\u0301")


def test_says_who_is_one() -> None:
    """A vehicle's whole id, by its key."""
    assert (True, False) == (BY_KEY.is_one("cab-1"), BY_KEY.is_one("cab-12"))
