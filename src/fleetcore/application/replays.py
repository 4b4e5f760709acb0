"""Replay: the rejected and malformed rows of an ingestion, read once more."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, Final

from attrs import evolve

from fleetcore.application import rejects
from fleetcore.application.column_mapping import mapped_columns
from fleetcore.application.fleet import Fleet
from fleetcore.application.ingesting import Ingested, Request, Understood, Watcher, ingest
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.application.streams import IngestionStream, ingestion_named
from fleetcore.domain.chunks import MAX_REJECT_TEXT_BYTES, RejectedRow
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import Received
from fleetcore.domain.interpretation import Dialect, Interpretation
from fleetcore.domain.location import REQUIRED_FIELDS, FieldName
from fleetcore.errors import IllegalCommand, InvalidInput, InvalidMapping, UnknownIngestion
from fleetcore.ports.object_store import ObjectStore
from fleetcore.ports.origins import Origin
from fleetcore.ports.source import Content, Sample, Source

_ALWAYS_CUT: Final = frozenset({"unclosed-quote", "line-too-long"})
_UNWATCHED: Final = Watcher()


def replay(
    fleet: Fleet, ingestion_id: str, request: Request, watcher: Watcher = _UNWATCHED
) -> Ingested:
    """Ingest the rows that an ingestion did not accept again, as its child.

    They are read as their file was, apart from what `request.reading` says of the mapping, the
    zone and the unit of speed; settings and metadata are those of the request. A row whose text
    was cut off stays malformed. Lines of the child count its rows. Raises `UnknownIngestion`,
    `IllegalCommand` while the file is still being read, `InvalidMapping`, `InvalidInput` where
    the vehicle the file's name told of is forgotten, `ObjectMissing` and `CorruptObject` for
    rejects that are lost, `UndecodableEvent`, `StorageUnavailable`.
    """
    parent = ingestion_named(fleet.events, ingestion_id)
    state = IngestionStream(fleet.events, parent).state
    received = state.received
    if received is None:
        raise UnknownIngestion(f"{parent} was never received")
    if state.open:
        raise IllegalCommand(
            f"{parent} is not read to its end; ingest its file again, then replay it"
        )
    origin = fleet.origins.read().get(parent, Origin(name=parent))
    meaning = _interpretation(received.interpretation, request.reading)
    if meaning.vehicle_from_name and origin.vehicle_id is None:
        raise InvalidInput(
            f"{parent}: the vehicle its file's name told of is forgotten; nothing can be replayed"
        )
    return ingest(
        fleet,
        _Rows(f"rejects of {origin.name}", _content(fleet.objects, state, received)),
        evolve(request, parent=parent),
        watcher,
        understood=Understood(
            interpretation=meaning,
            vehicle_id=origin.vehicle_id if meaning.vehicle_from_name else None,
        ),
    )


class _Rows(Source):
    """Rows in memory, each on a line of its own, as UTF-8."""

    def __init__(self, name: str, rows: bytes) -> None:
        self._name = name
        self._rows = rows

    @property
    def name(self) -> str:
        return self._name

    def content(self) -> Content:
        digest = hashlib.blake2b(self._rows, digest_size=16).hexdigest()
        return Content(id=f"blake2b-128:{digest}", size_bytes=len(self._rows))

    def sample(self, size_bytes: int) -> Sample:
        rows = self._rows[:size_bytes]
        return Sample(content=rows, complete=len(self._rows) <= size_bytes)

    @contextmanager
    def open(self, dialect: Dialect) -> Iterator[BinaryIO]:  # noqa: ARG002 - the port's
        yield io.BytesIO(self._rows)


def _content(objects: ObjectStore, state: Ingestion, received: Received) -> bytes:
    delimiter = received.interpretation.dialect.delimiter
    return b"".join(
        _replayable(row, delimiter) + b"\n"
        for chunk in state.chunks
        if chunk.rejects is not None
        for row in rejects.decoded(objects.get(chunk.rejects), chunk.rejects)
        if row.text  # Of a forgotten vehicle's rows nothing but their lines is left.
    )


def _replayable(row: RejectedRow, delimiter: str) -> bytes:
    """A row's text; of one that was cut off a single cell, which is no row of any mapping.

    What is left of a row may look whole, or open a quote that would swallow the rows behind it.
    """
    text = row.text.encode(errors="surrogateescape")
    if len(text) <= MAX_REJECT_TEXT_BYTES and _ALWAYS_CUT.isdisjoint(row.reasons):
        return text
    marks = f'{delimiter}"\r\n'.encode()
    # No delimiter is a full stop.
    return text.translate(bytes.maketrans(marks, b"." * len(marks)))


def _interpretation(parent: Interpretation, reading: ReadingOptions) -> Interpretation:
    return evolve(
        parent,
        # Texts of rejects are decompressed and decoded.
        dialect=evolve(parent.dialect, has_header=False, encoding="utf-8", compression="none"),
        mapping=_mapping(parent, reading),
        zone=reading.zone or parent.zone,
        speed_unit=reading.speed_unit or parent.speed_unit,
        vehicle_from_name=parent.vehicle_from_name and "vehicle_id" not in reading.mapping,
    )


def _mapping(parent: Interpretation, reading: ReadingOptions) -> Mapping[FieldName, int]:
    if not reading.mapping:
        return parent.mapping
    columns = parent.dialect.columns
    found = mapped_columns(columns, reading.mapping, without=REQUIRED_FIELDS)
    said: dict[FieldName, int] = {field: found[field] for field in reading.mapping}
    taken = set(said.values())
    kept: dict[FieldName, int] = {
        field: column
        for field, column in parent.mapping.items()
        if field not in said and column not in taken
    }
    lost = [field for field in REQUIRED_FIELDS if field in parent.mapping.keys() - {*said, *kept}]
    if lost:
        raise InvalidMapping(
            f"the column of {', '.join(lost)} is given to another field; "
            f"say which column holds it: --map {lost[0]}=COLUMN"
        )
    return {**kept, **said}
