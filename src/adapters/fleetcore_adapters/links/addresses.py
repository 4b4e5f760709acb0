"""Where regions listen: `HOST:PORT`."""

from __future__ import annotations

import ipaddress
from typing import Final

from attrs import frozen

from fleetcore.errors import InvalidConfiguration

MOST_PORTS: Final = 1 << 16


@frozen(slots=True)
class Address:
    """A host, by name or number, and a TCP port; 0 is any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether nobody on another machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def address_of(text: str) -> Address:
    """The address in `HOST:PORT`, an IPv6 host in brackets. Raises `InvalidConfiguration`."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) >= MOST_PORTS:
        raise InvalidConfiguration(f"{text!r} is no HOST:PORT, such as 127.0.0.1:7301")
    return Address(host, int(port))


def check_secret(address: Address, secret: bytes) -> None:
    """Raise `InvalidConfiguration` where others could reach an address and nothing keeps them."""
    if not secret and not address.is_loopback:
        raise InvalidConfiguration(
            f"the region at {address} can be reached from other machines: set the same "
            "FLEETCORE_LINK_SECRET for every region"
        )
