"""Who brought a row into the log: a file, who takes live events in, or another region."""

from __future__ import annotations

import re
from typing import Final

REPLICA: Final = "replica-"
"""How the ingestion of rows begins that another region took in; the rest is its name."""

_FILE: Final = re.compile(r"[0-9a-f]+(?:-[0-9]+)?")


def is_of_file(ingestion: str) -> bool:
    """Whether the ingestion is that of a file: hexadecimal digits, and the attempt."""
    return _FILE.fullmatch(ingestion) is not None


def is_own(ingestion: str) -> bool:
    """Whether rows with this ingestion were taken in here, so that other regions may lack them."""
    return not ingestion.startswith(REPLICA)
