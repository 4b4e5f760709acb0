"""Values and columns of values as few bytes: what messages between regions are made of.

Numbers are varints (LEB128, as in Protocol Buffers); a column is its length and its values in the
narrowest width that holds them, little-endian. A reader believes nothing: whatever the bytes, it
returns values or raises `Malformed`, and allocates no more than a few times what it was given.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

_WIDTHS: Final = ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))
_CODES: Final = dict(_WIDTHS)


class Malformed(ValueError):
    """Bytes that are no message."""


class Writer:
    """Puts values one behind the other."""

    def __init__(self) -> None:
        self._out = bytearray()

    def content(self) -> bytes:
        """All that was put."""
        return bytes(self._out)

    def number(self, value: int) -> None:
        """A whole number from 0 on."""
        while value > 0x7F:
            self._out.append(value & 0x7F | 0x80)
            value >>= 7
        self._out.append(value)

    def blob(self, value: bytes) -> None:
        """Bytes with their length."""
        self.number(len(value))
        self._out += value

    def text(self, value: str) -> None:
        """A text in UTF-8."""
        self.blob(value.encode())

    def ints(self, values: Sequence[int]) -> None:
        """Unsigned integers of at most 64 bits."""
        greatest = max(values, default=0)
        width, code = next(each for each in _WIDTHS if greatest < 1 << 8 * each[0])
        self.number(len(values))
        self.number(width)
        self._out += struct.pack(f"<{len(values)}{code}", *values)

    def sorted_ints(self, values: Sequence[int]) -> None:
        """Unsigned integers in rising order: their steps are small."""
        self.ints([after - before for before, after in pairwise((0, *values))])

    def signed_ints(self, values: Sequence[int]) -> None:
        """Signed integers of 64 bits that are near each other: times, say."""
        least = min(values, default=0)
        self._out += struct.pack("<q", least)
        self.ints([value - least for value in values])

    def floats(self, values: Sequence[float]) -> None:
        """Floats of 64 bits."""
        self.number(len(values))
        self._out += struct.pack(f"<{len(values)}d", *values)

    def optional_floats(self, values: Sequence[float | None]) -> None:
        """Floats of which some are missing: a bit each, and those that are there."""
        # By its digits: a number that grows bit by bit would be copied as often.
        digits = "".join("01"[value is not None] for value in reversed(values))
        bits = int(digits or "0", 2)
        self.number(len(values))
        self._out += bits.to_bytes((len(values) + 7) // 8, "little")
        self.floats([value for value in values if value is not None])

    def texts(self, values: Sequence[str]) -> None:
        """Texts: their lengths, and all of them as one."""
        encoded = [value.encode() for value in values]
        self.ints([len(each) for each in encoded])
        self._out += b"".join(encoded)


class Reader:
    """Takes values in the order they were put; every method raises `Malformed`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._content):
            raise Malformed(f"{len(self._content) - self._at} bytes too many")

    def _take(self, size: int) -> bytes:
        taken = self._content[self._at : self._at + size]
        if len(taken) != size:
            raise Malformed(f"it ends {size - len(taken)} bytes too early")
        self._at += size
        return taken

    def number(self) -> int:
        """See `Writer.number`."""
        value = 0
        for shift in range(0, 70, 7):
            (byte,) = self._take(1)
            value |= (byte & 0x7F) << shift
            if byte <= 0x7F:
                return value
        raise Malformed("a number of more than 70 bits")

    def number_below(self, limit: int) -> int:
        """A number that must be below `limit`."""
        value = self.number()
        if value >= limit:
            raise Malformed(f"{value} is not below {limit}")
        return value

    def blob(self) -> bytes:
        """See `Writer.blob`."""
        return self._take(self.number())

    def text(self) -> str:
        """See `Writer.text`."""
        return _decoded(self.blob())

    def ints(self) -> tuple[int, ...]:
        """See `Writer.ints`."""
        length, width = self.number(), self.number()
        if width not in _CODES:
            raise Malformed(f"no column is {width} bytes wide")
        return struct.unpack(f"<{length}{_CODES[width]}", self._take(length * width))

    def sorted_ints(self, limit: int = 1 << 64) -> tuple[int, ...]:
        """See `Writer.sorted_ints`; all must be below `limit`."""
        values = tuple(accumulate(self.ints()))
        if values and values[-1] >= limit:
            raise Malformed(f"{values[-1]} is not below {limit}")
        return values

    def signed_ints(self) -> tuple[int, ...]:
        """See `Writer.signed_ints`."""
        (least,) = struct.unpack("<q", self._take(8))
        values = tuple(least + each for each in self.ints())
        if max(values, default=0) >= 1 << 63:
            raise Malformed("a signed number of more than 64 bits")
        return values

    def floats(self) -> tuple[float, ...]:
        """See `Writer.floats`."""
        length = self.number()
        return struct.unpack(f"<{length}d", self._take(8 * length))

    def optional_floats(self) -> list[float | None]:
        """See `Writer.optional_floats`."""
        length = self.number()
        bits = self._take((length + 7) // 8)
        present = [bits[at >> 3] >> (at & 7) & 1 for at in range(length)]
        values = self.floats()
        if sum(present) != len(values):
            raise Malformed(f"{len(values)} values for {sum(present)} places")
        given = iter(values)
        return [next(given) if each else None for each in present]

    def texts(self) -> list[str]:
        """See `Writer.texts`."""
        lengths = self.ints()
        content = self._take(sum(lengths))
        ends = (0, *accumulate(lengths))
        return [_decoded(content[start:end]) for start, end in pairwise(ends)]


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"a text that is not UTF-8: {error}") from None
