"""The JSON of payloads, read strictly: the reference for every live engine."""

from __future__ import annotations

import json
from typing import NoReturn

from fleetcore.domain.messages import MAX_PAYLOAD_BYTES
from fleetcore.domain.payloads import (
    NOT_JSON,
    NOT_UTF_8,
    TOO_DEEP,
    TOO_LONG,
    Fault,
    Report,
    reports_in,
)


def opened(payload: bytes) -> tuple[Report | Fault, ...]:
    """The reports in a payload, in order; a fault for each that is none, or for all of it.

    Whatever the bytes, it raises nothing. Of equal keys in one object the last counts.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return (TOO_LONG,)
    try:
        return reports_in(json.loads(payload.decode(), parse_constant=_refused))
    except UnicodeDecodeError:
        return (NOT_UTF_8,)
    except RecursionError:
        return (TOO_DEEP,)
    except ValueError:  # no JSON, or an integer of more digits than Python reads
        return (NOT_JSON,)


def _refused(token: str) -> NoReturn:
    raise ValueError(f"{token} is no JSON")
