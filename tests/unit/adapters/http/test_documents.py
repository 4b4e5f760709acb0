"""Documents from a real server: what comes, what does not, and what is said then."""

from __future__ import annotations

import gzip
import inspect
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.standins.server import free_port

from fleetcore.errors import InvalidInput, StorageUnavailable, Throttled
from fleetcore_adapters.http.documents import LIMITS, _translated, fetched
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from tests.unit.adapters.http.conftest import WebServer

CONTENT = b'{"cab-1": {"max_speed_kmh": 80}}'


@pytest.fixture(name="policy")
def _policy() -> Policy:
    return Policy("the server", LIMITS, sleep=lambda _seconds: None)


def test_a_document_is_fetched(web: WebServer, policy: Policy) -> None:
    """To the byte."""
    assert CONTENT == fetched(web.content("/metadata_api.json", CONTENT), policy)


def test_a_compressed_answer_is_decompressed(web: WebServer, policy: Policy) -> None:
    """As HTTP servers may send it."""
    url = web.content("/v", gzip.compress(CONTENT), ("Content-Encoding", "gzip"))

    assert CONTENT == fetched(url, policy)


def test_redirects_are_followed(web: WebServer, policy: Policy) -> None:
    """To where the document lies now."""
    web.content("/new", CONTENT)

    assert CONTENT == fetched(web.status("/old", 302, ("Location", "/new")), policy)


def test_redirects_in_a_circle_lead_nowhere(web: WebServer, policy: Policy) -> None:
    """They end."""
    url = web.status("/a", 302, ("Location", "/a"))
    with pytest.raises(InvalidInput, match="leads nowhere"):
        fetched(url, policy)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (404, "there is nothing .404 Not Found.; check the address"),
        (410, "there is nothing"),
        (401, "access is refused .401 Unauthorized.; give a URL that may be read"),
        (403, "access is refused"),
        (400, "the server sends no document .400 Bad Request.; check the address"),
        (418, "the server sends no document"),
        (204, "the server sends no document"),
        (304, "the server sends no document"),
    ],
)
def test_what_will_fail_again_is_invalid_input(
    web: WebServer, policy: Policy, code: int, said: str
) -> None:
    """Asked once; the message says what to do, without what may be secret in the URL."""
    url = web.status("/v", code).replace("http://", "http://user:secret@") + "?token=secret"
    with pytest.raises(InvalidInput, match=said) as caught:
        fetched(url, policy)

    assert ["/v"] == web.asked
    assert f"{web.url}/v: " in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (500, StorageUnavailable),
        (503, StorageUnavailable),
        (429, Throttled),
        (408, Throttled),
    ],
)
def test_what_may_pass_is_tried_three_times(
    web: WebServer, policy: Policy, code: int, kind: type[StorageUnavailable]
) -> None:
    """A server that fails or asks for patience."""
    with pytest.raises(StorageUnavailable) as caught:
        fetched(web.status("/v", code), policy)

    assert (kind, 3) == (type(caught.value), len(web.asked))


def test_a_server_that_comes_back_is_asked_again(web: WebServer, policy: Policy) -> None:
    """The document comes with the second try."""
    turns = count()
    url = web.content("/v", CONTENT)
    well = web.answers["/v"]

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_error(503) if next(turns) == 0 else well(request)

    web.answers["/v"] = answer

    assert CONTENT == fetched(url, policy)


def test_a_document_that_is_too_large_is_refused(web: WebServer, policy: Policy) -> None:
    """By what it becomes, and not by what it says of itself."""
    url = web.content("/v", gzip.compress(b"a" * 100_001), ("Content-Encoding", "gzip"))
    with pytest.raises(InvalidInput, match="larger than 100,000 bytes"):
        fetched(url, policy, max_bytes=100_000)


def test_a_document_that_is_cut_short_is_none(web: WebServer, policy: Policy) -> None:
    """Fewer bytes than promised are tried again, and are an error in the end."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(CONTENT)
        request.close_connection = True

    web.answers["/v"] = answer
    with pytest.raises(StorageUnavailable, match="cannot be reached"):
        fetched(f"{web.url}/v", policy)
    assert 3 == len(web.asked)


def test_a_document_that_is_damaged_is_invalid_input(web: WebServer, policy: Policy) -> None:
    """It says gzip, and is none."""
    with pytest.raises(InvalidInput, match="cannot be decompressed"):
        fetched(web.content("/v", b"no gzip", ("Content-Encoding", "gzip")), policy)


def test_a_server_that_is_not_there_is_unavailable(policy: Policy) -> None:
    """Nobody listens."""
    with pytest.raises(StorageUnavailable, match="cannot be reached"):
        fetched(f"http://127.0.0.1:{free_port()}/v", policy)


def test_a_server_that_does_not_answer_is_unavailable(web: WebServer, policy: Policy) -> None:
    """It is not waited for."""
    import threading

    over = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        over.wait(10)
        request.close_connection = True

    web.answers["/v"] = answer
    try:
        with pytest.raises(StorageUnavailable, match="no answer in time"):
            fetched(f"{web.url}/v", policy, timeout_s=0.05)
    finally:
        over.set()


def test_a_server_that_trickles_is_unavailable(web: WebServer, policy: Policy) -> None:
    """All of a document must come within the time for all of it."""
    clock_s = count(0, 40)
    with pytest.raises(StorageUnavailable, match="not all of it came within 30 s"):
        fetched(web.content("/v", CONTENT), policy, total_s=30, now_s=lambda: next(clock_s))


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/v", "http://", "https:///v", "file:///etc/v", "http://host:port", "v.json"],
)
def test_what_is_no_url_of_the_web_is_invalid_input(policy: Policy, url: str) -> None:
    """Nobody is asked."""
    with pytest.raises(InvalidInput, match="no URL"):
        fetched(url, policy)


def _raisable() -> list[type[Exception]]:
    found = [each for _, each in inspect.getmembers(httpx, inspect.isclass)]
    return [each for each in found if issubclass(each, Exception) and each.__mro__[1] is not None]


@pytest.mark.parametrize("kind", _raisable(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_client_is_translated(kind: type[Exception]) -> None:
    """Nothing of httpx leaves the adapter."""
    try:
        error = kind("said")
    except TypeError:
        response = httpx.Response(500, request=httpx.Request("GET", "http://a"))
        arguments = {"request": response.request, "response": response, "message": "said"}
        wanted = inspect.signature(kind).parameters
        error = kind(**{name: arguments[name] for name in wanted if name in arguments})
    with (
        pytest.raises((InvalidInput, StorageUnavailable), match="http://a"),
        _translated("http://a"),
    ):
        raise error
