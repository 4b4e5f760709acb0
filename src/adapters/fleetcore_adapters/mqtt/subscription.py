"""A subscription that outlives connections, broker and listener."""

from __future__ import annotations

import logging
import select
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from attrs import field, frozen
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from fleetcore.domain.messages import Message
from fleetcore.errors import BrokerRefused
from fleetcore.ports.clock import Clock
from fleetcore_adapters.mqtt.address import Address
from fleetcore_adapters.mqtt.client import LeanClient
from fleetcore_adapters.mqtt.refusals import refusal_by, refusal_of, unanswered

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

SESSION_EXPIRY_S: Final = 7 * 86_400
"""How long the broker keeps messages for a listener that is away."""

KEEPALIVE_S: Final = 60
CONNECT_WITHIN_S: Final = 5.0
LEAVE_AFTER_S: Final = 0.05
LEAVE_WITHIN_S: Final = 2.0
MOST_PACKET_BYTES: Final = 1 << 20
"""The broker drops longer messages; they are no position reports."""

MOST_BYTES_IN_HAND: Final = 16 << 20
MOST_UNACKNOWLEDGED: Final = 0xFFFF
FIRST_PAUSE_S: Final = 0.2
MOST_UNANSWERED: Final = 4
LONGEST_PAUSE_S: Final = 10.0
SOUND_AFTER_S: Final = 5.0
"""A connection that lasts so long is sound: after it the pauses begin anew."""


@frozen(kw_only=True, slots=True)
class Login:
    """Who a listener is to the broker.

    The broker keeps a session by `client_id`. `group` shares the topic's messages among the
    listeners that name it. `tls` is how a `mqtts` broker is trusted, and trusts.
    """

    client_id: str
    group: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


class _Delivery(NamedTuple):
    """A message, and what acknowledges it: an identifier that one connection gave it."""

    connection: int
    identifier: int
    message: Message


class Subscription:
    """Messages of a topic, at least once (QoS 1), acknowledged by whoever took them in.

    The broker holds what is not acknowledged, sends at most `in_flight` of it ahead, and sends it
    again after a broken connection, which is made again by itself. All is done by the thread that
    calls, so an acknowledgement can never reach another connection than the message came by,
    where its identifier may name another message. Nothing here raises for a broker that is away:
    `problem` says so. `sessions_lost` counts how often it came back and the broker had forgotten
    it, and what it kept for it. What the broker refuses for good raises `BrokerRefused`.
    """

    def __init__(self, address: Address, login: Login, clock: Clock, *, in_flight: int) -> None:
        self._address = address
        self._login = login
        self._clock = clock
        self._in_flight = min(in_flight, MOST_UNACKNOWLEDGED)
        self._connection = 0
        self._waiting: deque[_Delivery] = deque()
        self._waiting_bytes = 0
        self._taken: list[_Delivery] = []
        self._refusal: BrokerRefused | None = None
        self._unanswered = 0
        self._next_try = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._up_at: float | None = None
        self._is_known = False
        self.problem: str | None = "not connected yet"
        self.sessions_lost = 0
        self._client = self._made()

    def receive(self, limit: int, *, wait_s: float, gather_s: float) -> tuple[Message, ...]:
        """The next messages, at most `limit`, in the order they came.

        Waits up to `wait_s` for the first one, and `gather_s` from then on for more.
        """
        self._gather(1, wait_s)
        if self._waiting:
            self._gather(limit, gather_s)
        count = min(limit, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        self._taken += taken
        self._waiting_bytes -= sum(len(each.message.payload) for each in taken)
        return tuple(each.message for each in taken)

    def _gather(self, count: int, within_s: float) -> None:
        """Have so many messages wait, or those for which there is room, or that come in time.

        What is there already when the time is up is read too: behind a slow append much is.
        """
        end = time.monotonic() + within_s
        while len(self._waiting) < count and not self._is_full:
            before = len(self._waiting)
            left_s = end - time.monotonic()
            self._serve(max(0.0, left_s), until=count)
            if left_s <= 0 and len(self._waiting) == before:
                break

    def acknowledge(self) -> None:
        """Tell the broker that all that was received is taken in, in the order it came."""
        # What came by a connection that broke is sent again, and acknowledged then.
        self._client.acknowledge(
            [
                each.identifier
                for each in self._taken
                if each.identifier and each.connection == self._connection
            ]
        )
        self._taken.clear()

    def pause(self, seconds: float) -> None:
        """Keep the connection for so long, and take no message."""
        end = time.monotonic() + seconds
        self._gather(self._in_flight, seconds)
        # Where it is full nothing is read until there is room: the broker waits.
        time.sleep(max(0.0, end - time.monotonic()))

    def close(self) -> None:
        """Leave the broker, which keeps the session and what is not acknowledged."""
        end = time.monotonic() + LEAVE_WITHIN_S
        # A connection closed with something unread is reset, and acknowledgements may be lost:
        # give the broker the moment it takes to read them.
        with suppress(BrokerRefused):
            while self._client.socket() is not None and time.monotonic() < end:
                self.pause(LEAVE_AFTER_S)
                if not self._client.want_write():
                    break
        self._client.disconnect()

    # --- the connection ------------------------------------------------------------------------

    @property
    def _is_full(self) -> bool:
        return len(self._waiting) >= self._in_flight or self._waiting_bytes >= MOST_BYTES_IN_HAND

    def _made(self) -> LeanClient:
        client = LeanClient(
            CallbackAPIVersion.VERSION2,
            client_id=self._login.client_id,
            protocol=MQTTv5,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_WITHIN_S
        if self._address.user is not None:
            client.username_pw_set(self._address.user, self._login.password)
        if self._address.tls:
            client.tls_set_context(self._login.tls or ssl.create_default_context())
        client.enable_logger(_error_log(self._failed))
        client.on_connect = self._answered
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._came
        return client

    def _serve(self, wait_s: float, *, until: int) -> None:
        """Read and write what there is, waiting so long at most, for `until` messages to wait."""
        socket = self._client.socket() or self._connected(wait_s)
        if socket is None:
            self._raise_refusal()
            return
        # Of what was read ahead, or TLS has decrypted already, no system call tells.
        pending = self._client.has_more or (
            isinstance(socket, ssl.SSLSocket) and socket.pending() > 0
        )
        handle = [socket.fileno()]
        writing = handle if self._client.want_write() else []
        readable, writable, _ = select.select(handle, writing, [], 0 if pending else wait_s)
        if readable or pending:
            self._read(until)
        if writable or self._client.want_write():
            self._client.loop_write()
        self._client.loop_misc()
        self._raise_refusal()

    def _raise_refusal(self) -> None:
        if self._refusal is not None:
            raise self._refusal

    def _read(self, until: int) -> None:
        """Read whole messages as long as they are there, and some room is."""
        before = -1
        while before < len(self._waiting) < max(until, 1) and not self._is_full:
            before = len(self._waiting)
            self._client.loop_read()

    def _connected(self, wait_s: float) -> SocketLike | None:
        """A new connection; None where none can be made, or it is too soon to try again."""
        left_s = self._next_try - time.monotonic()
        if left_s > 0:
            time.sleep(min(left_s, wait_s))
            return None
        self._next_try = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._connection += 1
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho's
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = self._in_flight
        properties.MaximumPacketSize = MOST_PACKET_BYTES
        try:
            self._client.connect(
                self._address.host,
                self._address.port,
                KEEPALIVE_S,
                clean_start=False,
                properties=properties,
            )
        except OSError as error:
            self._failed(error)
            if isinstance(error, ssl.SSLError | ConnectionResetError | BrokenPipeError):
                self._unanswered_again()
            return None
        return self._client.socket()

    # --- what paho calls -----------------------------------------------------------------------

    def _failed(self, error: OSError) -> None:
        self.problem = f"{self._address.broker}: {error.strerror or error}"
        self._refusal = self._refusal or refusal_of(error, self._address.broker)

    def _answered(
        self,
        client: Client,
        _data: object,
        flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if code.is_failure:
            self._refused(code)
            return
        self.sessions_lost += self._is_known and not flags.session_present
        self._up_at = time.monotonic()
        self._unanswered = 0
        topic = self._address.topic
        if self._login.group is not None:
            topic = f"$share/{self._login.group}/{topic}"
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        client.subscribe(topic, options=options)

    def _subscribed(
        self,
        _client: Client,
        _data: object,
        _identifier: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        for code in codes:
            if code.is_failure:
                self._refused(code)
                return
        self._is_known = True
        self.problem = None

    def _disconnected(
        self,
        _client: Client,
        _data: object,
        flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._connection += 1
        if flags.is_disconnect_packet_from_server:
            self._refused(code)
        up_at, self._up_at = self._up_at, None
        if up_at is None:
            self._unanswered_again()
        lasted_s = 0.0 if up_at is None else time.monotonic() - up_at
        if lasted_s >= SOUND_AFTER_S:
            self._pause_s = FIRST_PAUSE_S
        elif up_at is not None and self.problem is None:
            # Mosquitto closes a connection without a word when another client has its id.
            self.problem = (
                f"{self._address.broker}: the connection broke after {lasted_s:.1f} s; if that "
                "goes on, another listener has the same client id: give each its own --client-id"
            )
        self.problem = self.problem or f"{self._address.broker}: the connection broke"

    def _unanswered_again(self) -> None:
        """Count connections by TLS that the broker ended before it said anything.

        With TLS 1.3 it learns only then that a certificate is missing, and its reason may be
        lost with the connection.
        """
        self._unanswered += 1
        if self._address.tls and self._unanswered >= MOST_UNANSWERED:
            self._refusal = self._refusal or unanswered(self._address.broker, self._unanswered)

    def _refused(self, code: ReasonCode) -> None:
        self.problem = f"{self._address.broker}: {code.getName()}"
        self._refusal = self._refusal or refusal_by(code, self._address.broker)

    def _came(self, _client: Client, _data: object, came: MQTTMessage) -> None:
        try:
            topic = came.topic
        except UnicodeDecodeError:
            topic = ""
        message = Message(
            topic=topic, payload=bytes(came.payload), received_at_ms=self._clock.now_ms()
        )
        identifier = came.mid if came.qos else 0
        self._waiting.append(_Delivery(self._connection, identifier, message))
        self._waiting_bytes += len(message.payload)


class _ErrorHandler(logging.Handler):
    """Gives the error that is the argument of a log record on; paho tells it nowhere else."""

    def __init__(self, tell: Callable[[OSError], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        for argument in record.args if isinstance(record.args, tuple) else ():
            if isinstance(argument, OSError):
                self._tell(argument)


def _error_log(tell: Callable[[OSError], None]) -> logging.Logger:
    """A log of paho's errors that only `tell` hears."""
    log = logging.Logger("mqtt", logging.ERROR)  # noqa: LOG001 - of nobody else's tree
    log.addHandler(_ErrorHandler(tell))
    return log
