"""Whether a text names a forgotten vehicle: by its id, or where that is not known by its key."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

from fleetcore.domain.location import readable_id
from fleetcore.domain.tombstones import key_of

REMEMBERED: Final = 1 << 18
"""Of so many texts it is known without hashing whether they are the id: more than a fleet has."""

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_CELLS: Final = re.compile(r"[,;|\t\r\n]")
_WORDS: Final = re.compile(r"""[\s,;|/:{}\[\]()"'=]+""")
_QUOTES: Final = " \"'\r\n"


class Mentions:
    """The vehicles with these tombstones' keys; `ids` are those of them that are known.

    A known id is found where no letter or digit is beside it: `cab-1` is in `x/cab-1_a.csv` and
    not in `cab-12`. Of others only whole cells, words and JSON strings are found.
    """

    def __init__(self, keys: Collection[str], ids: Collection[str] = ()) -> None:
        self.keys = frozenset(keys)
        self._ids = tuple(
            re.compile(rf"(?<![^\W_]){re.escape(each)}(?![^\W_])") for each in ids if each
        )
        self._is_key_known = lru_cache(REMEMBERED)(lambda text: key_of(text) in self.keys)

    def is_one(self, vehicle_id: str) -> bool:
        """Whether this is the id of a forgotten vehicle."""
        return self._is_key_known(vehicle_id)

    def are_in(self, text: str) -> bool:
        """Whether a text names a forgotten vehicle."""
        if any(pattern.search(text) for pattern in self._ids):
            return True
        return any(self.is_one(each) for each in _candidates(text))


def _candidates(text: str) -> Iterator[str]:
    """What in a text may be an id, as it would be read."""
    found = {cell.strip(_QUOTES) for cell in _CELLS.split(text)}
    found.update(_WORDS.split(text))
    for string in _STRING.findall(text):
        try:
            found.add(str(json.loads(string)))
        except ValueError:
            continue
    return (unicodedata.normalize("NFC", each) for each in found if readable_id(each))
