"""What a bill is reckoned from: everything that is not in the code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import fields, frozen

from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.costs.prices import CACHE_NODE_HOUR, LAMBDA_GB_SECOND


@frozen(kw_only=True, slots=True)
class Assumptions:
    """A fleet and how it runs. `ABOUT` says what each is; shares are from 0 to 1."""

    vehicles: int = 50_000
    events_per_day: int = 1_000_000
    files_per_day: int = 288
    row_bytes: int = 82
    reject_share: float = 0.01
    reject_bytes: int = 200
    moving_share: float = 0.55
    part_row_bytes: int = 22
    maybe_share: float = 0.013
    known_share: float = 0.0
    city_share: float = 1.0
    item_bytes: int = 300
    ttl_days: int = 90
    age_days: int = 365
    redis_nodes: int = 2
    redis_node: str = "cache.t4g.small"
    zones: int = 2
    architecture: str = "arm64"
    memory_mb: int = 512
    ingest_us: float = 2.0
    store_us: float = 150.0
    request_us: float = 1000.0
    request_ms: float = 5.0
    parts_a_run: int = 1
    pollers: int = 5
    log_bytes: int = 3_000
    kms_requests_per_hour: int = 100


_FROM_ONE: Final = frozenset(
    {
        *("vehicles", "files_per_day", "row_bytes", "item_bytes", "memory_mb", "parts_a_run"),
        *("events_per_day", "part_row_bytes"),
    }
)

ABOUT: Final = {
    "vehicles": "Vehicles that report.",
    "events_per_day": "Rows in all files of a day.",
    "files_per_day": "Files of a day, alike.",
    "row_bytes": "Bytes of a row in a file.",
    "reject_share": "Of rows, those that are rejected or malformed.",
    "reject_bytes": "Bytes of such a row among the rejects, reasons included.",
    "moving_share": "Of stored rows, those on the moving lane.",
    "part_row_bytes": "Bytes of a row in a part.",
    "maybe_share": "Of stored rows, those the seen window calls maybe; without Redis, all.",
    "known_share": "Of stored rows, those that the log holds already.",
    "city_share": "Of stored rows, those with a city: the index holds them once more.",
    "item_bytes": "Bytes of an event's item in the log.",
    "ttl_days": "Days that the log keeps an event; 0 for ever.",
    "age_days": "For how many days the fleet has been running: what is kept for ever grows.",
    "redis_nodes": "Nodes of Redis; 0 without, and without its network.",
    "redis_node": f"Their kind: {' or '.join(CACHE_NODE_HOUR)}.",
    "zones": "Availability zones with an interface endpoint of each service.",
    "architecture": f"Of the functions: {' or '.join(LAMBDA_GB_SECOND)}.",
    "memory_mb": "Of a function.",
    "ingest_us": "CPU time to take a row in, in microseconds of a whole vCPU.",
    "store_us": "CPU time to store a row, likewise.",
    "request_us": "CPU time to make a request and read its answer, likewise.",
    "request_ms": "How long a request waits for its answer.",
    "parts_a_run": "Messages that one run of store_events is handed, up to 10.",
    "pollers": "Long polls of a queue that Lambda keeps open.",
    "log_bytes": "Bytes that a run writes to its log.",
    "kms_requests_per_hour": "Requests to KMS: data keys are used again for minutes or hours.",
}


LEAST_MEMORY_MB: Final = 128
MOST_MESSAGES: Final = 10


def check(given: Assumptions) -> None:
    """Raise `InvalidConfiguration`, which names the option, for what cannot be."""
    for each in fields(Assumptions):
        option, value = f"--{each.name.replace('_', '-')}", getattr(given, each.name)
        if isinstance(value, str):
            continue
        if not 0 <= value < float("inf"):
            raise InvalidConfiguration(f"{option} {value}: it is no number from 0 on")
        if each.name.endswith("_share") and value > 1:
            raise InvalidConfiguration(f"{option} {value}: a share is a number from 0 to 1")
        if each.name in _FROM_ONE and value < 1:
            raise InvalidConfiguration(f"{option} {value}: it is 1 at the least")
    if given.memory_mb < LEAST_MEMORY_MB:
        raise InvalidConfiguration(
            f"--memory-mb {given.memory_mb}: Lambda gives {LEAST_MEMORY_MB} at the least"
        )
    if given.parts_a_run > MOST_MESSAGES:
        raise InvalidConfiguration(
            f"--parts-a-run {given.parts_a_run}: a run is handed {MOST_MESSAGES} at the most"
        )
    if given.redis_nodes and given.known_share > given.maybe_share:
        raise InvalidConfiguration(
            f"--known-share {given.known_share}: what the log holds is a maybe-row too; "
            "make --maybe-share as large"
        )
    _check_choice("--redis-node", given.redis_node, CACHE_NODE_HOUR)
    _check_choice("--architecture", given.architecture, LAMBDA_GB_SECOND)


def _check_choice(option: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise InvalidConfiguration(f"{option} {value!r}: it is one of {', '.join(choices)}")
