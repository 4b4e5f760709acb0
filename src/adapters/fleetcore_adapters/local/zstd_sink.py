"""Writing a zstd file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import BinaryIO, cast

import zstandard


def zstd_sink(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """A sink that compresses into a file as one frame, which ends with the block."""
    writer = zstandard.ZstdCompressor().stream_writer(file, closefd=False)
    return cast("AbstractContextManager[BinaryIO]", writer)
