"""Tombstones: what is left of a forgotten vehicle, so that nothing brings it back."""

from __future__ import annotations

import hashlib

from attrs import frozen

from fleetcore.domain.fingerprint import MASK, mix


@frozen(kw_only=True, slots=True)
class Tombstone:
    """A forgotten vehicle, without its id: it stands before every version there ever is.

    `key` tells whether an id is the forgotten one: SHA-256 of it in UTF-8, in hex. Who can guess
    an id can check the guess. `leaf` is where its register was summed; `forgotten_at_ms` (epoch
    ms) when it was forgotten first.
    """

    key: str
    leaf: int
    forgotten_at_ms: int

    @property
    def word(self) -> int:
        """What it adds to its sums in the place of the register."""
        return mix(int(self.key[:16], 16) & MASK)


def key_of(vehicle_id: str) -> str:
    """The key of the tombstone of this vehicle."""
    return hashlib.sha256(vehicle_id.encode()).hexdigest()
