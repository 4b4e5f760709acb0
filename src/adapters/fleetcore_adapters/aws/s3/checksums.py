"""Checksums as S3 keeps them."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from typing import Final, Protocol

from attrs import define


class Digest(Protocol):
    """A hash that is fed piece by piece."""

    def update(self, data: bytes, /) -> None:
        """Feed the next bytes."""
        raise NotImplementedError

    def digest(self) -> bytes:
        """The hash of all bytes fed."""
        raise NotImplementedError


@define(slots=True)
class Crc32(Digest):
    """The CRC-32 of zlib and S3, most significant byte first."""

    _value: int = 0

    def update(self, data: bytes, /) -> None:
        """See `Digest.update`."""
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        """See `Digest.digest`."""
        return self._value.to_bytes(4)


@define(slots=True)
class ExpectedDigest:
    """What an object's bytes should come to."""

    _digest: Digest
    _expected: str

    def update(self, data: bytes) -> None:
        """Feed the next bytes."""
        self._digest.update(data)

    def matches(self) -> bool:
        """Whether the bytes fed are those of the object."""
        return self._expected == base64_of(self._digest.digest())


def base64_of(digest: bytes) -> str:
    """A digest as S3's headers hold it."""
    return base64.b64encode(digest).decode()


def expected_digest(kept: Mapping[str, str]) -> ExpectedDigest | None:
    """A check of whole objects against what S3 answers: the first kind that it keeps.

    None where it keeps no such sum: that of an object of several parts may be one of their sums
    (`<base64>-<parts>`), and a CRC-64 would need a library.
    """
    for name, begun in _KINDS:
        if (value := kept.get(name)) and "-" not in value:
            return ExpectedDigest(begun(), value)
    return None


_KINDS: Final = (("ChecksumCRC32", Crc32), ("ChecksumSHA256", hashlib.sha256))
