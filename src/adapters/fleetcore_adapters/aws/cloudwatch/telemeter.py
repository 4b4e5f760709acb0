"""Metrics in CloudWatch's embedded metric format, alerts to an SNS topic.

    {"_aws": {"Timestamp": ..., "CloudWatchMetrics": [{"Namespace": "fleetcore",
        "Dimensions": [["function"]], "Metrics": [{"Name": "rows_read", "Unit": "Count"}]}]},
     "function": "ingest_file", "rows_read": 1200}

Lambda carries each line of its process's output to CloudWatch Logs, which makes metrics of such
lines (Amazon CloudWatch User Guide, "Embedded metric format specification"): no request is made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Final, TextIO, TypeAlias

from fleetcore.errors import FleetcoreError
from fleetcore.ports.clock import Clock
from fleetcore.ports.telemeter import Telemeter, Unit
from fleetcore_adapters.aws.aws_errors import translated
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.resilience.policy import Policy

NAMESPACE: Final = "fleetcore"

MAX_METRICS: Final = 100
"""In one line; more become several lines."""

MAX_DIMENSIONS: Final = 30
MAX_DIMENSION_CHARACTERS: Final = 1024
MAX_SUBJECT_CHARACTERS: Final = 99
MAX_MESSAGE_BYTES: Final = 256 * 1024

_Values: TypeAlias = Sequence[tuple[str, tuple[float, Unit]]]


class CloudWatchTelemeter(Telemeter):
    """Writes each measurement to a stream as one line of JSON, and publishes alerts.

    An alert is a line of the stream too; without a `topic` (its ARN) it is nothing else. Values
    that are not finite, empty dimensions and those behind the 30th are left out, as CloudWatch
    would refuse the line. Publishing goes through the policy of SNS. Needs `sns:Publish`.
    """

    def __init__(
        self,
        stream: TextIO,
        clock: Clock,
        *,
        clients: Clients,
        policy: Policy,
        topic: str | None = None,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._clients = clients
        self._policy = policy
        self._topic = topic

    def measure(
        self, metrics: Mapping[str, tuple[float, Unit]], dimensions: Mapping[str, str]
    ) -> None:
        """See `Telemeter.measure`."""
        told = ((name, text) for name, text in dimensions.items() if text)
        named = {
            name: text[:MAX_DIMENSION_CHARACTERS] for name, text in islice(told, MAX_DIMENSIONS)
        }
        finite = [each for each in metrics.items() if math.isfinite(each[1][0])]
        for start in range(0, len(finite), MAX_METRICS):
            self._write(self._line(finite[start : start + MAX_METRICS], named))

    def _line(self, values: _Values, dimensions: Mapping[str, str]) -> Mapping[str, object]:
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in values],
        }
        return {
            "_aws": {"Timestamp": self._clock.now_ms(), "CloudWatchMetrics": [directive]},
            **dimensions,
            **{name: value for name, (value, _) in values},
        }

    def alert(self, subject: str, message: str) -> None:
        """See `Telemeter.alert`."""
        self._write({"level": "ALERT", "subject": subject, "message": message})
        if self._topic is not None:
            # The alert is in the log, and the metrics behind it have alarms of their own.
            with suppress(FleetcoreError):
                self._policy.call(partial(self._publish, self._topic, subject, message))

    def _publish(self, topic: str, subject: str, message: str) -> None:
        with translated("the alerts topic"):
            self._clients.sns.publish(
                TopicArn=topic, Subject=_subject(subject), Message=_cut(message)
            )

    def _write(self, line: Mapping[str, object]) -> None:
        # A closed or broken stream raises one of these.
        with suppress(OSError, ValueError):
            self._stream.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._stream.flush()


def _subject(text: str) -> str:
    """A subject SNS takes: fewer than 100 printable ASCII characters, in one line."""
    plain = " ".join(text.encode("ascii", "replace").decode().split())
    kept = "".join(each for each in plain if each.isprintable())
    return kept[:MAX_SUBJECT_CHARACTERS] or NAMESPACE


def _cut(message: str) -> str:
    """A message SNS takes: not empty, at most 256 KiB as UTF-8."""
    kept = message.encode("utf-8", "replace")[:MAX_MESSAGE_BYTES].decode("utf-8", "ignore")
    return kept or "(no text)"
