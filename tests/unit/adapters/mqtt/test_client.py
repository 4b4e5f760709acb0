"""The lean client hears what paho's own hears."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fleetcore_adapters.mqtt.client import LeanClient


def heard_by(kind: type[Client], command: int, packet: bytes) -> tuple[object, ...]:
    """What a client gives to its listener for a packet that came, and how it ends."""
    client = kind(CallbackAPIVersion.VERSION2, protocol=MQTTv5, manual_ack=True)
    came: list[MQTTMessage] = []
    client.on_message = lambda _client, _data, message: came.append(message)
    client._in_packet["command"] = command
    client._in_packet["packet"] = bytearray(packet)
    try:
        ended = client._handle_publish()
    except Exception as error:  # noqa: BLE001 - which one it is, is compared
        return (type(error),)
    return (ended, *((m.mid, m._topic, m.qos, m.payload) for m in came))


@st.composite
def packets(draw: st.DrawFn) -> tuple[int, bytes]:
    """Messages with and without properties, cut off anywhere at times."""
    topic = draw(st.text(max_size=20)).encode(errors="replace") or draw(st.binary(max_size=3))
    qos = draw(st.sampled_from((0, 1)))
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's
    if draw(st.booleans()):
        properties.ContentType = draw(st.sampled_from(("json", "x")))
    packet = struct.pack("!H", len(topic)) + topic
    packet += struct.pack("!H", draw(st.integers(1, 0xFFFF))) if qos else b""
    packet += properties.pack()  # type: ignore[no-untyped-call] # paho's
    packet += draw(st.binary(max_size=40))
    if draw(st.integers(0, 9)) == 0:
        packet = packet[: draw(st.integers(0, len(packet)))]
    return 0x30 | qos << 1, packet


@given(packets())
def test_hears_what_paho_hears(came: tuple[int, bytes]) -> None:
    """Whatever a message looks like, both clients give the same to their listener."""
    assert heard_by(Client, *came) == heard_by(LeanClient, *came)


def test_paho_still_asks_for_this_method() -> None:
    """Paho hands messages to the method that is overridden: else it would not be quick."""
    assert hasattr(Client, "_handle_publish")
