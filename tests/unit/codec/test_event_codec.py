"""Events to envelopes and back, and the upcasting of older ones."""

from __future__ import annotations

import json

import pytest
from attrs import frozen

from fleetcore.codec.envelope import Envelope
from fleetcore.codec.event_codec import Body, EventCodec, WireType
from fleetcore.errors import UndecodableEvent


@frozen(kw_only=True, slots=True)
class Refuelled:
    """An event of this test. Version 1 had gallons, version 2 no station."""

    vehicle_id: str
    litres: float
    station: str | None


def _litres_for_gallons(body: Body) -> Body:
    gallons = body["gallons"]
    if not isinstance(gallons, float):
        raise TypeError("gallons is no number")
    rest = {key: value for key, value in body.items() if key != "gallons"}
    return rest | {"litres": gallons * 4}


def _without_station(body: Body) -> Body:
    return body | {"station": None}


WIRE = WireType(name="test.refuelled", version=3, event=Refuelled)
CODEC: EventCodec[Refuelled] = EventCodec(
    (WIRE,),
    {("test.refuelled", 1): _litres_for_gallons, ("test.refuelled", 2): _without_station},
)
EVENT = Refuelled(vehicle_id="cab-1", litres=40.0, station=None)
BODY: Body = {"vehicle_id": "cab-1", "litres": 40.0, "station": None}


def _envelope(body: Body, version: int = 3, name: str = "test.refuelled") -> Envelope:
    return Envelope(name=name, version=version, body=json.dumps(body))


def test_encodes_the_current_version_compactly() -> None:
    """The text is one line without blanks, its keys sorted."""
    expected = Envelope(
        name="test.refuelled",
        version=3,
        body='{"litres":40.0,"station":null,"vehicle_id":"cab-1"}',
    )

    assert expected == CODEC.encode(EVENT)


def test_decodes_the_current_version() -> None:
    """What was encoded comes back equal, whatever the order of its keys."""
    assert EVENT == CODEC.decode(CODEC.encode(EVENT)) == CODEC.decode(_envelope(BODY))


@pytest.mark.parametrize(
    "envelope",
    [
        _envelope({"vehicle_id": "cab-1", "gallons": 10.0}, 1),
        _envelope({"vehicle_id": "cab-1", "litres": 40.0}, 2),
    ],
    ids=["v1", "v2"],
)
def test_older_versions_are_upcast_step_by_step(envelope: Envelope) -> None:
    """A body of any earlier version passes every upcaster up to the current one."""
    assert EVENT == CODEC.decode(envelope)


@pytest.mark.parametrize(
    ("envelope", "why"),
    [
        (_envelope(BODY, name="test.washed"), "name is unknown"),
        (_envelope(BODY, 4), "newest version known"),
        (_envelope(BODY, 0), "nothing upcasts version 0"),
        (_envelope(BODY | {"pump": 1}), "pump"),
        (_envelope({"vehicle_id": "cab-1", "litres": 40.0}), "station"),
        (_envelope(BODY | {"litres": "40"}), "litres"),
        (_envelope(BODY | {"litres": True}), "litres"),
        (_envelope(BODY | {"vehicle_id": 1}), "vehicle_id"),
        (_envelope({"litres": 40.0}, 2), "vehicle_id"),
        (_envelope({"vehicle_id": "cab-1"}, 1), "gallons"),
        (Envelope(name="test.refuelled", version=3, body="{"), "not JSON"),
        (Envelope(name="test.refuelled", version=3, body="[]"), "not a JSON object"),
    ],
)
def test_what_cannot_be_read_keeps_its_payload(envelope: Envelope, why: str) -> None:
    """The error says which event and why, and holds all that was stored."""
    with pytest.raises(UndecodableEvent, match=why) as raised:
        CODEC.decode(envelope)

    assert repr(envelope.name) in str(raised.value)
    assert {
        "name": envelope.name,
        "version": envelope.version,
        "body": envelope.body,
    } == raised.value.payload


def test_decoding_leaves_the_registry_alone() -> None:
    """An upcaster's work is not remembered: the same envelope decodes again."""
    envelope = _envelope({"vehicle_id": "cab-1", "gallons": 10.0}, 1)

    assert CODEC.decode(envelope) == CODEC.decode(envelope)


def test_integers_stand_for_floats() -> None:
    """JSON writers may drop a float's point."""
    assert EVENT == CODEC.decode(_envelope(BODY | {"litres": 40}))
