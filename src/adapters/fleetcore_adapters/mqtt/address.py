"""Where messages come from: a broker and a topic, as a URL names them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from attrs import frozen

from fleetcore.errors import InvalidConfiguration

# Not `urlsplit`, which takes the # of a topic for the beginning of a fragment.
_URL: Final = re.compile(
    r"(?P<scheme>mqtts?)://(?:(?P<user>[^@/]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/@\[\]]+)"
    r"(?::(?P<port>[0-9]{1,5}))?/(?P<topic>.+)",
    re.IGNORECASE,
)
_FORM: Final = "mqtt://[USER@]HOST[:PORT]/TOPIC, or mqtts:// for TLS"
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_MOST_PORT: Final = 0xFFFF
_MOST_TOPIC_BYTES: Final = 0xFFFF


@frozen(kw_only=True, slots=True)
class Address:
    """A topic (with wildcards `+` and `#`) of a broker, and how it is reached."""

    host: str
    port: int
    tls: bool
    user: str | None
    topic: str

    @property
    def broker(self) -> str:
        """The broker in words, without the user."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def address_of(url: str) -> Address:
    """What a URL names. Raises `InvalidConfiguration` for another form, or no possible topic."""
    found = _URL.fullmatch(url)
    if found is None:
        raise InvalidConfiguration(f"{_without_user(url)!r} is not of the form {_FORM}")
    scheme, user = found["scheme"].lower(), found["user"]
    if user is not None and ":" in user:
        raise InvalidConfiguration(
            "a password in a URL is seen by everybody on the machine; leave it out and give "
            "--password-file FILE"
        )
    port = int(found["port"] or _PORTS[scheme])
    if not 0 < port <= _MOST_PORT:
        raise InvalidConfiguration(f"port {port} is not between 1 and {_MOST_PORT}")
    host = found["host"].strip("[]")
    try:
        host.encode("idna")
    except UnicodeError:
        raise InvalidConfiguration(f"{host!r} is no name of a host") from None
    return Address(
        host=host,
        port=port,
        tls=scheme == "mqtts",
        user=unquote(user) if user else None,
        topic=_checked(found["topic"]),
    )


def _without_user(url: str) -> str:
    """A URL that may be shown: who is before the @, perhaps with a password, left out."""
    return re.sub(r"//.*@", "//", url)


def _checked(topic: str) -> str:
    *first, last = topic.split("/")
    if any("#" in level for level in first) or (last != "#" and "#" in last):
        raise InvalidConfiguration(f"topic {topic!r}: # stands alone at the end, as in fleet/#")
    if any("+" in level and level != "+" for level in (*first, last)):
        raise InvalidConfiguration(f"topic {topic!r}: + stands for a whole level, as in fleet/+")
    if first[:1] == ["$share"]:
        raise InvalidConfiguration(f"topic {topic!r}: name the group that shares it by --group")
    if "\0" in topic or len(topic.encode(errors="replace")) > _MOST_TOPIC_BYTES:
        raise InvalidConfiguration("the topic is longer than 65,535 bytes, or holds a NUL")
    return topic
