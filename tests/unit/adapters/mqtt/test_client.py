"""The lean client hears what paho's own hears."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fleetcore_adapters.mqtt.client import LeanClient

C = TypeVar("C", bound=Client)


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


@contextmanager
def connected(kind: type[C]) -> Iterator[tuple[C, socket.socket]]:
    """A client on a socket, and the broker's end of it."""
    ours, brokers = socket.socketpair()
    with ours, brokers:
        ours.setblocking(False)
        client = kind(CallbackAPIVersion.VERSION2, protocol=MQTTv5, manual_ack=True)
        client._sock = cast("Any", ours)
        yield client, brokers


def read_by(kind: type[Client], pieces: list[bytes]) -> list[tuple[object, ...]]:
    """What a client gives to its listener while bytes come in pieces, until they end."""
    came: list[tuple[object, ...]] = []
    with connected(kind) as (client, brokers):
        client.on_message = lambda _client, _data, message: came.append(
            (message.mid, message._topic, message.payload)
        )
        for piece in pieces:
            brokers.sendall(piece)
            before = -1
            while before < len(came):
                before = len(came)
                client.loop_read()
    return came


@given(st.lists(packets().filter(lambda each: len(each[1]) < 128), max_size=8), st.data())
def test_reads_what_paho_reads(sent: list[tuple[int, bytes]], data: st.DataObject) -> None:
    """However the bytes come, none is lost, and none taken for another's."""
    whole = b"".join(bytes([command, len(packet)]) + packet for command, packet in sent)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=4).map(sorted))
    pieces = [whole[start:end] for start, end in pairwise([0, *cuts, len(whole)])]

    assert _or_error(read_by, Client, pieces) == _or_error(read_by, LeanClient, pieces)


def _or_error(heard: Callable[..., object], *given: object) -> object:
    try:
        return heard(*given)
    except Exception as error:  # noqa: BLE001 - which one it is, is compared
        return type(error)


def test_nothing_is_left_of_a_connection_that_broke() -> None:
    """What was read ahead of it is not taken for the next one's."""
    packet = b"\x30\x04\x00\x01t\x00"
    with connected(LeanClient) as (client, brokers):
        came: list[bytes] = []
        client.on_message = lambda _client, _data, message: came.append(message._topic)
        brokers.sendall(packet + b"\x30\x04\x00")
        client.loop_read()
        ahead = [client.has_more]
        ours, anew = socket.socketpair()
        with ours, anew:
            ours.setblocking(False)
            client._sock = cast("Any", ours)
            ahead.append(client.has_more)
            anew.sendall(packet)
            client.loop_read()

    assert ([b"t", b"t"], [True, False]) == (came, ahead)


@given(st.lists(st.integers(1, 0xFFFF), max_size=5))
def test_acknowledges_as_paho_does(identifiers: list[int]) -> None:
    """The same bytes, at once."""
    with connected(Client) as (client, brokers):
        for each in identifiers:
            client.ack(each, 1)
        brokers.setblocking(False)
        expected = brokers.recv(1000) if identifiers else b""
    with connected(LeanClient) as (lean, brokers):
        lean.acknowledge(identifiers)
        brokers.setblocking(False)
        assert expected == (brokers.recv(1000) if identifiers else b"")


@pytest.mark.parametrize("method", ["_handle_publish", "_sock_recv", "_packet_queue"])
def test_paho_still_has_this_method(method: str) -> None:
    """They are not documented, and one that is overridden would not be missed."""
    assert hasattr(Client, method)
