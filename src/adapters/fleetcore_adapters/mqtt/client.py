"""paho's client, quick at what nearly all messages are."""

from __future__ import annotations

from typing import Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode

_NONE: Final = b"\0"
"""How the properties of a message without properties are written: their length."""


class LeanClient(Client):
    """Reads messages without properties itself; all others are left to paho.

    For every message paho builds tables of all properties there are, which takes longer than
    everything else that a listener does with it. The method is paho's own: where a later paho has
    no such method, this one is never called, and everything works as before.
    """

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
