"""Which column holds which field: as the user says, else as the header's names mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from fleetcore.domain.headers import candidates
from fleetcore.domain.location import FIELDS, REQUIRED_FIELDS, FieldName
from fleetcore.errors import InvalidMapping

_LISTED_COLUMNS: Final = 40


def mapped_columns(
    columns: Sequence[str], said: Mapping[FieldName, str], *, without: Collection[FieldName] = ()
) -> Mapping[FieldName, int]:
    """The zero-based column of each field found.

    `said` are the user's columns, by name or by number from 1; fields in `without` come from
    elsewhere. Raises `InvalidMapping` for a column that is not there, a field that two columns
    may mean, and a required field that none does.
    """
    mapping: dict[FieldName, int] = {}
    for field, text in said.items():
        column = _column_said(columns, field, text)
        if taken := next((other for other, index in mapping.items() if index == column), None):
            raise InvalidMapping(f"{_named(columns, column)} is mapped to both {taken} and {field}")
        mapping[field] = column
    taken_columns = set(mapping.values())
    for field, found in candidates(columns).items():
        free = [column for column in found if column not in taken_columns]
        if field in mapping or field in without or not free:
            continue
        if len(free) > 1:
            raise InvalidMapping(
                f"{field} is ambiguous: {listed(columns, free)} may hold it; "
                f"choose one: --map {field}={free[0] + 1}"
            )
        mapping[field] = free[0]
    missing: list[FieldName] = [
        each for each in REQUIRED_FIELDS if each not in mapping and each not in without
    ]
    if missing:
        raise InvalidMapping(_missing(columns, missing))
    return {field: mapping[field] for field in FIELDS if field in mapping}


def listed(columns: Sequence[str], indices: Sequence[int] | None = None) -> str:
    """Columns by number and name, for a message."""
    chosen = range(len(columns)) if indices is None else indices
    names = ", ".join(_named(columns, index) for index in chosen[:_LISTED_COLUMNS])
    more = len(chosen) - _LISTED_COLUMNS
    return f"{names} and {more:,} more" if more > 0 else names


def _named(columns: Sequence[str], index: int) -> str:
    return f"column {index + 1} {shortened(columns[index])!r}"


def shortened(text: str) -> str:
    """A cell's text on one line, cut where it is too long for a message."""
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= 60 else text[:59] + "\N{HORIZONTAL ELLIPSIS}"


def _column_said(columns: Sequence[str], field: FieldName, text: str) -> int:
    wanted = text.strip()
    for same in (str.strip, lambda name: name.strip().casefold()):
        found = [index for index, name in enumerate(columns) if same(name) == same(wanted)]
        if len(found) > 1:
            raise InvalidMapping(
                f"{field}: there are {len(found)} columns named {text!r}; "
                f"choose one by number: --map {field}={found[0] + 1}"
            )
        if found:
            return found[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(columns):
        return int(wanted) - 1
    raise InvalidMapping(
        f"{field}: there is no column {text!r}; columns found: {listed(columns)}; "
        f"--map {field}=COLUMN takes a name or a number from 1"
    )


def _missing(columns: Sequence[str], missing: Sequence[FieldName]) -> str:
    how = " ".join(f"--map {field}=COLUMN" for field in missing)
    message = (
        f"no column found for {', '.join(missing)}; columns found: {listed(columns)}; "
        f"say which it is: {how} (a name or a number from 1)"
    )
    if "vehicle_id" in missing:
        message += ", or take the vehicle from the file's name: --vehicle-from-filename REGEX"
    return message
