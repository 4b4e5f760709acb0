"""Which of a broker's answers are final, in the words of whoever has to mend them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final

from paho.mqtt.reasoncodes import ReasonCode

from fleetcore.errors import BrokerRefused

_LOGIN: Final = "check the user and password (mqtt://USER@..., --password-file)"

_ADVICE: Final[Mapping[int, str]] = {
    0x81: "it does not understand MQTT 5; use a broker that does",
    0x82: "it does not understand MQTT 5; use a broker that does",
    0x84: "it does not understand MQTT 5; use a broker that does",
    0x85: "it does not allow this client id; give another: --client-id",
    0x86: _LOGIN,
    0x87: f"{_LOGIN}; or the user may not read this topic: its access rules",
    0x8A: "it has banned this client; ask who runs it",
    0x8C: "it wants another way to log in than user and password",
    0x8E: "another listener came with the same client id; give each its own --client-id",
    0x8F: "it does not allow this topic; check it in the URL",
    0x9E: "it does not share subscriptions; leave out --group and run one listener",
    0xA2: "it does not allow wildcards in topics; name the topic whole",
}
"""By reason code of MQTT 5. Others (busy, shutting down, ...) pass, and are tried again."""


def refusal_by(code: ReasonCode, broker: str) -> BrokerRefused | None:
    """The error of an answer that is final; None for one that may be another next time."""
    advice = _ADVICE.get(code.value)
    if advice is None:
        return None
    return BrokerRefused(f"{broker} refused ({code.getName()}): {advice}")


def unanswered(broker: str, times: int) -> BrokerRefused:
    """The error of connections by TLS that a broker ended one after the other without a word."""
    return BrokerRefused(
        f"{broker} ended {times} connections before it answered; it may want a certificate it "
        "knows: --cert FILE --key FILE"
    )


def refusal_of(error: OSError, broker: str) -> BrokerRefused | None:
    """The error of a TLS connection that cannot be made so; None where it only failed now."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return BrokerRefused(
            f"{broker}: its certificate is not to be trusted ({error.verify_message}); say who "
            "vouches for it: --ca FILE"
        )
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        return BrokerRefused(
            f"{broker} refused the connection ({error.reason}); it may want a certificate it "
            "knows: --cert FILE --key FILE"
        )
    if isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
        return BrokerRefused(f"{broker} does not speak TLS there; use mqtt://, or its TLS port")
    return None
