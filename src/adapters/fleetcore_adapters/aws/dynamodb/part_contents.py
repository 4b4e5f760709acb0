"""What is in parts: the rows of their objects, once these are what was committed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import frozen

from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject
from fleetcore.ports.object_store import ObjectStore

ReadRows: TypeAlias = Callable[[bytes], Sequence[StoredEvent]]
"""Decodes a part. Raises `CorruptObject`."""


@frozen(slots=True)
class PartContents:
    """Reads parts from the object store."""

    objects: ObjectStore
    read_rows: ReadRows

    def rows(self, key: str, sha256: str, count: int) -> Sequence[StoredEvent]:
        """All rows of a part. Raises `ObjectMissing`, `CorruptObject`, `StorageUnavailable`."""
        content = self.objects.get(key)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise CorruptObject(f"{key!r} is not the part that was committed: sha256 differs")
        rows = self.read_rows(content)
        if len(rows) != count:
            raise CorruptObject(f"{key!r} has {len(rows)} rows, not {count}")
        return rows
