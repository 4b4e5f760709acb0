"""Events to envelopes and back, through upcasters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeAlias, TypeVar

from attrs import field, frozen
from cattrs import BaseValidationError, Converter, transform_error

from fleetcore.codec.converter import strict_converter
from fleetcore.codec.envelope import Envelope
from fleetcore.errors import UndecodableEvent

E = TypeVar("E")

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Body: TypeAlias = dict[str, Json]
Upcaster: TypeAlias = Callable[[Body], Body]
"""Makes a body of one schema version a body of the next; pure."""

_AS_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


@frozen(kw_only=True, slots=True)
class WireType(Generic[E]):
    """What a class of events is called in storage, and the schema version now written."""

    name: str
    version: int
    event: type[E]


@frozen(slots=True)
class EventCodec(Generic[E]):
    """Encodes and decodes the events of its wire types.

    `upcasters` are keyed by wire name and the version they take; one for every version ever
    written but the current one.
    """

    wire_types: tuple[WireType[E], ...]
    upcasters: Mapping[tuple[str, int], Upcaster] = field(factory=dict)
    _converter: Converter = field(factory=strict_converter, init=False)

    def encode(self, event: E) -> Envelope:
        """The envelope of an event; equal events have equal envelopes."""
        wire = next(wire for wire in self.wire_types if wire.event is type(event))
        body = _AS_JSON(self._converter.unstructure(event))
        return Envelope(name=wire.name, version=wire.version, body=body)

    def decode(self, envelope: Envelope) -> E:
        """The event in an envelope of this or an older schema version.

        Raises `UndecodableEvent` for an unknown name, a newer version, a version without an
        upcaster, or a body that does not fit.
        """
        wire = next((wire for wire in self.wire_types if wire.name == envelope.name), None)
        if wire is None:
            raise _undecodable(envelope, "its name is unknown; install a newer fleetcore")
        if envelope.version > wire.version:
            raise _undecodable(
                envelope, f"{wire.version} is the newest version known; install a newer fleetcore"
            )
        body = self._upcast(_parsed(envelope), envelope, wire.version)
        try:
            return self._converter.structure(body, wire.event)
        except BaseValidationError as error:
            raise _undecodable(envelope, "; ".join(transform_error(error))) from error

    def _upcast(self, body: Body, envelope: Envelope, current: int) -> Body:
        for version in range(envelope.version, current):
            upcaster = self.upcasters.get((envelope.name, version))
            if upcaster is None:
                raise _undecodable(envelope, f"nothing upcasts version {version}")
            try:
                body = upcaster(body)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise _undecodable(
                    envelope, f"its body is none of version {version}: {error!r}"
                ) from error
        return body


def _parsed(envelope: Envelope) -> Body:
    try:
        body = json.loads(envelope.body)
    except ValueError as error:
        raise _undecodable(envelope, f"its body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise _undecodable(envelope, "its body is not a JSON object")
    return body


def _undecodable(envelope: Envelope, why: str) -> UndecodableEvent:
    return UndecodableEvent(
        f"stored event {envelope.name!r} version {envelope.version}: {why}",
        {"name": envelope.name, "version": envelope.version, "body": envelope.body},
    )
