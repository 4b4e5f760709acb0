"""Errors of Redis's client become ours, all of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
import redis
from redis import exceptions as theirs
from redis._parsers.base import BaseParser

from fleetcore.errors import StorageUnavailable, Throttled
from fleetcore_adapters.redis.redis_errors import translated
from fleetcore_adapters.resilience.breaker import Transient


def _subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _raisable() -> list[type[Exception]]:
    """Every error the client's module of errors has, and every subclass that was imported."""
    assert redis.Redis is not None
    named = {
        each
        for _, each in inspect.getmembers(theirs, inspect.isclass)
        if issubclass(each, Exception)
    }
    derived = {each for kind in named for each in _subclasses(kind)}
    found = {each for each in named | derived if each.__module__.startswith("redis.")}
    return sorted(found, key=lambda each: each.__qualname__)


def _made(kind: type[Exception]) -> Exception:
    """An error of a class, whatever its constructor asks for."""
    try:
        return kind("1 127.0.0.1:6379")
    except TypeError:
        return kind()


@pytest.mark.parametrize("kind", _raisable(), ids=lambda kind: kind.__qualname__)
def test_every_error_of_the_client_is_translated(kind: type[Exception]) -> None:
    """Nothing of the client's own leaves the adapter, and the message names what failed."""
    with pytest.raises(StorageUnavailable, match=r"^Redis"), translated("Redis"):
        raise _made(kind)


@pytest.mark.parametrize(
    ("answer", "ours"),
    [
        ("OOM command not allowed when used memory > 'maxmemory'.", Throttled),
        ("READONLY You can't write against a read only replica.", Transient),
        ("LOADING Redis is loading the dataset in memory", Transient),
        ("MOVED 3999 127.0.0.1:6381", Transient),
        ("ASK 3999 127.0.0.1:6381", Transient),
        ("CLUSTERDOWN The cluster is down", Transient),
        ("MASTERDOWN Link with MASTER is down", Transient),
        ("TRYAGAIN Multiple keys request during rehashing of slot", Transient),
        ("NOAUTH Authentication required.", StorageUnavailable),
        ("WRONGPASS invalid username-password pair or user is disabled.", StorageUnavailable),
        ("NOPERM this user has no permissions to run the 'eval' command", StorageUnavailable),
        ("NOSCRIPT No matching script. Please use EVAL.", StorageUnavailable),
        ("BUSY Redis is busy running a script.", StorageUnavailable),
        ("MISCONF Errors writing to the AOF file", StorageUnavailable),
        ("CROSSSLOT Keys in request don't hash to the same slot", StorageUnavailable),
        ("WRONGTYPE Operation against a key of another kind", StorageUnavailable),
        ("ERR unknown command", StorageUnavailable),
        ("NEWCODE of a later version", StorageUnavailable),
    ],
)
def test_answers_are_told_apart(answer: str, ours: type[StorageUnavailable]) -> None:
    """What may pass is transient, what asks for patience is throttled, the rest is for good."""
    error = BaseParser.parse_error(answer)  # type: ignore[no-untyped-call]
    with pytest.raises(StorageUnavailable) as caught, translated("Redis"):
        raise error

    assert ours is type(caught.value)


@pytest.mark.parametrize(
    "error", [OSError("cut"), TimeoutError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")]
)
def test_what_sockets_and_nonsense_raise_is_transient(error: Exception) -> None:
    """Errors below the client, too."""
    with pytest.raises(Transient), translated("Redis"):
        raise error


def test_other_errors_pass() -> None:
    """A fault of the program is nobody's answer."""
    with pytest.raises(KeyError), translated("Redis"):
        raise KeyError("a")
