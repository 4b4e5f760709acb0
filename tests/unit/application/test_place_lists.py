"""Riders, drivers and requests of files and messages."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.application.place_lists import ListedKind, listed_in, take_in
from fleetcore.domain.messages import Message
from fleetcore.domain.places import Driver, Rider, TripRequest
from fleetcore.errors import InvalidInput
from fleetcore_adapters.memory.places import MemoryPlaces

NOW_MS = 1_700_000_000_000
ANA = Rider(rider_id="r1", name="Ana", latitude=48.1, longitude=11.5, observed_at=5)
KINDS: tuple[ListedKind, ...] = ("rider", "driver", "trip")


@pytest.mark.parametrize(
    "content",
    [
        b"rider_id,name,latitude,longitude,observed_at\nr1,Ana,48.1,11.5,5\n",
        b"\xef\xbb\xbflatitude, longitude,rider_id,name,observed_at,shoe\n48.1,11.5,r1,Ana,5,42\n",
        b"""[{"rider_id": "r1", "name": "Ana", "latitude": 48.1, "longitude": 11.5,
              "observed_at": 5}]""",
        b'{"rider_id":"r1","name":" Ana ","latitude":"48.1","longitude":11.5,"observed_at":"5"}\n',
    ],
)
def test_a_rider_is_read(content: bytes) -> None:
    """From CSV, a JSON array and JSON lines alike."""
    assert (ANA,) == listed_in("rider", content, "f", NOW_MS)


def test_what_is_not_said_is_left_open() -> None:
    """Names and ratings are unknown, and a time is now."""
    assert listed_in("rider", b"rider_id,latitude,longitude,name\n7,0,0,\n", "f", NOW_MS) == (
        Rider(rider_id="7", latitude=0.0, longitude=0.0, observed_at=NOW_MS),
    )
    assert listed_in("driver", b"vehicle_id,rating\na,4.5\nb,\n", "f", NOW_MS) == (
        Driver(vehicle_id="a", rating=4.5),
        Driver(vehicle_id="b"),
    )
    assert listed_in("trip", b'{"trip_id": 1, "rider_id": "r"}', "f", NOW_MS) == (
        TripRequest(trip_id="1", rider_id="r", requested_at=NOW_MS),
    )


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        ("trip", b'[{"trip_id": "t", "rider_id": "r", "requested_at": "1e3"}]', "is no time"),
        ("rider", b"\xff", "f: the file is not UTF-8"),
        ("rider", b"", "f: there is no column rider_id; found: none"),
        ("driver", b"name\nx\n", "f: there is no column vehicle_id; found: name"),
        ("rider", b"rider_id,latitude,longitude\nr1,91,0\n", "f: line 2: latitude '91' and"),
        ("rider", b"rider_id,latitude,longitude\nr1,,0\n", "f: line 2: latitude None and"),
        ("rider", b"rider_id,latitude,longitude\nr1,x,0\n", "f: line 2: latitude 'x' is not a"),
        ("rider", b"rider_id,latitude,longitude\n,1,0\n", "f: line 2: rider_id None is missing"),
        ("rider", b"[7]", "f: 7 is no JSON object"),
        ("rider", b"[", "f: it is not JSON"),
        ("driver", b'{"vehicle_id": "a"}\n{', "f: line 2: it is not JSON"),
        ("driver", b'{"vehicle_id": "a"}\n[]', "f: line 2: it is no JSON object"),
        ("driver", b'[{"vehicle_id": "a", "rating": "good"}]', "f: entry 1: rating 'good'"),
        ("driver", b'[{"vehicle_id": "a", "rating": NaN}]', "f: entry 1: rating nan"),
        ("driver", b'[{"vehicle_id": "a", "rating": true}]', "f: entry 1: rating True"),
        ("driver", b'[{"vehicle_id": "a", "name": "x\\u0007"}]', "f: entry 1: name 'x\\x07'"),
        ("driver", b'[{"vehicle_id": true}]', "f: entry 1: vehicle_id True is missing or no id"),
        ("trip", b'[{"trip_id": "t", "rider_id": "r", "requested_at": "x"}]', "'x' is no time"),
        ("trip", b'[{"trip_id": "t", "rider_id": "r", "requested_at": 1.5}]', "1.5 is no time"),
        ("trip", b'[{"trip_id": "t", "rider_id": "r", "requested_at": 1e999}]', "inf is no time"),
    ],
)
def test_a_fault_is_told_with_its_place(kind: ListedKind, content: bytes, why: str) -> None:
    """The file, and the line or entry."""
    with pytest.raises(InvalidInput, match=re.escape(why)):
        listed_in(kind, content, "f", NOW_MS)


@pytest.mark.parametrize(
    ("kind", "key", "entry"),
    [
        ("rider", "observed_at", {"rider_id": "r1", "latitude": 1, "longitude": 1}),
        ("trip", "requested_at", {"trip_id": "t1", "rider_id": "r1"}),
    ],
)
def test_a_time_ahead_is_refused(kind: ListedKind, key: str, entry: dict[str, object]) -> None:
    """Beyond a minute, or nothing later would be believed; within one it is a clock's error."""
    places = MemoryPlaces()
    within, ahead = (
        json.dumps({**entry, key: NOW_MS + ahead_ms}).encode() for ahead_ms in (60_000, 60_001)
    )

    (dead,) = take_in(places, kind, [message(ahead), message(within)])

    assert (ahead, "malformed") == (dead.message.payload, dead.code)
    assert f"{key} {NOW_MS + 60_001} is more than 60 s ahead" in dead.reasons[0]
    assert listed_in(kind, within, "f", NOW_MS) == places.read(kind)
    with pytest.raises(InvalidInput, match=f"f: line 1: {key} .* ahead"):
        listed_in(kind, ahead, "f", NOW_MS)


def message(payload: bytes) -> Message:
    """A message that came now."""
    return Message(topic="riders", payload=payload, received_at_ms=NOW_MS)


def test_messages_are_kept() -> None:
    """One or several in a message; what cannot be read comes back with why, the rest is kept."""
    places = MemoryPlaces()
    one = (
        b'{"rider_id": "r1", "name": "Ana", "latitude": 48.1, "longitude": 11.5, "observed_at": 5}'
    )
    two = b'[{"rider_id": "r2", "latitude": 0, "longitude": 0}, {"rider_id": "r3"}]'
    dead = take_in(places, "rider", [message(one), message(two), message(b"{")])

    assert (ANA,) == places.read("rider")
    assert [(two, "malformed"), (b"{", "malformed")] == [
        (each.message.payload, each.code) for each in dead
    ]
    assert "latitude None" in dead[0].reasons[0]


def test_a_message_without_a_time_is_of_when_it_came() -> None:
    """Later messages move a rider, and one that comes late does not."""
    places = MemoryPlaces()
    here = b'{"rider_id": "r1", "latitude": 1, "longitude": 1}'
    late = b'{"rider_id": "r1", "latitude": 2, "longitude": 2, "observed_at": 5}'
    take_in(places, "rider", [message(here), message(late)])

    assert places.read("rider") == (
        Rider(rider_id="r1", latitude=1.0, longitude=1.0, observed_at=NOW_MS),
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("rider_id", "vehicle_id", "latitude", "longitude", "observed_at", "name")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(KINDS), st.binary(max_size=30) | JSON.map(lambda it: json.dumps(it).encode())
)
def test_no_payload_does_harm(kind: ListedKind, payload: bytes) -> None:
    """Whatever the bytes are, a message is kept or comes back; a file is read or refused."""
    assert len(take_in(MemoryPlaces(), kind, [message(payload)])) in {0, 1}
    with suppress(InvalidInput):
        listed_in(kind, payload, "f", NOW_MS)
