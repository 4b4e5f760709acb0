"""Checksums as S3 keeps them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import pytest

from fleetcore_adapters.aws.s3.checksums import base64_of, expected_digest

CHECKED: Final = b"123456789"
CRC32: Final = base64_of(bytes.fromhex("cbf43926"))
SHA256: Final = base64_of(hashlib.sha256(CHECKED).digest())


@pytest.mark.parametrize("kept", [{"ChecksumCRC32": CRC32}, {"ChecksumSHA256": SHA256}])
@pytest.mark.parametrize("size", [1, 4, 9])
def test_bytes_are_checked_in_pieces(kept: Mapping[str, str], size: int) -> None:
    """CRC-32's published check value is of these nine digits."""
    same, other = expected_digest(kept), expected_digest(kept)
    assert same is not None
    assert other is not None
    for at in range(0, len(CHECKED), size):
        same.update(CHECKED[at : at + size])
        other.update(CHECKED[at : at + size].replace(b"5", b"6"))

    assert (True, False) == (same.matches(), other.matches())


@pytest.mark.parametrize(
    "kept", [{}, {"ChecksumCRC64NVME": "AAAAAAAAAAA="}, {"ChecksumCRC32": f"{CRC32}-3"}]
)
def test_what_is_no_sum_of_the_whole_is_not_checked(kept: Mapping[str, str]) -> None:
    """None, one that needs a library, the sum of the parts' sums."""
    assert expected_digest(kept) is None
