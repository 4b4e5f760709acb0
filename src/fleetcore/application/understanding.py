"""From a file's first bytes and a user's options to how the file is read."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

from fleetcore.application.column_mapping import mapped_columns, shortened
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.domain.cells import UNREADABLE, id_in, number_in, time_in
from fleetcore.domain.dialects import encoding_of, other_kind, rows_in, sniffed_delimiter
from fleetcore.domain.headers import candidates, speed_unit_in
from fleetcore.domain.interpretation import Dialect, Interpretation, TimeFormat
from fleetcore.domain.location import REQUIRED_FIELDS, FieldName
from fleetcore.domain.payload_cells import FIRST_EPOCH_MS, NO_EPOCH
from fleetcore.errors import InvalidMapping, UnreadableFile
from fleetcore.ports.source import Sample

SAMPLE_BYTES: Final = 1 << 20
"""How much of a file is looked at."""

_SAMPLED_ROWS: Final = 1000
_COORDINATES: Final[tuple[FieldName, ...]] = ("latitude", "longitude")
_DECIMAL_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]+")


def understand(sample: Sample, name: str, options: ReadingOptions) -> Interpretation:
    """How to read the file called `name`, told from its first bytes.

    Raises `UnreadableFile` for what is no delimited text and `InvalidMapping` where columns and
    fields, or times and their format, cannot be matched without doubt, or coordinates have a
    decimal comma.
    """
    encoding = encoding_of(sample.content, options.encoding)
    text = _utf8(sample, encoding)
    if not text:
        raise UnreadableFile(f"{name}: the file is empty")
    if kind := other_kind(text):
        raise UnreadableFile(f"{name}: the file is {kind}; only delimited text (CSV) is read")
    from_name = options.vehicle_from_filename is not None
    elsewhere: tuple[FieldName, ...] = ("vehicle_id",) if from_name else ()
    if from_name and "vehicle_id" in options.mapping:
        raise InvalidMapping(
            f"{name}: vehicle_id is mapped to a column and taken from the file's name; choose one"
        )
    delimiter = options.delimiter or sniffed_delimiter(
        text, width=len(options.columns) or None, known=_known_fields
    )
    rows = list(islice(rows_in(text, delimiter), _SAMPLED_ROWS))
    if not rows:
        raise UnreadableFile(_no_rows(text, sample, name))
    try:
        has_header, columns = _columns(rows, options, elsewhere)
        mapping = mapped_columns(columns, options.mapping, without=elsewhere)
        whole = [row for row in rows[has_header:] if len(row) == len(columns)]
        time_format = _time_format([row[mapping["observed_at"]] for row in whole])
        for field in _COORDINATES:
            _check_decimal_mark(field, [row[mapping[field]] for row in whole])
    except InvalidMapping as error:
        raise InvalidMapping(f"{name}: {error}") from None
    speed = mapping.get("speed_kmh")
    named_unit = "km/h" if speed is None else speed_unit_in(columns[speed], columns)
    return Interpretation(
        dialect=Dialect(
            delimiter=delimiter,
            encoding=encoding,
            compression=sample.compression,
            has_header=has_header,
            columns=columns,
        ),
        mapping=mapping,
        time_format=time_format,
        zone=options.zone or "UTC",
        speed_unit=options.speed_unit or named_unit,
        vehicle_from_name=from_name,
    )


def vehicle_id_in_name(name: str, pattern: str) -> str:
    """The vehicle id in a file's name (folders left out): the first group, or the whole match.

    Raises `InvalidMapping` if the pattern does not match or matches no id.
    """
    base = re.split(r"[/\\]", name)[-1]
    match = re.search(pattern, base)
    if match is None:
        raise InvalidMapping(
            f"{name}: the file's name has no vehicle id: {pattern!r} does not match {base!r}"
        )
    found = (match[1] if match.re.groups else match[0]) or ""
    vehicle_id = id_in(found)
    if not isinstance(vehicle_id, str):
        raise InvalidMapping(f"{name}: {pattern!r} finds {found!r}, which is no vehicle id")
    return vehicle_id


def _utf8(sample: Sample, encoding: str) -> bytes:
    content = sample.content
    if encoding in ("utf-8", "utf-8-sig"):
        text = content.removeprefix(codecs.BOM_UTF8)
    else:
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        decoded = decoder.decode(content, sample.complete)
        text = decoded.removeprefix("\ufeff").encode(errors="replace")
    if text and sample.complete and not text.endswith(b"\n"):
        text += b"\n"
    return text


def _no_rows(text: bytes, sample: Sample, name: str) -> str:
    if not text.strip(b"\r\n"):
        return f"{name}: the file has only blank lines"
    if sample.complete:
        return f"{name}: a quote opens on the first line and is never closed"
    return f"{name}: the first row has no end within {len(sample.content):,} bytes"


def _known_fields(row: Sequence[str]) -> int:
    return len(candidates(row).keys() & set(REQUIRED_FIELDS))


def _columns(
    rows: Sequence[Sequence[str]], options: ReadingOptions, elsewhere: Sequence[FieldName]
) -> tuple[bool, tuple[str, ...]]:
    """Whether the first row is a header, and the columns' names."""
    first = rows[0]
    if options.columns:
        usual = Counter(map(len, rows)).most_common(1)[0][0]
        if len(options.columns) != usual:
            raise InvalidMapping(
                f"{len(options.columns)} columns are named ({', '.join(options.columns)}), "
                f"but rows have {usual}, such as {_shown(first)}"
            )
        return False, options.columns
    required = set(REQUIRED_FIELDS).difference(elsewhere)
    names = {name.strip() for name in first}
    by_name = {field for field, text in options.mapping.items() if text.strip() in names}
    if required <= candidates(first).keys() | by_name or not any(map(_is_value, first)):
        return True, tuple(first)
    by_number = {field for field, text in options.mapping.items() if text.strip().isdecimal()}
    if required <= by_number:
        return False, tuple(str(number) for number in range(1, len(first) + 1))
    raise InvalidMapping(
        f"there is no header row: the first row is {_shown(first)}; "
        "name the columns in order: --columns NAME,NAME,... (a name that is no field is ignored)"
    )


def _is_value(cell: str) -> bool:
    """Whether a cell holds a number or a time, as no header does."""
    return isinstance(number_in(cell), float) or isinstance(time_in(cell, "iso", "UTC"), int)


def _shown(row: Sequence[str]) -> str:
    cells = ", ".join(repr(shortened(cell)) for cell in row[:8])
    return f"{cells} and {len(row) - 8:,} more" if len(row) > 8 else cells


def _time_format(cells: Sequence[str]) -> TimeFormat:
    """The format most cells have; ISO 8601 where none has text."""
    filled = [cell for cell in cells if time_in(cell, "iso", "UTC") is not None]
    votes: Counter[TimeFormat] = Counter(
        form for cell in filled if (form := _format_of(cell)) is not None
    )
    if votes:
        return votes.most_common(1)[0][0]
    if not filled:
        return "iso"
    raise InvalidMapping(
        f"the times cannot be read, such as {shortened(filled[0])!r}; understood are ISO 8601 with "
        "date and time in one column (2024-05-01T13:45:00Z, 2024-05-01 13:45:00+02:00, "
        "2024-05-01), epoch seconds (1714571100) and epoch milliseconds (1714571100000); "
        "if another column holds them: --map observed_at=COLUMN"
    )


def _check_decimal_mark(field: FieldName, cells: Sequence[str]) -> None:
    """Refuse a column in which no number can be read because all have a decimal comma."""
    filled = [cell for cell in cells if number_in(cell) is not None]
    if filled and all(_DECIMAL_COMMA.fullmatch(cell.strip()) for cell in filled):
        raise InvalidMapping(
            f"{field} cells look like {shortened(filled[0])!r}; decimal commas are not read: "
            "write them with a point"
        )


def _format_of(cell: str) -> TimeFormat | None:
    if time_in(cell, "iso", "UTC") is not UNREADABLE:
        return "iso"
    ms = time_in(cell, "epoch-ms", "UTC")
    if not isinstance(ms, int) or abs(ms) >= NO_EPOCH:
        return None
    return "epoch-ms" if abs(ms) >= FIRST_EPOCH_MS else "epoch-s"
