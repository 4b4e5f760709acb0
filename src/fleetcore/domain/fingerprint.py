"""The 64-bit fingerprint of a location event, the same in scalar and columnar code.

Every reported field becomes one 64-bit word: its bits plus a salt of its field number, through
the splitmix64 finaliser (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014). The fingerprint is the finaliser of the words' sum modulo 2**64. A
missing field adds nothing; -0.0 is 0.0. Field numbers are stored format: never reuse one.

The bits of a text are its UTF-8 bytes folded, eight at a time, through the same finaliser.
"""

from __future__ import annotations

import struct
from typing import Final, Protocol

MASK: Final = 0xFFFF_FFFF_FFFF_FFFF
GAMMA: Final = 0x9E37_79B9_7F4A_7C15

FIELD_NUMBERS: Final[dict[str, int]] = {
    "vehicle_id": 1,
    "observed_at": 2,
    "latitude": 3,
    "longitude": 4,
    "speed_kmh": 5,
    "heading_deg": 6,
    "accuracy_m": 7,
    "battery_pct": 8,
    "fuel_pct": 9,
    "status": 10,
    "city": 11,
}


class Reported(Protocol):
    """The fields a fingerprint covers."""

    @property
    def vehicle_id(self) -> str: ...
    @property
    def observed_at(self) -> int: ...
    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...
    @property
    def speed_kmh(self) -> float | None: ...
    @property
    def heading_deg(self) -> float | None: ...
    @property
    def accuracy_m(self) -> float | None: ...
    @property
    def battery_pct(self) -> float | None: ...
    @property
    def fuel_pct(self) -> float | None: ...
    @property
    def status(self) -> str | None: ...
    @property
    def city(self) -> str | None: ...


def mix(word: int) -> int:
    """The splitmix64 finaliser: a bijection on unsigned 64-bit integers."""
    word = ((word ^ (word >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D0_49BB_1331_11EB) & MASK
    return word ^ (word >> 31)


def salt(field: str) -> int:
    """What is added to a field's bits, so that equal values in two fields differ."""
    return (FIELD_NUMBERS[field] * GAMMA) & MASK


def bits_of(value: str | int | float) -> int:
    """64 bits of a value: IEEE 754 for a float, two's complement for an integer, a hash of text."""
    if isinstance(value, float):
        return int(struct.unpack("<Q", struct.pack("<d", value + 0.0))[0])
    if isinstance(value, int):
        return value & MASK
    return text_bits(value.encode())


def text_bits(text: bytes) -> int:
    """A 64-bit hash of a text: its length, then its little-endian words, each mixed in.

    The last word is padded with zero bytes; the length tells it from a text that ends in them.
    """
    state = mix(len(text))
    for at in range(0, len(text), 8):
        word = int.from_bytes(text[at : at + 8], "little")
        state = mix(state ^ word)
    return state


def word_of(field: str, value: str | int | float | None) -> int:
    """The word one field adds to the sum; 0 for a missing value."""
    return 0 if value is None else mix((bits_of(value) + salt(field)) & MASK)


def fingerprint_of(event: Reported) -> int:
    """The fingerprint of an event as an unsigned 64-bit integer."""
    total = 0
    for field in FIELD_NUMBERS:
        value = getattr(event, field)
        if field not in ("vehicle_id", "observed_at", "status", "city") and value is not None:
            value = float(value)
        total += word_of(field, value)
    return mix(total & MASK)
