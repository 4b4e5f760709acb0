"""The engine that makes events of messages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import field, frozen
from attrs.converters import optional

from fleetcore.domain.facts import Fact
from fleetcore.domain.location import FieldName
from fleetcore.domain.messages import EventBatch, JudgedMessages, Message
from fleetcore.domain.report_forms import checked_pattern
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.ports.vehicle_directory import VehicleDirectory


@frozen(kw_only=True, slots=True)
class LiveWork:
    """What gives messages their meaning.

    `ingestion` names who takes them in; `mapping` is the only key of a field, where the table of
    known names does not say it (nested keys joined by dots); `vehicle_from_topic` is a pattern
    whose first group is the vehicle's id where the payload names none (None: as
    `fleetcore.domain.report_forms` says); `zone` is that of times without an offset; `now_ms`
    the instant the time rules use. Reports are numbered from `first_line` on, refused ones too.

    Raises `InvalidMapping` where the pattern is no regular expression.
    """

    ingestion: str
    settings: FleetSettings
    now_ms: int
    first_line: int = 1
    mapping: Mapping[FieldName, str] = field(factory=dict)
    vehicle_from_topic: str | None = field(default=None, converter=optional(checked_pattern))
    zone: str = "UTC"
    directory: VehicleDirectory | None = None


class LiveEngine(Protocol):
    """Decodes, maps, judges, deduplicates and encodes messages. Stores nothing, never waits."""

    @abstractmethod
    def judged(self, messages: Sequence[Message], work: LiveWork) -> JudgedMessages:
        """What becomes of messages, each reporting once or, as a JSON array, several times.

        A payload is a JSON object whose keys are mapped as a file's columns are, or OwnTracks'
        form. Whatever the bytes, it never raises for them: what cannot be read is malformed
        (`fleetcore.domain.payloads` lists why), what breaks a rule is rejected; either comes back
        with its bytes. Of equal reports of one call one is kept. Any engine gives the same
        counts, reasons and events. Raises `StorageUnavailable` where the directory cannot answer.
        """
        raise NotImplementedError

    @abstractmethod
    def facts(self, batch: EventBatch) -> Sequence[Fact]:
        """The batch's events as facts, by vehicle, then time.

        Raises `CorruptObject` if it cannot be read.
        """
        raise NotImplementedError

    @abstractmethod
    def genuine(self, facts: Sequence[Fact]) -> Sequence[bool]:
        """Which facts have the fingerprint of their payload.

        One by one it is what `fleetcore.domain.facts.is_genuine` says.
        """
        raise NotImplementedError

    @abstractmethod
    def encoded(self, facts: Sequence[Fact], ingestion: str) -> EventBatch:
        """A batch of facts that came another way: from another region, say.

        The facts must be genuine. Its rows have no source and are numbered from 1, in the order
        in which they are given.
        """
        raise NotImplementedError
