"""`fleetcore listen`: live locations from an MQTT broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetcore_entrypoints.cli.options import (
    config_option,
    data_option,
    examples,
    json_option,
    mapping_option,
    named,
    pairs,
    refuse_aws,
    timezone_option,
    vehicles_option,
)

if TYPE_CHECKING:
    from fleetcore.application.place_lists import ListedKind
    from fleetcore_entrypoints.listener import Heard


def _pattern(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """A pattern that can be right."""
    from fleetcore.domain.report_forms import checked_pattern
    from fleetcore.errors import InvalidMapping

    try:
        return None if text is None else checked_pattern(text)
    except InvalidMapping as error:
        raise click.BadParameter(str(error)) from None


@click.command(
    epilog=examples(
        "fleetcore listen mqtt://localhost/fleet/#",
        r"fleetcore listen mqtt://localhost/owntracks/+/+ --vehicle-from-topic '/([^/]+)$'",
        "fleetcore listen mqtts://tracker@broker.example/fleet/+/position \\",
        "    --ca ca.pem --cert listener.pem --key listener.key --password-file secret.txt",
        "fleetcore listen mqtt://localhost/fleet/# --group store --client-id store-1 --json",
    )
)
@click.argument(
    "url",
    type=named,
    metavar="mqtt[s]://[USER@]HOST[:PORT]/TOPIC",
    help="The broker, and the topic with its wildcards + and #.",
)
@data_option
@config_option
@mapping_option
@timezone_option
@click.option(
    "--vehicle-from-topic",
    metavar="REGEX",
    callback=_pattern,
    help="Finds the vehicle id in a message's topic: its group.",
)
@vehicles_option
@click.option(
    "--of",
    "kind",
    type=click.Choice(("rider", "driver", "trip")),
    help="The messages tell of these instead of where vehicles are.",
)
@click.option(
    "--group", metavar="NAME", help="Share the messages with other listeners of this group."
)
@click.option(
    "--client-id",
    metavar="ID",
    show_default="made of the machine, folder and topic",
    help="Who this listener is to the broker, which keeps its messages by it.",
)
@click.option(
    "--ca", type=Path, metavar="FILE", help="PEM: who vouches for the broker (else the system's)."
)
@click.option("--cert", type=Path, metavar="FILE", help="PEM: this listener's certificate.")
@click.option("--key", type=Path, metavar="FILE", help="PEM: its key, where --cert has none.")
@click.option("--password-file", type=Path, metavar="FILE", help="Its first line is the password.")
@json_option
def listen(
    *,
    url: str,
    data: Path,
    config: Path | None,
    mapping: tuple[str, ...],
    timezone: str | None,
    vehicle_from_topic: str | None,
    vehicles: str | None,
    kind: ListedKind | None,
    group: str | None,
    client_id: str | None,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Take in what vehicles publish over MQTT, until it is stopped (Ctrl-C, SIGTERM).

    A message is acknowledged when it is durable, so the broker keeps what comes while this does
    not run, and sends it then; started again, it goes on. Messages that cannot be used are kept:
    `fleetcore dead-letters list`. A broker that is away, or a full disk, is told and waited for.
    With --json an object a second, and one of the whole at the end.
    """
    from contextlib import closing

    from fleetcore_adapters.mqtt.address import address_of
    from fleetcore_adapters.mqtt.subscription import Subscription
    from fleetcore_entrypoints import listener
    from fleetcore_entrypoints.cli.stopping import stopped_by_signals
    from fleetcore_entrypoints.options import request_of
    from fleetcore_entrypoints.wiring.listening import (
        client_id_of,
        login_of,
        places_take_in_of,
        take_in_of,
    )
    from fleetcore_entrypoints.wiring.live import wire_live

    refuse_aws(data)
    address = address_of(url)
    request = request_of(
        mapping=pairs(mapping, "--map", "FIELD=KEY"),
        timezone=timezone,
        vehicles=vehicles,
        config=config,
    )
    login = login_of(
        address,
        client_id=client_id or client_id_of(data, address, group),
        group=group,
        ca=ca,
        cert=cert,
        key=key,
        password_file=password_file,
    )
    with closing(wire_live(data)) as live, stopped_by_signals() as stopped:
        if kind is None:
            take_in = take_in_of(live, request, login.client_id, vehicle_from_topic)
        else:
            take_in = places_take_in_of(live, kind)
        inbox = Subscription(address, login, live.clock, in_flight=2 * listener.MOST_MESSAGES)
        with closing(inbox):
            teller = _Teller(as_json=as_json)
            heard = listener.listen(
                inbox, take_in, live.clock, is_stopped=stopped.is_set, tell=teller.tell
            )
        teller.conclude(heard)


class _Teller:
    """Says what was heard: to a program every time, to a person where there is something new."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._messages = 0
        self._problem: str | None = "not connected yet"
        self._was_connected = False
        self._sessions_lost = 0

    def tell(self, heard: Heard) -> None:
        from fleetcore_entrypoints.cli.output import note, print_json

        self._was_connected |= heard.problem is None
        if heard.problem != self._problem:
            note(f"waiting: {heard.problem}" if heard.problem else "listening")
            self._problem = heard.problem
        if heard.sessions_lost > self._sessions_lost:
            self._sessions_lost = heard.sessions_lost
            note(
                "the broker has forgotten this listener, and with it what it kept for it while it "
                "was away; does it keep sessions on disk?"
            )
        if self._as_json:
            print_json({**_content(heard), "done": False})
        elif heard.messages != self._messages:
            print(_line(heard), flush=True)
        self._messages = heard.messages

    def conclude(self, heard: Heard) -> None:
        from fleetcore_entrypoints.cli.output import note, print_json

        if self._as_json:
            print_json({**_content(heard), "done": True})
        else:
            print(_line(heard), flush=True)
        if self._was_connected or heard.messages or heard.problem is None:
            note("stopped; what comes now is kept by the broker")
        else:
            note("stopped; the broker was not reached: it keeps what comes if it ever was before")


def _content(heard: Heard) -> dict[str, object]:
    counts, store = heard.taken.counts, heard.taken.store
    return {
        "received": heard.messages,
        "read": counts.read,
        "accepted": counts.accepted,
        "duplicate": counts.duplicate,
        "conflicting": counts.conflicting,
        "rejected": counts.rejected,
        "malformed": counts.malformed,
        "ignored": heard.taken.ignored,
        "stored": store.stored,
        "already_stored": store.already_stored,
        "conflicting_at_store": store.conflicting,
        "forgotten": store.forgotten,
        "rate_per_s": round(heard.rate_per_s, 1),
        "durable_after_ms": {
            "mean": round(heard.delays.mean_ms, 1),
            "p99": heard.delays.within_ms(0.99),
            "max": heard.delays.max_ms,
        },
        "problem": heard.problem,
        "sessions_lost": heard.sessions_lost,
    }


def _line(heard: Heard) -> str:
    counts, store = heard.taken.counts, heard.taken.store
    return (
        f"{heard.messages:,} received ({heard.rate_per_s:,.0f}/s): "
        f"{counts.accepted:,} accepted, "
        f"{counts.duplicate + store.already_stored:,} duplicate, "
        f"{counts.conflicting + store.conflicting:,} conflicting, "
        f"{counts.rejected:,} rejected, {counts.malformed:,} malformed"
        f"{f', {store.forgotten:,} of forgotten vehicles' if store.forgotten else ''}; "
        f"durable after {heard.delays.mean_ms:.0f} ms (at most {heard.delays.max_ms:,})"
    )
