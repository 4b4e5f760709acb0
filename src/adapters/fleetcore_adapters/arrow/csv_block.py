"""Parsing one block of CSV into columns.

The typed reader does it in one go. A column that it cannot read, or reads more generously than
the scalar grammar, is read as text; from then on that column of the file is read as text first.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
from attrs import define, field, frozen

from fleetcore.domain.blocks import Block, row_pattern
from fleetcore.domain.cells import NULLS, number_in, optional_number_in, time_in
from fleetcore.domain.interpretation import KMH_PER, Interpretation
from fleetcore.domain.location import OPTIONAL_NUMBERS, FieldName
from fleetcore.domain.rows import cells_of, physical_rows
from fleetcore_adapters.arrow.cells import Read, text_floats, typed_floats
from fleetcore_adapters.arrow.columns import Ints, Mask, Numbers
from fleetcore_adapters.arrow.times import TIME_TYPES, TypedTime, text_times, typed_times

_ERROR_COLUMN: Final = re.compile(r"In CSV column #(\d+)")
_TEXT: Final = pa.binary()
_DICTIONARY: Final = pa.dictionary(pa.int32(), _TEXT)
_TIME: Final[FieldName] = "observed_at"
_REPEATED_TEXTS: Final = ("status", "city", "source")
_TEXT_FIELDS: Final = ("vehicle_id", *_REPEATED_TEXTS)


@frozen(kw_only=True, slots=True, eq=False)
class ParsedBlock:
    """The rows of a block that have the right number of cells.

    `lines` and `spans` are of these rows; `numbers` holds times in epoch ms and floats, `texts`
    raw bytes, in dictionaries but for vehicle ids; `unreadable` masks the cells that have text
    but no meaning. `ragged` are the other rows: line, text.
    """

    rows: int
    lines: Ints
    numbers: Mapping[FieldName, Numbers]
    texts: dict[FieldName, pa.Array]
    unreadable: dict[FieldName, Mask]
    ragged: tuple[tuple[int, bytes], ...]
    texts_of: Callable[[Ints], list[bytes]]


@define(slots=True, eq=False)
class CsvReader:
    """Reads the blocks of one file; blocks may be read by several threads at once."""

    interpretation: Interpretation
    _time_kind: TypedTime = field(init=False)
    _as_text: frozenset[FieldName] = field(init=False, default=frozenset())

    def __attrs_post_init__(self) -> None:
        self._time_kind = "local" if self.interpretation.time_format == "iso" else "epoch"

    def parse(self, block: Block) -> ParsedBlock:
        """The columns of a block."""
        while True:
            kind, as_text = self._time_kind, self._as_text
            ragged: list[int] = []
            try:
                table = self._read(block, self._types(block, kind, as_text), ragged)
                break
            except pa.ArrowInvalid as error:
                self._widen(error, kind, as_text)
        spans = _Spans(block, self.interpretation.dialect.delimiter, table.num_rows, ragged)
        numbers: dict[FieldName, Numbers] = {}
        unreadable: dict[FieldName, Mask] = {}
        texts: dict[FieldName, pa.Array] = {}
        for name in self.interpretation.mapping:
            column = _whole(table.column(name))
            if name in _TEXT_FIELDS:
                texts[name] = column
                continue
            read = self._values(name, column, kind, block)
            numbers[name] = read.numbers
            if read.unreadable is not None:
                unreadable[name] = read.unreadable
        return ParsedBlock(
            rows=table.num_rows,
            lines=spans.lines(),
            numbers=numbers,
            texts=texts,
            unreadable=unreadable,
            ragged=spans.ragged(),
            texts_of=spans.texts_of,
        )

    def _types(
        self, block: Block, kind: TypedTime, as_text: frozenset[FieldName]
    ) -> dict[FieldName, pa.DataType]:
        """The types to read a block's columns as."""
        if kind == "epoch" and (b"0x" in block.data or b"0X" in block.data):
            as_text |= frozenset[FieldName]([_TIME])  # the typed reader takes hexadecimal integers
        return {
            name: _DICTIONARY
            if name in _REPEATED_TEXTS
            else _TEXT
            if name == "vehicle_id" or name in as_text
            else TIME_TYPES[kind]
            if name == _TIME
            else pa.float64()
            for name in self.interpretation.mapping
        }

    def _read(
        self, block: Block, types: Mapping[FieldName, pa.DataType], ragged: list[int]
    ) -> pa.Table:
        """The columns of these types; the rows of another width are left out and noted."""
        dialect = self.interpretation.dialect
        names = [f"column {number}" for number in range(len(dialect.columns))]
        for name in types:
            names[self.interpretation.mapping[name]] = name
        data = block.data
        if not _is_utf8(data):
            data = _whole_rows(block, dialect.delimiter, len(names), ragged)
        if not data:
            return pa.table({name: pa.array([], type=each) for name, each in types.items()})

        if data.startswith(codecs.BOM_UTF8):
            # The reader would take it for the mark of a file; a blank line before it is no row.
            data = b"\n" + data

        def skip(row: Any) -> str:
            ragged.append(row.number - 1)
            return "skip"

        return pcsv.read_csv(
            pa.BufferReader(data),
            read_options=pcsv.ReadOptions(
                use_threads=False, block_size=len(data) + 1, column_names=names
            ),
            parse_options=pcsv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=False if block.plain else '"',
                newlines_in_values=not block.plain,
                invalid_row_handler=skip,
            ),
            convert_options=pcsv.ConvertOptions(
                include_columns=list(types),
                column_types=dict(types),
                null_values=list(NULLS),
                strings_can_be_null=False,
            ),
        )

    def _widen(
        self, error: pa.ArrowInvalid, kind: TypedTime, as_text: frozenset[FieldName]
    ) -> None:
        """Read the column the error names in a wider form from now on."""
        mapping = self.interpretation.mapping
        typed = {name for name in mapping if name not in _TEXT_FIELDS and name not in as_text}
        if not typed:
            raise error
        found = _ERROR_COLUMN.search(str(error))
        column = int(found[1]) if found else -1
        named = {name for name in typed if mapping[name] == column} or typed
        if named == {_TIME} and kind == "local" and self._time_kind == "local":
            self._time_kind = "offset"
            return
        self._as_text |= named

    def _values(self, name: FieldName, column: pa.Array, kind: TypedTime, block: Block) -> Read:
        meaning = self.interpretation
        form, zone = meaning.time_format, meaning.zone
        factor = KMH_PER[meaning.speed_unit] if name == "speed_kmh" else 1.0
        if column.type != _TEXT:
            typed = typed_times(column, kind, form, zone) if name == _TIME else typed_floats(column)
            if typed is not None:
                return Read(numbers=_scaled(typed, factor))
            self._as_text |= {name}
            column = _whole(self._read(block, {name: _TEXT}, []).column(name))
        if name == _TIME:
            return text_times(column, form, zone, partial(time_in, form=form, zone=zone))
        read = text_floats(column, optional_number_in if name in OPTIONAL_NUMBERS else number_in)
        return Read(numbers=_scaled(read.numbers, factor), unreadable=read.unreadable)


def _scaled(numbers: Numbers, factor: float) -> Numbers:
    if factor == 1.0:
        return numbers
    return Numbers(values=numbers.values * factor, valid=numbers.valid)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _whole_rows(block: Block, delimiter: str, width: int, ragged: list[int]) -> bytes:
    """A block's rows without the ragged ones: the typed reader reports these as UTF-8 only."""
    rows = []
    for number, (_, row) in enumerate(physical_rows(block, delimiter)):
        if len(cells_of(row, delimiter)) == width:
            rows.append(row)
        else:
            ragged.append(number)
    return b"\n".join([*rows, b""])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


class _Spans:
    """Which line each row starts on, and its bytes; worked out only as far as it is asked for."""

    def __init__(self, block: Block, delimiter: str, rows: int, ragged: list[int]) -> None:
        self._block = block
        self._delimiter = delimiter
        self._ragged = ragged
        self._rows = rows
        self._whole_rows = np.delete(np.arange(rows + len(ragged)), ragged) if ragged else None
        self._all: tuple[Ints, Ints, Ints] | None = None

    def lines(self) -> Ints:
        if self._block.plain and not self._ragged and self._rows == self._block.lines:
            return np.arange(
                self._block.first_line, self._block.first_line + self._rows, dtype=np.int64
            )
        return np.delete(self._spans()[0], self._ragged)

    def ragged(self) -> tuple[tuple[int, bytes], ...]:
        if not self._ragged:
            return ()
        places = np.array(self._ragged)
        lines = self._spans()[0][places].tolist()
        return tuple(zip(lines, self._texts(places), strict=True))

    def texts_of(self, rows: Ints) -> list[bytes]:
        """The bytes of rows that are not ragged."""
        return self._texts(rows if self._whole_rows is None else self._whole_rows[rows])

    def _texts(self, places: Ints) -> list[bytes]:
        _, starts, ends = self._spans()
        data = self._block.data
        spans = zip(starts[places].tolist(), ends[places].tolist(), strict=True)
        return [data[start:end].rstrip(b"\r\n") for start, end in spans]

    def _spans(self) -> tuple[Ints, Ints, Ints]:
        if self._all is None:
            self._all = self._plain_spans() if self._block.plain else self._quoted_spans()
        return self._all

    def _plain_spans(self) -> tuple[Ints, Ints, Ints]:
        data = np.frombuffer(self._block.data, dtype=np.uint8)
        ends = np.flatnonzero(data == ord("\n")) + 1
        starts = np.concatenate(([0], ends[:-1]))
        lines = np.arange(self._block.first_line, self._block.first_line + len(ends))
        blank = (ends - starts == 1) | ((ends - starts == 2) & (data[starts] == ord("\r")))
        return lines[~blank], starts[~blank], ends[~blank]

    def _quoted_spans(self) -> tuple[Ints, Ints, Ints]:
        found = []
        line = self._block.first_line
        for match in row_pattern(self._delimiter).finditer(self._block.data):
            whole = match[0]
            if whole.strip(b"\r\n"):
                found.append((line, match.start(), match.end()))
            line += whole.count(b"\n") + whole.count(b"\r") - whole.count(b"\r\n")
        spans = np.array(found, dtype=np.int64).reshape(-1, 3)
        return spans[:, 0], spans[:, 1], spans[:, 2]
