"""Vehicles' metadata, cached: fresh, stale, raced for, and without Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING

import pytest
from tests.standins.redis_server import running_redis
from tests.standins.server import free_port
from tests.standins.shared import shared

from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import FleetcoreError, InvalidInput, StorageUnavailable
from fleetcore_adapters.memory.vehicles import VehicleTable
from fleetcore_adapters.redis.clients import Client, Connect, connecting
from fleetcore_adapters.redis.documents import FRESH_S, KEPT_S, LEASE_S
from fleetcore_adapters.redis.vehicles import LOOK_AGAIN_S, CachedVehicles

if TYPE_CHECKING:
    from tests.unit.adapters.redis.conftest import Heard

SOURCES = count()


class Source:
    """A document that changes, fails, and counts how often it was fetched."""

    def __init__(self) -> None:
        self.name = f"https://user:secret@fleet.example/metadata_api.json?{next(SOURCES)}"
        self.content = b"v-1"
        self.error: FleetcoreError | None = None
        self.fetches = 0

    def fetch(self) -> bytes:
        """The content, or the error."""
        self.fetches += 1
        if self.error is not None:
            raise self.error
        return self.content


def parsed(content: bytes) -> VehicleTable:
    """Vehicles, an id a word."""
    if content.startswith(b"{"):
        raise InvalidInput("no list of vehicles")
    return VehicleTable(Vehicle(vehicle_id=each) for each in content.decode().split())


@pytest.fixture(name="source")
def _source() -> Source:
    return Source()


@pytest.fixture(name="connect")
def _connect() -> Connect:
    connect = connecting(shared(running_redis).redis, timeout_s=5.0)
    connect().flushall()
    return connect


@pytest.fixture(name="client")
def _client(connect: Connect) -> Client:
    return connect()


class Opened:
    """Opens caches of one source, all at the same instant."""

    def __init__(self, connect: Connect, source: Source, heard: Heard) -> None:
        self.connect = connect
        self.source = source
        self.heard = heard
        self.now_s = 0.0
        self.slept_s = 0.0
        self.while_asleep: Callable[[], object] = lambda: None

    def __call__(self, connect: Connect | None = None, random: float = 0.0) -> CachedVehicles:
        return CachedVehicles(
            connect or self.connect,
            self.source.name,
            self.source.fetch,
            parsed,
            telemeter=self.heard,
            now_s=lambda: self.now_s,
            sleep=self._sleep,
            random=lambda: random,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.while_asleep()


@pytest.fixture(name="opened")
def _opened(connect: Connect, source: Source, heard: Heard) -> Opened:
    return Opened(connect, source, heard)


@pytest.fixture(name="away")
def _away() -> Connect:
    return connecting(f"redis://127.0.0.1:{free_port()}")


def key_of(client: Client, suffix: str = "") -> bytes:
    """The one key that ends so."""
    (key,) = [each for each in client.scan_iter() if each.endswith(b"}" + suffix.encode())]
    return bytes(key)


def grow_old(client: Client) -> None:
    """What an hour does."""
    client.unlink(key_of(client, ":fresh"))


def test_a_document_is_fetched_once(opened: Opened, source: Source) -> None:
    """Every process serves what one of them fetched."""
    assert [b"v-1"] * 3 == [opened().content() for _ in range(3)]
    assert 1 == source.fetches


def test_a_document_is_kept_for_an_hour_and_a_day(opened: Opened, client: Client) -> None:
    """Fresh for an hour less up to a tenth, served stale for a day; no lock is left."""
    opened(random=0.5).content()

    assert FRESH_S * 0.95 - 5 < client.ttl(key_of(client, ":fresh")) <= FRESH_S * 0.95
    assert KEPT_S - 5 < client.ttl(key_of(client)) <= KEPT_S
    assert 2 == client.dbsize()


def test_keys_tell_nothing(opened: Opened, client: Client) -> None:
    """A URL may hold a password: no key does."""
    opened().content()

    assert not any(b"secret" in each or b"fleet.example" in each for each in client.scan_iter())


def test_a_document_is_fetched_again_when_it_is_old(
    opened: Opened, source: Source, client: Client
) -> None:
    """After an hour the new content is served."""
    opened().content()
    source.content = b"v-2"
    grow_old(client)

    assert (b"v-2", 2) == (opened().content(), source.fetches)


def test_racing_callers_fetch_once(opened: Opened, source: Source, client: Client) -> None:
    """Of callers at once one fetches; the others wait for it, or serve what is old."""
    opened.while_asleep = lambda: threading.Event().wait(0.01)

    def race() -> set[bytes]:
        barrier = threading.Barrier(8)

        def read(_turn: int) -> bytes:
            vehicles = opened()
            barrier.wait()
            return vehicles.content()

        with ThreadPoolExecutor(8) as pool:
            return set(pool.map(read, range(8)))

    assert ({b"v-1"}, 1) == (race(), source.fetches)
    grow_old(client)
    source.content = b"v-2"
    assert race() <= {b"v-1", b"v-2"}
    assert 2 == source.fetches


def test_what_is_old_is_served_while_another_fetches(
    opened: Opened, source: Source, client: Client
) -> None:
    """A caller that comes second waits for nobody."""
    opened().content()
    grow_old(client)
    client.set(key_of(client).decode() + ":lock", "another", ex=LEASE_S)

    assert (b"v-1", 1, 0.0) == (opened().content(), source.fetches, opened.slept_s)


def test_a_caller_without_anything_waits_for_the_one_that_fetches(
    opened: Opened, source: Source, client: Client
) -> None:
    """It serves what comes meanwhile."""
    opened().content()
    key = key_of(client).decode()
    client.unlink(key, f"{key}:fresh")
    client.set(f"{key}:lock", "another", ex=LEASE_S)
    opened.while_asleep = lambda: client.set(key, b"theirs")

    assert (b"theirs", 1, 0.1) == (opened().content(), source.fetches, opened.slept_s)


def test_a_caller_does_not_wait_for_ever(opened: Opened, source: Source, client: Client) -> None:
    """After five seconds it fetches for itself, and leaves the lock alone."""
    opened().content()
    key = key_of(client).decode()
    client.unlink(key, f"{key}:fresh")
    client.set(f"{key}:lock", "another", ex=LEASE_S)

    assert (b"v-1", 2) == (opened().content(), source.fetches)
    assert pytest.approx(5.0) == opened.slept_s
    assert b"another" == client.get(f"{key}:lock")


def test_a_lock_that_is_not_ours_is_left_alone(
    opened: Opened, source: Source, client: Client
) -> None:
    """Who fetched for longer than its lease does not end another's."""
    opened().content()
    grow_old(client)
    lock = key_of(client).decode() + ":lock"
    fetch = source.fetch

    def slow() -> bytes:
        client.set(lock, "another")
        return fetch()

    source.fetch = slow  # type: ignore[method-assign]
    opened().content()

    assert b"another" == client.get(lock)


@pytest.mark.parametrize("error", [StorageUnavailable("away"), InvalidInput("gone")])
def test_what_is_old_is_served_where_the_source_fails(
    opened: Opened, source: Source, client: Client, heard: Heard, error: FleetcoreError
) -> None:
    """For a day; and the source is left alone for a minute."""
    opened().content()
    grow_old(client)
    source.error = error

    assert [b"v-1"] * 3 == [opened().content() for _ in range(3)]
    assert (2, {"StaleDocument": 1}) == (source.fetches, heard.counts)
    assert LEASE_S - 5 < client.ttl(key_of(client, ":lock")) <= LEASE_S


def test_a_document_that_is_no_list_of_vehicles_is_not_kept(
    opened: Opened, source: Source, client: Client
) -> None:
    """What cannot be read takes no other's place."""
    opened().content()
    grow_old(client)
    source.content = b"{"

    assert b"v-1" == opened().content()


def test_an_error_is_raised_where_there_is_nothing(
    opened: Opened, source: Source, client: Client
) -> None:
    """Then the next caller may try at once."""
    source.error = StorageUnavailable("away")
    with pytest.raises(StorageUnavailable, match="away"):
        opened().content()
    assert 0 == client.dbsize()

    source.error = None
    assert b"v-1" == opened().content()


def test_without_redis_the_source_is_asked(
    opened: Opened, source: Source, heard: Heard, away: Connect
) -> None:
    """Each time, and each failure of Redis is counted."""
    assert [b"v-1", b"v-1"] == [opened(away).content() for _ in range(2)]
    assert 2 == source.fetches
    assert {"DocumentCacheUnavailable"} == set(heard.counts)


def test_a_document_is_read_again_after_a_minute(
    opened: Opened, source: Source, client: Client
) -> None:
    """A process serves what it has read for a minute, then what is in the cache."""
    vehicles = opened()
    assert {"v-1"} == vehicles.find(["v-1", "v-2"]).keys()
    source.content = b"v-2"
    grow_old(client)

    opened.now_s = LOOK_AGAIN_S - 1
    assert {"v-1"} == vehicles.find(["v-1", "v-2"]).keys()
    opened.now_s = LOOK_AGAIN_S
    assert {"v-2"} == vehicles.find(["v-1", "v-2"]).keys()


def test_a_process_goes_on_with_what_it_has_read(
    opened: Opened, source: Source, away: Connect
) -> None:
    """Without Redis and without a source the last vehicles are found."""
    vehicles = opened(away)
    vehicles.find(["v-1"])
    source.error = StorageUnavailable("away")
    opened.now_s = LOOK_AGAIN_S

    assert {"v-1"} == vehicles.find(["v-1"]).keys()
    with pytest.raises(StorageUnavailable):
        opened(away).find(["v-1"])


def test_a_large_document_comes_back(opened: Opened, source: Source) -> None:
    """Some megabytes, to the byte."""
    source.content = b" ".join(b"v-%d" % at for at in range(500_000))

    assert [source.content] * 2 == [opened().content() for _ in range(2)]
    assert 1 == source.fetches


def test_a_caller_that_gets_the_lock_late_looks_again(
    opened: Opened, source: Source, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its first look and its lock another may have fetched: that is served."""
    opened().content()
    grow_old(client)
    key = key_of(client).decode()
    put = client.set

    def put_late(name: str, value: str | bytes, *, nx: bool = False, ex: int = 60) -> object:
        if nx:
            put(key, b"theirs")
            put(f"{key}:fresh", b"")
        return put(name, value, nx=nx, ex=ex)

    monkeypatch.setattr(client, "set", put_late)

    assert (b"theirs", 1) == (opened().content(), source.fetches)
    assert client.get(f"{key}:lock") is None
