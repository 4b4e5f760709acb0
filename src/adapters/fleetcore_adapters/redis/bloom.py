"""How large a Bloom filter is, and which bits belong to an identity."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

HASHES: Final = 4
"""Bits an identity has."""

BITS_EACH: Final = 10
"""Bits a filter has for each identity it has room for: of so many 1.2 % are wrongly met."""

HEADROOM: Final = 16
"""A filter has room for so many times the identities that were expected."""

MIN_BITS: Final = 2**13
MAX_BITS: Final = 2**25 - 2**10
"""1 KiB to 4 MiB, with what an allocator adds: what 209,000 expected identities ask for. A filter
that is too small says "maybe" more often, and nothing else."""


def bits_for(expected: int) -> int:
    """Bits of a filter for about `expected` identities: a multiple of 8."""
    wanted = max(expected, 0) * HEADROOM * BITS_EACH
    return min(max(-(-wanted // 8) * 8, MIN_BITS), MAX_BITS)


def positions(identity: tuple[str, int], bits: int) -> Iterator[int]:
    """The bits of a vehicle and instant: double hashing of one 128-bit hash."""
    vehicle_id, observed_at = identity
    digest = blake2b(
        f"{observed_at}/{vehicle_id}".encode(errors="surrogatepass"), digest_size=16
    ).digest()
    start, step = int.from_bytes(digest[:8]), int.from_bytes(digest[8:]) | 1
    return ((start + turn * step) % bits for turn in range(HASHES))
