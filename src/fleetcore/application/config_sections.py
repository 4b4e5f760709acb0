"""Sections of a `fleet.toml` whose keys are the fields of a settings class."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Final, TypeVar, get_args, get_type_hints

from attrs import AttrsInstance, fields

from fleetcore.errors import InvalidConfiguration

OFF: Final = "off"
"""What switches a limit off that may be missing."""

_KINDS: Final[Mapping[type, str]] = {
    float: "a number not below 0",
    int: "a whole number not below 0",
    bool: "true or false",
    str: "text",
}

S = TypeVar("S", bound=AttrsInstance)


def section(document: Mapping[str, object], name: str, settings: type[S]) -> S:
    """The settings that a section gives; what it does not name keeps its default.

    The fields of `settings` are numbers, flags, texts or a choice of texts (`Literal`); one that
    may be None is switched off by "off". Raises `InvalidConfiguration` for an unknown key or a
    value that is not allowed.
    """
    table = table_of(document, name)
    hints = get_type_hints(settings)
    check_keys(table, [each.name for each in fields(settings)], "key", name)
    values = {key: _value(value, hints[key], f"[{name}] {key}") for key, value in table.items()}
    try:
        return settings(**values)
    except InvalidConfiguration as error:
        raise InvalidConfiguration(f"[{name}] {error}") from None


def table_of(document: Mapping[str, object], key: str, within: str = "") -> Mapping[str, object]:
    """The section under a key; empty where there is none."""
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise InvalidConfiguration(f"{within}{key} = {table!r}: it is a section, [{within}{key}]")
    return table


def check_keys(
    table: Mapping[str, object], allowed: Collection[str], what: str, section: str = ""
) -> None:
    """Raise `InvalidConfiguration` for a key that is none of those allowed."""
    where = f"[{section}] " if section else ""
    for key in table:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise InvalidConfiguration(
                f"{where}{key} is no known {what}{hint}; allowed are {', '.join(allowed)}"
            )


def is_limit(value: object) -> bool:
    """Whether a value is a finite number not below 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < math.inf


def _value(value: object, hint: object, where: str) -> object:
    choices = [each for each in get_args(hint) if isinstance(each, str)]
    kinds = [kind for kind in _KINDS if kind is hint or kind in get_args(hint)]
    may_be_off = type(None) in get_args(hint)
    if may_be_off and value == OFF:
        return None
    if float in kinds and is_limit(value):
        return float(str(value))
    if int in kinds and type(value) is int and value >= 0:
        return value
    if (bool in kinds and isinstance(value, bool)) or (str in kinds and isinstance(value, str)):
        return value
    if value in choices:
        return value
    allowed = [*(_KINDS[kind] for kind in kinds), *(f'"{each}"' for each in choices)]
    allowed += [f'"{OFF}"'] * may_be_off
    raise InvalidConfiguration(f"{where} = {value!r}: allowed are {', or '.join(allowed)}")
