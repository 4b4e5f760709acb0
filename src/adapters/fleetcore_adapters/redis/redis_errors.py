"""Errors of Redis's client, in the words of the error tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis import exceptions as theirs

from fleetcore.errors import StorageUnavailable, Throttled
from fleetcore_adapters.resilience.breaker import Transient

ALL: Final = (
    theirs.RedisError,
    theirs.RedisClusterException,
    theirs.ChildDeadlockedError,
    theirs.IncorrectPolicyType,
    OSError,
    ValueError,  # an answer that is none of the protocol
)
"""All that the client raises: not every class of its own has its base class."""

REFUSALS: Final = (
    theirs.AuthenticationError,
    theirs.AuthenticationWrongNumberOfArgsError,
    theirs.AuthorizationError,
    theirs.NoPermissionError,
    theirs.ExternalAuthProviderError,
)
"""The server knows who asks, and will say no again."""

PASSING: Final = (
    theirs.ConnectionError,
    theirs.TimeoutError,
    theirs.InvalidResponse,
    theirs.ReadOnlyError,  # the primary changed under an open connection
    theirs.AskError,  # and MovedError: a slot moved, or a client that knows no cluster met one
    theirs.ClusterError,
    theirs.TryAgainError,
    theirs.RedisClusterException,
    OSError,
    ValueError,
)
"""Nobody answered, or one that cannot answer now (BusyLoadingError is a ConnectionError)."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Around calls of the client: `Transient`, `Throttled` or `StorageUnavailable`, naming `what`.

    The reply codes are those of Redis's protocol: -OOM, -READONLY, -LOADING, -MOVED, -ASK,
    -CLUSTERDOWN, -MASTERDOWN, -TRYAGAIN, -NOAUTH, -WRONGPASS, -NOPERM.
    """
    try:
        yield
    except REFUSALS as error:
        raise StorageUnavailable(
            f"{what} refuses us ({_said(error)}); look at the user, its password and its commands"
        ) from error
    except theirs.OutOfMemoryError as error:
        raise Throttled(f"{what} is full ({_said(error)}); give it more memory") from error
    except PASSING as error:
        raise Transient(f"{what} does not answer ({_said(error)}); is it there?") from error
    except ALL as error:
        raise StorageUnavailable(f"{what}: {_said(error)}") from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
