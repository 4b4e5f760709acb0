"""Where regions are: `[regions.<name>]` in a `fleet.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from fleetcore.application.config_sections import check_keys, table_of
from fleetcore.errors import InvalidConfiguration

HOME: Final = "home"
"""What a region is called where nobody gave it a name."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def regions_in(document: Mapping[str, object]) -> dict[str, str]:
    """The address of each region, `HOST:PORT`, by its name, in the order of the file.

    The first one that answers conducts consistency runs. Raises `InvalidConfiguration`.
    """
    regions = table_of(document, "regions")
    found: dict[str, str] = {}
    for name in regions:
        table = table_of(regions, name, within="regions.")
        check_keys(table, ("address",), "key", f"regions.{checked_name(name)}")
        address = table.get("address")
        if not isinstance(address, str):
            raise InvalidConfiguration(
                f'[regions.{name}] address = {address!r}: allowed is text, "HOST:PORT"'
            )
        found[name] = address
    return found


def checked_name(name: str) -> str:
    """The name of a region, if it is one. Raises `InvalidConfiguration`."""
    if _NAME.fullmatch(name) is None:
        raise InvalidConfiguration(
            f"{name!r} is no name of a region: small letters, digits and hyphens, at most 40"
        )
    return name
