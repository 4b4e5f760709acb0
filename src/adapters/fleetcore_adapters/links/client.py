"""A region somewhere else, over a socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from fleetcore.domain.digests import Digest, Sum
from fleetcore.domain.facts import Fact
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import RegionUnreachable
from fleetcore.ports.live_log import Batches
from fleetcore.ports.region import Recount, Region
from fleetcore.ports.registers import Held
from fleetcore_adapters.links import operations
from fleetcore_adapters.links.addresses import Address, check_secret
from fleetcore_adapters.links.channel import Channel
from fleetcore_adapters.links.columns import Malformed, Reader
from fleetcore_adapters.links.operations import A, Operation, R

MOST_ANSWER_BYTES: Final = 256 << 20
TIMEOUT_S: Final = 5.0
"""So long a region may take to connect, and to answer a question."""

LOG_TIMES: Final = 3
"""So many times as long it may take where it has to read its log: that grows, registers do not."""

ANSWERED: Final = b"\x00"
REFUSED: Final = b"\x01"


class LinkedRegion(Region):
    """Asks a region's server, over one connection that is made when it is needed.

    Questions of several threads are asked one after the other. Whatever goes wrong, sockets and
    bytes, is `RegionUnreachable`; so is everything while `is_cut`: the asking side is cut off. A
    connection that had ended is made anew, once a question.
    """

    def __init__(
        self,
        name: str,
        address: Address,
        secret: bytes = b"",
        *,
        timeout_s: float = TIMEOUT_S,
        is_cut: Callable[[], bool] = lambda: False,
    ) -> None:
        check_secret(address, secret)
        self._name = name
        self._address = address
        self._secret = secret
        self._timeout_s = timeout_s
        self._is_cut = is_cut
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._exchanged = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def exchanged(self) -> int:
        """The bytes sent and received so far."""
        return self._exchanged + (self._channel.exchanged if self._channel is not None else 0)

    def close(self) -> None:
        """End the connection; the next question makes another."""
        with self._lock:
            self._hang_up()

    def digest(self) -> Digest:
        return self._ask(operations.DIGEST, None)

    def cities(self) -> Mapping[str, Sum]:
        return self._ask(operations.CITIES, None)

    def leaves(self, buckets: Collection[int]) -> Mapping[int, Sum]:
        return self._ask(operations.LEAVES, buckets)

    def fingerprints(self, leaves: Collection[int]) -> Mapping[int, Collection[int]]:
        return self._ask(operations.FINGERPRINTS, leaves)

    def held(self, fingerprints: Mapping[int, Collection[int]]) -> tuple[Held, ...]:
        return self._ask(operations.HELD, fingerprints)

    def tombstones(self, leaves: Collection[int]) -> tuple[Tombstone, ...]:
        return self._ask(operations.TOMBSTONES, leaves)

    def read(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        return self._ask(operations.READ, vehicle_ids)

    def logged(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        return self._ask(operations.LOGGED, vehicle_ids, LOG_TIMES)

    def recount(self, part: int, parts: int) -> Recount:
        return self._ask(operations.RECOUNT, (part, parts))

    def mend(self, facts: Sequence[Fact], run: str) -> int:
        return self._ask(operations.MEND, (facts, run))

    def replace(self, old: Fact, new: Fact) -> bool:
        return self._ask(operations.REPLACE, (old, new))

    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        return self._ask(operations.BURY, tombstones)

    def batches_since(self, cursor: int, limit: int) -> Batches:
        return self._ask(operations.BATCHES_SINCE, (cursor, limit), LOG_TIMES)

    def _ask(self, operation: Operation[A, R], question: A, times: int = 1) -> R:
        if self._is_cut():
            raise RegionUnreachable(
                f"region {self._name!r}: this region is cut off itself; `fleetcore link heal`"
            )
        with self._lock:
            try:
                answer = self._exchange(operation.asking(question), times * self._timeout_s)
                if answer[:1] == ANSWERED:
                    reader = Reader(answer[1:])
                    told = operation.answered(reader)
                    reader.end()
                    return told
            except (OSError, Malformed) as error:
                self._hang_up()
                raise RegionUnreachable(
                    f"region {self._name!r} at {self._address}: {_reason(error)}; "
                    "is it running there, and not cut off?"
                ) from error
        reason = answer[1:].decode(errors="replace")
        raise RegionUnreachable(f"region {self._name!r} at {self._address}: {reason}")

    def _exchange(self, question: bytes, timeout_s: float) -> bytes:
        if self._channel is not None:
            try:
                return self._asked(self._channel, question, timeout_s)
            except ConnectionError:
                self._hang_up()
        self._channel = self._connected()
        return self._asked(self._channel, question, timeout_s)

    def _asked(self, channel: Channel, question: bytes, timeout_s: float) -> bytes:
        channel.send(question, self._timeout_s)
        return channel.receive(MOST_ANSWER_BYTES, timeout_s)

    def _connected(self) -> Channel:
        address = (self._address.host, self._address.port)
        connection = socket.create_connection(address, self._timeout_s)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            channel = Channel(connection, self._secret, "client", self._timeout_s)
            name = channel.receive(1 << 10, self._timeout_s).decode(errors="replace")
            if name != self._name:
                raise Malformed(f"the region there is called {name!r}")
        except BaseException:
            connection.close()
            raise
        return channel

    def _hang_up(self) -> None:
        if self._channel is not None:
            self._exchanged += self._channel.exchanged
            self._channel.close()
            self._channel = None


def _reason(error: Exception) -> str:
    """Why, in one form: systems and moments differ in how they say that a connection ended."""
    match error:
        case ConnectionRefusedError():
            return "nobody listens there"
        case ConnectionError():
            return "it ended the connection"
        case TimeoutError():
            return "no answer in time"
        case OSError(strerror=str(why)):
            return why
        case _:
            return str(error)
