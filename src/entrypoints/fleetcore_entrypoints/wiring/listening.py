"""What a listener is made of: who it is to the broker, and how it takes messages in."""

from __future__ import annotations

import hashlib
import platform
import ssl
from collections.abc import Sequence
from pathlib import Path

from fleetcore.application import place_lists
from fleetcore.application.ingesting import Request
from fleetcore.application.listening import Listening, Taken, live_settings, take_in
from fleetcore.application.place_lists import ListedKind
from fleetcore.domain.ledger import RowCounts, StoreOutcome
from fleetcore.domain.messages import Message
from fleetcore.errors import InvalidConfiguration
from fleetcore.ports.live_engine import LiveWork
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.mqtt.address import Address
from fleetcore_adapters.mqtt.subscription import Login
from fleetcore_entrypoints.listener import TakeIn
from fleetcore_entrypoints.wiring.live import LiveApp


def client_id_of(folder: Path, address: Address, group: str | None) -> str:
    """A client id that the same listener has again when it is started again."""
    parts = (platform.node(), str(folder.absolute()), address.broker, address.topic, group or "")
    return f"fleetcore-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def login_of(
    address: Address,
    *,
    client_id: str,
    group: str | None = None,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    password_file: Path | None = None,
) -> Login:
    """Who a listener is to its broker.

    Raises `InvalidConfiguration` for a file that cannot be used, or what contradicts the address.
    """
    if group is not None and (not group or set(group) & set("/+#\0")):
        raise InvalidConfiguration(f"--group {group!r}: a name has no /, + or #, and is not empty")
    if not address.tls and (ca or cert or key):
        raise InvalidConfiguration("--ca, --cert and --key are for mqtts:// only")
    if key is not None and cert is None:
        raise InvalidConfiguration("--key needs --cert")
    if password_file is not None and address.user is None:
        raise InvalidConfiguration("--password-file needs a user: mqtt://USER@HOST/TOPIC")
    return Login(
        client_id=client_id,
        group=group,
        password=None if password_file is None else _first_line(password_file),
        tls=_context(ca, cert, key) if address.tls else None,
    )


def take_in_of(
    live: LiveApp, request: Request, client_id: str, vehicle_from_topic: str | None
) -> TakeIn:
    """What takes a listener's messages into a region, as the request says.

    Raises `InvalidMapping` where the pattern for topics is no regular expression.
    """
    digest = hashlib.sha256(client_id.encode()).hexdigest()
    work = LiveWork(
        ingestion=f"live-{digest[:16]}",
        settings=live_settings(request.settings),
        now_ms=live.clock.now_ms(),
        mapping=request.reading.mapping,
        vehicle_from_topic=vehicle_from_topic,
        zone=request.reading.zone or "UTC",
        directory=None if request.metadata is None else request.metadata.directory,
    )
    listening = Listening(
        engine=ArrowLiveEngine(),
        log=live.log,
        dead_messages=live.dead_messages,
        clock=live.clock,
        work=work,
    )
    return lambda messages: take_in(listening, messages)


def places_take_in_of(live: LiveApp, kind: ListedKind) -> TakeIn:
    """What takes in messages that tell of riders, drivers or trip requests; it counts messages."""

    def taken(messages: Sequence[Message]) -> Taken:
        dead = place_lists.take_in(live.places, kind, messages)
        if dead:
            live.dead_messages.bury(dead)
        accepted = len(messages) - len(dead)
        return Taken(
            counts=RowCounts(read=len(messages), accepted=accepted, malformed=len(dead)),
            store=StoreOutcome(stored=accepted),
        )

    return taken


def _first_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InvalidConfiguration(f"--password-file {path}: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise InvalidConfiguration(f"--password-file {path}: it is not UTF-8") from None
    return lines[0] if lines else ""


def _context(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise InvalidConfiguration(f"--ca {ca}: {error.strerror or error}") from error
    if cert is not None:
        try:
            context.load_cert_chain(cert, key, password="")
        except OSError as error:
            files = f"--cert {cert}" if key is None else f"--cert {cert} --key {key}"
            raise InvalidConfiguration(f"{files}: {error.strerror or error}") from error
    return context
