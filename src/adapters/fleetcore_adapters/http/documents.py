"""A document that is fetched whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from fleetcore.errors import InvalidInput, StorageUnavailable, Throttled
from fleetcore_adapters.resilience.breaker import Transient
from fleetcore_adapters.resilience.policy import Limits, Policy

MAX_BYTES: Final = 64 * 2**20
"""The largest document, decompressed."""

TIMEOUT_S: Final = 10.0
"""To connect, and for each piece of the answer."""

TOTAL_S: Final = 60.0
"""For one try: a server that sends a byte now and then is given up too."""

LIMITS: Final = Limits(attempts=3, first_pause_s=0.5)

_MISSING: Final = frozenset({404, 410})
_REFUSED: Final = frozenset({401, 403, 407})
_LATER: Final = frozenset({408, 425, 429})


def fetched(
    url: str,
    policy: Policy | None = None,
    *,
    max_bytes: int = MAX_BYTES,
    timeout_s: float = TIMEOUT_S,
    total_s: float = TOTAL_S,
    now_s: Callable[[], float] = time.monotonic,
) -> bytes:
    """What an http:// or https:// URL holds, decompressed; redirects are followed.

    Raises `InvalidInput` for a URL that leads to no document of at most `max_bytes`, and, after
    the policy's retries, `StorageUnavailable` where the server cannot be reached or fails
    (`Throttled`: it asks for patience).
    """
    shown = _shown(url)

    def fetch() -> bytes:
        content = bytearray()
        give_up_s = now_s() + total_s
        with (
            _translated(shown),
            httpx.stream("GET", url, timeout=timeout_s, follow_redirects=True) as response,
        ):
            _check(response, shown)
            for piece in response.iter_bytes():
                content += piece
                if len(content) > max_bytes:
                    raise InvalidInput(f"{shown}: the document is larger than {max_bytes:,} bytes")
                if now_s() > give_up_s:
                    raise Transient(f"{shown}: not all of it came within {total_s:g} s")
        return bytes(content)

    return (policy or Policy("the document's server", LIMITS)).call(fetch)


def _shown(url: str) -> str:
    """The URL without what may be secret in it: user, password, query."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"this is no URL: {error}; give http:// or https://") from None
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise InvalidInput(f"{url.partition('?')[0]!r} is no URL of a document on the web")
    return str(parts.copy_with(username=None, password=None, query=None, fragment=None))


def _check(response: httpx.Response, shown: str) -> None:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    if response.status_code == httpx.codes.OK:
        return
    if response.status_code in _MISSING:
        raise InvalidInput(f"{shown}: there is nothing ({status}); check the address")
    if response.status_code in _REFUSED:
        raise InvalidInput(
            f"{shown}: access is refused ({status}); give a URL that may be read, "
            "a signed one for example"
        )
    if response.status_code in _LATER:
        raise Throttled(f"{shown}: the server asks for patience ({status}); try again later")
    if response.is_server_error:
        raise Transient(f"{shown}: the server fails ({status}); try again later")
    raise InvalidInput(f"{shown}: the server sends no document ({status}); check the address")


@contextmanager
def _translated(shown: str) -> Iterator[None]:
    """Errors of httpx, in the words of the error tree."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        raise InvalidInput(f"{shown}: this leads nowhere: {error}") from error
    except httpx.DecodingError as error:
        raise InvalidInput(f"{shown}: the document cannot be decompressed: {error}") from error
    except httpx.TimeoutException as error:
        raise Transient(f"{shown}: no answer in time; is the server there?") from error
    except httpx.TransportError as error:
        raise Transient(f"{shown}: the server cannot be reached: {error}") from error
    except (httpx.HTTPError, httpx.StreamError, httpx.CookieConflict, OSError) as error:
        raise StorageUnavailable(f"{shown}: {error}") from error
