"""Which rows are of forgotten vehicles."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fleetcore.domain.digests import LEAVES
from fleetcore.domain.tombstones import key_of
from fleetcore.ports.catalogue import Catalogue
from fleetcore_adapters.arrow.columns import Mask
from fleetcore_adapters.arrow.texts import text_hashes
from fleetcore_adapters.vectors.texts import leaves_by_hash


class Buried:
    """The forgotten vehicles a catalogue knows, read again when there are more."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._keys: frozenset[str] = frozenset()
        self._has_any: Mask = np.zeros(LEAVES, dtype=np.bool_)

    def rows_of(self, ids: pa.DictionaryArray, buried: int) -> Mask:
        """Which of these vehicle ids are forgotten, of so many or more."""
        if not buried:
            return np.zeros(len(ids), dtype=np.bool_)
        if buried > len(self._keys):
            self._read()
        has_any, keys = self._has_any, self._keys
        found: Mask = np.zeros(len(ids.dictionary), dtype=np.bool_)
        leaves = leaves_by_hash(text_hashes(ids.dictionary))
        for place in np.flatnonzero(has_any[leaves]).tolist():
            found[place] = key_of(ids.dictionary[place].as_py()) in keys
        by_row: Mask = found[ids.indices.to_numpy()]
        return by_row

    def _read(self) -> None:
        tombstones = self._catalogue.tombstones()
        has_any: Mask = np.zeros(LEAVES, dtype=np.bool_)
        has_any[[each.leaf for each in tombstones]] = True
        self._keys, self._has_any = frozenset(each.key for each in tombstones), has_any
