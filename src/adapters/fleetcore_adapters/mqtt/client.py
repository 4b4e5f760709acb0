"""paho's client, quick at what a listener does for every message."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MessageType, MQTTErrorCode

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

_NONE: Final = b"\0"
"""How the properties of a message without properties are written: their length."""

_AHEAD_BYTES: Final = 1 << 16


class LeanClient(Client):
    """Reads messages without properties itself, and what is there of the socket at once.

    For every message paho builds tables of all properties there are, which takes longer than
    everything else that a listener does with it; and it asks the system for one byte, one byte
    and the rest. What is overridden and called here are methods that paho does not document.
    """

    _ahead = BytesIO()
    _ahead_bytes = 0
    _ahead_of: SocketLike | None = None

    @property
    def has_more(self) -> bool:
        """Whether something was read from the socket already that is not looked at yet."""
        return self._ahead_of is self._sock and self._ahead.tell() < self._ahead_bytes

    def acknowledge(self, identifiers: Sequence[int]) -> None:
        """Acknowledge messages of QoS 1, in this order, with one write for all of them."""
        if identifiers:
            packets = b"".join(
                struct.pack("!BBH", MessageType.PUBACK, 2, each) for each in identifiers
            )
            self._packet_queue(MessageType.PUBACK, packets, identifiers[-1], 1)

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self.has_more:
            content = super()._sock_recv(_AHEAD_BYTES)
            self._ahead, self._ahead_bytes = BytesIO(content), len(content)
            self._ahead_of = self._sock
        return self._ahead.read(bufsize)

    def _handle_publish(self) -> MQTTErrorCode:
        packet = self._in_packet["packet"]
        qos = self._in_packet["command"] >> 1 & 3
        topic_ends = 2 + int.from_bytes(packet[:2], "big")
        properties_at = topic_ends + 2 * (qos > 0)
        content_at = properties_at + len(_NONE)
        on_message = self.on_message
        if qos > 1 or on_message is None or packet[properties_at:content_at] != _NONE:
            return super()._handle_publish()
        identifier = int.from_bytes(packet[topic_ends:properties_at], "big")
        message = MQTTMessage(mid=identifier, topic=bytes(packet[2:topic_ends]))
        message.qos = qos
        message.payload = bytes(packet[content_at:])
        on_message(self, None, message)
        return MQTTErrorCode.MQTT_ERR_SUCCESS
