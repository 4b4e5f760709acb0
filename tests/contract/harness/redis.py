"""The adapters on Redis, a row a stand-in."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

from redis import Redis
from tests.contract.harness.arrow import vehicles_file
from tests.contract.harness.harness import Harness, Rows
from tests.standins.certificate import Certificate, self_signed
from tests.standins.redis_server import running_redis, running_valkey
from tests.standins.server import Endpoint, free_port
from tests.standins.shared import shared

from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.telemeter import Telemeter, Unit
from fleetcore.testing.contracts.seen_window import SeenWindowRig
from fleetcore_adapters.arrow.vehicles_file import VehiclesFile
from fleetcore_adapters.redis.clients import Connect, connecting
from fleetcore_adapters.redis.seen_window import RedisSeenWindow
from fleetcore_adapters.redis.vehicles import CachedVehicles

PATIENCE_S: Final = 5.0
"""A stand-in shares its machine with the tests."""


class Unheard(Telemeter):
    """Nobody listens."""

    def measure(
        self, metrics: Mapping[str, tuple[float, Unit]], dimensions: Mapping[str, str]
    ) -> None:
        """Nothing."""

    def alert(self, subject: str, message: str) -> None:
        """Nothing."""


@contextmanager
def running_cluster() -> Iterator[Endpoint]:
    """A cluster of one node that serves every slot."""
    # Its other port would else be 10,000 above the first, where systems put outgoing connections.
    with running_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port())) as endpoint:
        with Redis.from_url(endpoint.redis) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            while "cluster_state:ok" not in str(client.execute_command("CLUSTER", "INFO")):
                time.sleep(0.05)
        yield endpoint


@cache
def certificate() -> Certificate:
    """The certificate of this process's servers; its folder goes with the process."""
    folder = Path(mkdtemp(prefix="certificate-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    return self_signed(folder)


@contextmanager
def running_tls() -> Iterator[Endpoint]:
    """A server that speaks TLS only."""
    files = certificate()
    with running_redis(
        *("--port", "0", "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(files.certificate), "--tls-key-file", str(files.key)),
        port_option="--tls-port",
    ) as endpoint:
        yield endpoint


def on_redis() -> Connect:
    """A client of its own on the process's Redis."""
    return connecting(shared(running_redis).redis, timeout_s=PATIENCE_S)


def on_valkey() -> Connect:
    """A client of its own on the process's Valkey."""
    return connecting(shared(running_valkey).redis, timeout_s=PATIENCE_S)


def on_cluster() -> Connect:
    """A client of its own on the process's cluster."""
    return connecting(f"{shared(running_cluster).redis}?cluster=true", timeout_s=PATIENCE_S)


def over_tls() -> Connect:
    """A client of its own that knows the server's certificate."""
    url = shared(running_tls).redis.replace("redis:", "rediss:")
    return connecting(f"{url}?ssl_ca_certs={certificate().certificate}", timeout_s=PATIENCE_S)


def seen_windows(
    connected: Callable[[], Connect],
) -> Callable[[Path, ExitStack], Callable[[], SeenWindowRig]]:
    """Filters on a server that is empty at first; each handle has a client of its own."""

    def start(_folder: Path, stack: ExitStack) -> Callable[[], SeenWindowRig]:
        client = stack.enter_context(closing(connected()()))
        client.flushall()

        def lose(window: str) -> None:
            for key in list(client.scan_iter(count=1000)):
                if key.decode().endswith(f":{window}"):
                    client.unlink(key)

        def opened() -> SeenWindowRig:
            connect = connected()
            stack.enter_context(closing(connect()))
            return SeenWindowRig(window=RedisSeenWindow(connect, Unheard()), lose=lose)

        return opened

    return start


def cached_vehicles(
    connected: Callable[[], Connect],
) -> Callable[[Path, ExitStack], Callable[[], CachedVehicles]]:
    """Documents on a server, each with a source of its own."""

    def start(_folder: Path, stack: ExitStack) -> Callable[[], CachedVehicles]:
        def opened(known: Iterable[Vehicle] = ()) -> CachedVehicles:
            content = vehicles_file(known).content
            connect = connected()
            stack.enter_context(closing(connect()))
            return CachedVehicles(
                connect,
                uuid4().hex,
                lambda: content,
                lambda read: VehiclesFile(read, "vehicles.csv"),
                telemeter=Unheard(),
            )

        return opened

    return start


ROWS: Final[Rows] = {
    "seen_window": (
        Harness("redis", seen_windows(on_redis)),
        Harness("valkey", seen_windows(on_valkey)),
        Harness("redis-cluster", seen_windows(on_cluster)),
        Harness("redis-tls", seen_windows(over_tls)),
    ),
    "vehicle_directory": (
        Harness("redis", cached_vehicles(on_redis)),
        Harness("valkey", cached_vehicles(on_valkey)),
    ),
}
