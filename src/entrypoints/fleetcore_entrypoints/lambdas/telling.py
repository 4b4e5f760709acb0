"""What a handler says of its work: JSON logs, a trace, and the metrics of each run.

Logs name objects by their alias and errors by their code: a file's name, a vehicle's id and a
position are in none of them. The trace of who sent a message is logged with it. Sending needs
nothing more: in a Lambda the SDK gives its trace header to SQS, which keeps it with the message.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, TypeAlias

from aws_lambda_powertools.logging import Logger

from fleetcore.errors import FleetcoreError, StorageUnavailable
from fleetcore.ports.telemeter import Telemeter
from fleetcore_entrypoints.lambdas.app import Context
from fleetcore_entrypoints.lambdas.records import Answer, Event, Record

SERVICE: Final = "fleetcore"

Work: TypeAlias = Callable[[Event, Context], Answer]


@cache
def logger() -> Logger:
    """The process's log: a JSON object a line on standard output, level `POWERTOOLS_LOG_LEVEL`."""
    return Logger(service=SERVICE)


def told(work: Work) -> Work:
    """A handler whose log lines name the invocation, and which is a segment of its trace."""
    logged: Work = logger().inject_lambda_context(work, clear_state=True)
    if "Sampled=1" not in os.environ.get("_X_AMZN_TRACE_ID", ""):
        return logged
    # The X-Ray SDK takes long to import, and records nothing of a trace that is not sampled.
    from aws_lambda_powertools.tracing import Tracer

    # It would note the keys of objects, and so names of files, of each call.
    tracer = Tracer(service=SERVICE, auto_patch=False)
    traced: Work = tracer.capture_lambda_handler(logged, capture_response=False)
    return traced


def why(error: FleetcoreError) -> Mapping[str, str]:
    """An error of a service as logs tell it: which service, its code, or the class, of each cause.

    The texts of the SDK quote URLs, in which the keys of objects stand in several encodings.
    """
    dependency, colon, _ = str(error).partition(":")
    if not colon or not isinstance(error, StorageUnavailable):
        dependency = ""
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(_named(cause))
        cause = cause.__cause__
    return {"code": error.code, "dependency": dependency, "reason": " < ".join(causes)}


def _named(cause: BaseException) -> str:
    match getattr(cause, "response", None):
        case {"Error": {"Code": str(code)}}:
            return f"{type(cause).__name__} {code}"
        case _:
            return type(cause).__name__


class Meter:
    """Counts what one run of a function does; `counts` by the name of the metric."""

    def __init__(self, function: str, names: Sequence[str]) -> None:
        self._function = function
        self._started_s = time.monotonic()
        self.counts = Counter(dict.fromkeys(names, 0))

    def tell(self, telemeter: Telemeter, records: Sequence[Record], now_ms: int) -> None:
        """Measure the run: its counts, and how long, with how much memory, how late it ran.

        `memory_mb` is the process's peak so far in MiB, as Lambda's sizes are; `queue_age_s` is
        how long the oldest of the messages waited before this run's end.
        """
        oldest_ms = min((each.sent_at_ms for each in records), default=now_ms)
        telemeter.measure(
            {
                **{name: (number, "Count") for name, number in self.counts.items()},
                "duration_ms": ((time.monotonic() - self._started_s) * 1000, "Milliseconds"),
                "memory_mb": (_peak_mib(), "Megabytes"),
                "queue_age_s": (max(now_ms - oldest_ms, 0) / 1000, "Seconds"),
            },
            {"function": self._function},
        )


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "linux" else peak / 1024**2  # KiB, bytes elsewhere
