"""What is known of registers without asking SQLite for them again."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from typing import Final

from fleetcore_adapters.local import register_rows as rows
from fleetcore_adapters.local import register_sums

MOST_KNOWN: Final = 400_000
"""How many are remembered: some 100 MB."""


class KnownRegisters:
    """Remembers registers as long as nobody else changes any. Not to be shared between threads."""

    def __init__(self) -> None:
        self._known: dict[str, rows.Known] = {}
        self._changes = 0

    def of(
        self, connection: sqlite3.Connection, vehicle_ids: Collection[str]
    ) -> list[rows.Known | None]:
        """What is known of these vehicles, inside a transaction that writes; None: no register."""
        changes = register_sums.changes(connection)
        if changes != self._changes or len(self._known) > MOST_KNOWN:
            self._known.clear()
            self._changes = changes
        found = list(map(self._known.get, vehicle_ids))
        if None in found:
            missing = [each for each in vehicle_ids if each not in self._known]
            self._known.update(rows.known(connection, missing))
            found = list(map(self._known.get, vehicle_ids))
        return found

    def changed(self, known: Mapping[str, rows.Known]) -> None:
        """Remember registers as they were changed in one step that is committed now."""
        self._changes += 1
        self._known.update(known)
