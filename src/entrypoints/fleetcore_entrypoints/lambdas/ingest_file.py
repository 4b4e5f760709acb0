"""Takes in files that arrive under `telemetry/`: messages of the uploads queue.

A message is acknowledged once the file's chunks are committed and its parts are on the lanes, or
once it is clear that no further try would change anything. What a service failed at is handed out
again by the queue, and after too many tries kept by its dead-letter queue, as is a message that
cannot be read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, assert_never

from aws_lambda_powertools.logging import Logger

from fleetcore.application.storing import BACKOFF_S
from fleetcore.errors import (
    InvalidConfiguration,
    StorageUnavailable,
    UnbalancedLedger,
)
from fleetcore_entrypoints.lambdas.app import DEADLINE, Context, FilesApp, upload_limit, wired
from fleetcore_entrypoints.lambdas.notices import (
    Arrived,
    Elsewhere,
    Empty,
    Malformed,
    Notice,
    OtherEvent,
    Oversized,
    Removed,
    Trial,
    Upload,
    continuation,
    notices_in,
)
from fleetcore_entrypoints.lambdas.pace import TO_START_S, Pace
from fleetcore_entrypoints.lambdas.records import Answer, Event, Record, answer, records_of
from fleetcore_entrypoints.lambdas.taking_in import (
    BadFile,
    Gone,
    Superseded,
    TakenIn,
    Trouble,
    Unfinished,
    take_in,
)
from fleetcore_entrypoints.lambdas.telling import Meter, logger, told, why

METRICS: Final = (
    *("rows_read", "rows_accepted", "rows_duplicate", "rows_conflicting", "rows_rejected"),
    *("rows_malformed", "files_completed", "files_continued", "files_failed", "files_refused"),
    *("messages_failed", "messages_malformed", "ledger_imbalance"),
)
"""What one run counts: of a file that takes several, each counts the rows it committed."""


def handler(event: Event, context: Context) -> Answer:
    """Lambda's entry. Raises `InvalidInput` for an event of no queue, or a wrong environment."""
    DEADLINE.begin(context)
    return told(_ran)(event, context)


def _ran(event: Event, context: Context) -> Answer:
    return Run(wired(), context, logger(), upload_limit(os.environ)).all(event)


class Run:
    """One invocation: its messages one after the other, each counted and logged."""

    def __init__(
        self, app: FilesApp, context: Context, log: Logger, limit_bytes: int | None = None
    ) -> None:
        self._app = app
        self._context = context
        self._log = log
        self._limit_bytes = limit_bytes
        self._meter = Meter(context.function_name, METRICS)
        self._begun = False

    def all(self, event: Event) -> Answer:
        """Take in what each message names; the answer names the messages that failed."""
        records = records_of(event)
        failed = [each.message_id for each in records if not self._acknowledged(each)]
        self._meter.counts["messages_failed"] += len(failed)
        self._meter.tell(self._app.telemeter, records, self._app.fleet.clock.now_ms())
        return answer(failed)

    def _acknowledged(self, record: Record) -> bool:
        """Whether the message needs no further run: every object it names is dealt with."""
        self._log.set_correlation_id(record.message_id)
        with self._log.append_context_keys(message_id=record.message_id, sender=record.trace):
            notices = notices_in(record.body, self._limit_bytes)
            dealt_with = [self._dealt_with(each) for each in notices]
        if not all(dealt_with):
            self._put_off(record)
        return all(dealt_with)

    def _put_off(self, record: Record) -> None:
        """Have the queue wait before it hands a message out again, the longer the more often."""
        pause_s = BACKOFF_S[min(record.tries, len(BACKOFF_S)) - 1]
        # A message that cannot be hidden comes again when its lease is over.
        with suppress(StorageUnavailable):
            self._app.put_off(record.receipt, pause_s)

    def _dealt_with(self, notice: Notice) -> bool:
        match notice:
            case Arrived(upload):
                return self._taken_in(notice, upload)
            case Malformed(reason):
                self._meter.counts["messages_malformed"] += 1
                self._log.error("malformed message", extra={"reason": reason})
                return False
            case Oversized(upload, limit_bytes):
                self._meter.counts["files_refused"] += 1
                self._log.error("oversized file", extra={**_of(upload), "limit_bytes": limit_bytes})
                self._alert("file refused", upload, f"it is larger than {limit_bytes:,} bytes")
            case Trial():
                self._log.info("S3 tried whether it may send")
            case Removed(upload):
                self._log.info("object removed; what it brought stays", extra=_of(upload))
            case OtherEvent(upload, event):
                self._log.info("event of no concern", extra={**_of(upload), "event": event})
            case Elsewhere(upload):
                self._log.info("object outside of telemetry/", extra=_of(upload))
            case Empty(upload):
                self._log.info("empty object", extra=_of(upload))
            case _:
                assert_never(notice)
        return True

    def _taken_in(self, notice: Arrived, upload: Upload) -> bool:
        if upload.request_id is not None:
            self._log.set_correlation_id(upload.request_id)
        if self._begun and self._left_s() < TO_START_S:
            self._log.info("no time is left to begin another file", extra=_of(upload))
            return False
        self._begun = True
        pace = Pace(self._left_s)
        ended = take_in(self._app, upload, pace, notice.ingestion)
        self._count(pace)
        facts = {**_of(upload), "continued": notice.continued, "chunks": pace.chunks}
        match ended:
            case TakenIn(done):
                self._meter.counts["files_completed"] += 1
                self._log.info("file taken in", extra={**facts, "ingestion": done.ingestion})
            case Unfinished(ingestion):
                self._log.info(
                    "file goes on in another run", extra=facts | {"ingestion": ingestion}
                )
                return self._goes_on(upload, ingestion)
            case Gone(error):
                self._log.info("object is gone", extra={**facts, "code": error.code})
            case Superseded(error):
                self._log.info("file was superseded", extra={**facts, "code": error.code})
            case BadFile(error, ingestion):
                self._meter.counts["files_failed"] += 1
                self._log.error(
                    "file failed", extra={**facts, "code": error.code, "ingestion": ingestion}
                )
                self._alert("file failed", upload, f"{error.code}; ingestion {ingestion}")
            case Trouble(error):
                self._meter.counts["ledger_imbalance"] += isinstance(error, UnbalancedLedger)
                self._log.warning("service failed", extra={**facts, **why(error)})
                return False
            case _:
                assert_never(ended)
        return True

    def _goes_on(self, upload: Upload, ingestion: str) -> bool:
        """Have another run go on; only then may this message be acknowledged."""
        try:
            self._app.go_on(continuation(upload, ingestion))
        except (StorageUnavailable, InvalidConfiguration) as error:
            self._log.warning("no continuation sent", extra={**_of(upload), **why(error)})
            return False
        self._meter.counts["files_continued"] += 1
        return True

    def _left_s(self) -> float:
        return self._context.get_remaining_time_in_millis() / 1000

    def _count(self, pace: Pace) -> None:
        for verdict in ("read", "accepted", "duplicate", "conflicting", "rejected", "malformed"):
            self._meter.counts[f"rows_{verdict}"] += getattr(pace.counts, verdict)

    def _alert(self, subject: str, upload: Upload, why: str) -> None:
        self._app.telemeter.alert(
            f"fleetcore: {subject}",
            f"Object {upload.alias}, version {upload.version_id}: {why}. "
            f"Correlation id {self._log.get_correlation_id()}.",
        )


def _of(upload: Upload) -> Mapping[str, str | int | None]:
    return {
        "object": upload.alias,
        "version_id": upload.version_id,
        "size_bytes": upload.size_bytes,
    }
