"""Writing compacted files: one UTC day each, sorted by vehicle and time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from fleetcore.errors import StorageUnavailable
from fleetcore.ports.catalogue import LogFile
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.log_files import parsed_footer
from fleetcore_adapters.arrow.part_file import ROW_GROUP_ROWS

MS_PER_DAY: Final = 86_400_000
MOST_ROWS: Final = 2_000_000
"""About what a file holds before the next one of its day is begun; some 80 MB."""


class DayFiles:
    """The files of one day while they are written; rows must come in order."""

    def __init__(self, day: int, objects: ObjectStore, spool: Path) -> None:
        """Name the day by its number since 1970; `spool` is a folder for unfinished files."""
        self._prefix = f"log/date={np.datetime64(day, 'D')}"
        self._objects = objects
        self._path = spool / str(day)
        self._waiting: list[pa.Table] = []
        self._rows_waiting = 0
        self._rows_written = 0
        self._sink: pa.NativeFile | None = None
        self._files: list[LogFile] = []

    def add(self, table: pa.Table) -> None:
        """Write the next rows, in row groups as full as they may be."""
        self._waiting.append(table)
        self._rows_waiting += table.num_rows
        full = self._rows_waiting - self._rows_waiting % ROW_GROUP_ROWS
        if full:
            self._write(full)
        if self._rows_written >= MOST_ROWS:
            self._finish()

    def finished(self) -> list[LogFile]:
        """All files of the day, stored."""
        if self._rows_waiting:
            self._write(self._rows_waiting)
        self._finish()
        return self._files

    def _write(self, rows: int) -> None:
        table = pa.concat_tables(self._waiting)
        rest = table.slice(rows)
        self._waiting, self._rows_waiting = ([rest] if rest.num_rows else []), rest.num_rows
        with unwritable(self._path):
            if self._sink is None:
                self._sink = pa.OSFile(str(self._path), "wb")
                self._writer = part_file.writer(self._sink)
            for group in part_file.sliced(table.slice(0, rows)):
                self._writer.write_table(group)
        self._rows_written += rows

    def _finish(self) -> None:
        if self._sink is None:
            return
        with unwritable(self._path):
            self._writer.close()
            self._sink.close()
            content = self._path.read_bytes()
            self._path.unlink()
        self._sink, self._rows_written = None, 0
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"{self._prefix}/{sha256[:32]}{part_file.SUFFIX}"
        self._objects.put_if_absent(key, content)
        footer = parsed_footer(key, content)
        self._files.append(
            LogFile(
                key=key,
                kind="compacted",
                rows=footer.rows,
                extent=footer.extent,
                size_bytes=len(content),
                sha256=sha256,
            )
        )


@contextmanager
def unwritable(path: Path | None) -> Iterator[None]:
    """Raise what the operating system says as `StorageUnavailable`."""
    try:
        yield
    except OSError as error:
        what = os.strerror(error.errno) if error.errno else str(error)
        raise StorageUnavailable(
            f"{path}: {what}; free some space (compaction needs some 120 bytes for each row of 16 "
            "days) or make the folder writable, then run again"
        ) from error
