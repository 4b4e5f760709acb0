"""Every error fleetcore raises on purpose, as one tree.

    FleetcoreError
    |-- InvalidInput                what the caller gave cannot be used
    |   |-- InvalidConfiguration    fleet.toml or an option: which key, and what is allowed
    |   |-- InvalidMapping          columns and fields cannot be matched
    |   |-- UnreadableFile          the content is not a readable CSV file
    |   |-- BrokerRefused           a broker of messages does not let us in
    |   `-- UnknownIngestion        no ingestion has this id
    |-- InvalidEvent                a location event that cannot exist
    |-- UnbalancedLedger            counts that break one of the ledger's equations
    |-- SourceChanged               a file changed or vanished while it was read
    |-- VersionConflict             a stream is not at the expected version
    |-- UndecodableEvent            a stored event this version cannot read (keeps the payload)
    |-- IllegalCommand              a decision the aggregate's state does not allow
    |-- ObjectMissing               no object has this key
    |-- CorruptObject               an object's content is not what was stored
    |-- RowsDead                    rows of a file that could not be stored and are dead letters
    |-- RowsRefused                 rows a log can never hold: `fleetcore.domain.parts`
    `-- StorageUnavailable          a store cannot be read or written (full, read-only, locked)
        |-- Throttled               a service asks for patience, or a deadline is too near
        `-- RegionUnreachable       a region does not answer

Each has a stable `code` for machines; `str(error)` says what is wrong, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class FleetcoreError(Exception):
    """Base of every error raised on purpose."""

    code: ClassVar[str] = "fleetcore-error"


class InvalidInput(FleetcoreError):
    """What the caller gave cannot be used."""

    code = "invalid-input"


class InvalidConfiguration(InvalidInput):
    """A configuration key or option is unknown or has a value that is not allowed."""

    code = "invalid-configuration"


class InvalidMapping(InvalidInput):
    """The columns of a file cannot be matched to fields without doubt."""

    code = "invalid-mapping"


class UnreadableFile(InvalidInput):
    """The content is not a CSV file that can be read."""

    code = "unreadable-file"


class BrokerRefused(InvalidInput):
    """A broker of messages does not let us in: credentials, certificate, client id or topic."""

    code = "broker-refused"


class UnknownIngestion(InvalidInput):
    """No ingestion has this id."""

    code = "unknown-ingestion"


class InvalidEvent(FleetcoreError):
    """A location event that cannot exist (empty id, number that is not finite)."""

    code = "invalid-event"


class UnbalancedLedger(FleetcoreError):
    """Counts that break one of the ledger's two equations."""

    code = "unbalanced-ledger"


class SourceChanged(FleetcoreError):
    """A file changed or vanished while it was read."""

    code = "source-changed"


class VersionConflict(FleetcoreError):
    """A stream is not at the version the writer expected; read again and decide again."""

    code = "version-conflict"

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"stream {stream!r} is at version {actual}, expected {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class UndecodableEvent(FleetcoreError):
    """A stored event with an unknown name, a newer version or an unreadable body."""

    code = "undecodable-event"

    def __init__(self, message: str, payload: Mapping[str, object]) -> None:
        super().__init__(message)
        self.payload = payload


class IllegalCommand(FleetcoreError):
    """A decision that the aggregate's state does not allow."""

    code = "illegal-command"


class ObjectMissing(FleetcoreError):
    """No object has this key."""

    code = "object-missing"


class CorruptObject(FleetcoreError):
    """An object's content is not what was stored."""

    code = "corrupt-object"


class RowsDead(FleetcoreError):
    """Rows of a file that could not be stored; they are dead letters until they are redriven."""

    code = "rows-dead"


class StorageUnavailable(FleetcoreError):
    """A store cannot be read or written now: no space, read-only, locked or damaged."""

    code = "storage-unavailable"


class Throttled(StorageUnavailable):
    """A service refuses for now, or there is too little time left to ask it: try again later."""

    code = "throttled"


class RegionUnreachable(StorageUnavailable):
    """A region does not answer: it is down, cut off, or too slow."""

    code = "region-unreachable"
