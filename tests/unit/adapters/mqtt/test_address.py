"""What the URL of a broker and a topic means."""

from __future__ import annotations

import pytest

from fleetcore.errors import InvalidConfiguration
from fleetcore_adapters.mqtt.address import Address, address_of


def address(
    host: str, topic: str, *, port: int = 1883, tls: bool = False, user: str | None = None
) -> Address:
    """An address, of a broker without TLS on the usual port."""
    return Address(host=host, port=port, tls=tls, user=user, topic=topic)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://localhost/fleet/#", address("localhost", "fleet/#")),
        ("MQTT://h:99/#", address("h", "#", port=99)),
        ("mqtts://h/a/+/b", address("h", "a/+/b", port=8883, tls=True)),
        ("mqtt://me%40home@h/t", address("h", "t", user="me@home")),
        ("mqtt://@h/t", address("h", "t")),
        ("mqtt://[::1]:1884//a?b", address("::1", "/a?b", port=1884)),
        ("mqtt://h/$SYS/+", address("h", "$SYS/+")),
    ],
)
def test_a_url_names_a_broker_and_a_topic(url: str, expected: Address) -> None:
    """The topic is all behind the first slash; the port is that of the scheme."""
    assert expected == address_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mqtt://",
        "mqtt://h",
        "mqtt://h/",
        "mqtt:///t",
        "http://h/t",
        "mqtt://h:0/t",
        "mqtt://h:65536/t",
        "mqtt://h:x/t",
        "mqtt://a..b/t",
        "mqtt://h/a/#/b",
        "mqtt://h/a#",
        "mqtt://h/a+/b",
        "mqtt://h/$share/g/t",
        "mqtt://h/a\0b",
        f"mqtt://h/{'x' * 70_000}",
    ],
)
def test_what_names_none_is_refused(url: str) -> None:
    """As something that the caller said."""
    with pytest.raises(InvalidConfiguration):
        address_of(url)


@pytest.mark.parametrize("url", ["mqtt://me:secret@h/t", "mqtt://me:secret@h:x/t"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    """Everybody on the machine sees a command line."""
    with pytest.raises(InvalidConfiguration) as caught:
        address_of(url)

    assert "secret" not in str(caught.value)


def test_a_broker_is_named_without_its_user() -> None:
    """Messages and logs repeat it."""
    assert "mqtts://h:8883" == address_of("mqtts://me@h/t").broker
