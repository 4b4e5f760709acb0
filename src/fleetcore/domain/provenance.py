"""Who brought a row into the log: a file, who takes live events in, or another region."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from fleetcore.errors import InvalidInput

REPLICA: Final = "replica-"
"""How the ingestion of rows begins that another region took in; the rest is its name."""

_FILE: Final = re.compile(r"[0-9a-f]+(?:-[0-9]+)?")


def is_of_file(ingestion: str) -> bool:
    """Whether the ingestion is that of a file: hexadecimal digits, and the attempt."""
    return _FILE.fullmatch(ingestion) is not None


def live_ingestion(ingestions: Collection[str]) -> str:
    """The one live ingestion of all of these.

    Raises `InvalidInput` where they are several, or that of a file.
    """
    different = set(ingestions)
    if len(different) != 1:
        raise InvalidInput(f"batches of {len(different)} ingestions are not appended as one")
    (ingestion,) = different
    if is_of_file(ingestion):
        raise InvalidInput(
            f"ingestion {ingestion!r} is that of a file: a live one has another name, "
            "such as 'live-1'"
        )
    return ingestion


def is_own(ingestion: str) -> bool:
    """Whether rows with this ingestion were taken in here, so that other regions may lack them."""
    return not ingestion.startswith(REPLICA)
