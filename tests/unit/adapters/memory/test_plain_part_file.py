"""The plain form of parts: what goes in comes out, to the last bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject
from fleetcore.testing.strategies import stored_events
from fleetcore_adapters.memory.part_file import decode, encode


@given(events=st.lists(stored_events(), max_size=4))
def test_rows_come_back_as_they_were(events: list[StoredEvent]) -> None:
    """Floats to the last bit and texts to the last character, in the order given."""
    content = encode(events)

    assert repr(tuple(events)) == repr(decode(content))
    assert content == encode(decode(content))


def test_no_rows_are_no_bytes() -> None:
    """A part without rows is empty."""
    assert (b"", ()) == (encode([]), decode(b""))


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{}",
        b"{}\n",
        b"[]\n",
        b"1\n",
        b"\xff\n",
        b'{"event": {"vehicle_id": ""}}\n',
    ],
)
def test_damage_is_told(content: bytes) -> None:
    """What is no part is a corrupt object, whatever is wrong with it."""
    with pytest.raises(CorruptObject):
        decode(content)
