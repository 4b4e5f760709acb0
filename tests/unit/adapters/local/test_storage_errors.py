"""SQLite's and the operating system's errors as `StorageUnavailable`."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from fleetcore.errors import StorageUnavailable, VersionConflict
from fleetcore_adapters.local.storage_errors import (
    ADVICE_BY_ERRNO,
    ADVICE_BY_SQLITE_ERROR,
    translated,
)

PATH = Path("data/fleetcore.sqlite")

SQLITE_ERRORS = sorted(
    (
        value
        for value in vars(sqlite3).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ),
    key=lambda error: error.__name__,
)


def _message(error: Exception) -> str:
    with pytest.raises(StorageUnavailable) as raised, translated(PATH):
        raise error
    assert raised.value.__cause__ is error
    return str(raised.value)


@pytest.mark.parametrize("error", SQLITE_ERRORS)
def test_every_sqlite_error_is_translated(error: type[Exception]) -> None:
    """Whatever class of exception sqlite3 has, it becomes ours and says where."""
    assert f"{PATH}: boom; " in _message(error("boom"))


def test_sqlite_has_errors() -> None:
    """The table of exception classes above is not empty by mistake."""
    assert {sqlite3.Error, sqlite3.Warning, sqlite3.OperationalError} <= set(SQLITE_ERRORS)


@pytest.mark.parametrize(("name", "advice"), ADVICE_BY_SQLITE_ERROR.items())
@pytest.mark.parametrize("suffix", ["", "_EXTENDED_CODE"])
def test_sqlite_errors_say_what_to_do(name: str, advice: str, suffix: str) -> None:
    """A result code, primary or extended, decides the advice."""
    error = sqlite3.OperationalError("boom")
    error.sqlite_errorname = name + suffix

    assert _message(error).endswith(advice)


@pytest.mark.parametrize(("number", "advice"), ADVICE_BY_ERRNO.items())
def test_system_errors_say_where_and_what_to_do(number: int, advice: str) -> None:
    """The operating system's error names the file it is about, else the one given."""
    own = _message(OSError(number, "boom", "data/other"))
    given = _message(OSError(number, "boom"))

    assert (f"data/other: boom; {advice}", f"{PATH}: boom; {advice}") == (own, given)


def test_other_system_errors_are_translated_too() -> None:
    """No error of the operating system escapes."""
    assert _message(OSError("boom")).startswith(f"{PATH}: boom; ")
    assert _message(OSError(errno.ENAMETOOLONG, "boom")).startswith(f"{PATH}: boom; ")


def test_our_own_errors_pass() -> None:
    """What is raised on purpose inside is not changed."""
    with pytest.raises(VersionConflict), translated(PATH):
        raise VersionConflict("a", 0, 1)
