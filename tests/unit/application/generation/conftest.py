"""What the tests of generation share: an independent count of a generated file."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from collections.abc import Callable

import pytest

from fleetcore.application.generation.generator import generate
from fleetcore.application.generation.notes import columns_of
from fleetcore.application.generation.spec import FleetSpec
from fleetcore.application.generation.truth import Truth
from fleetcore.domain.blocks import cut
from fleetcore.domain.interpretation import Dialect, Interpretation
from fleetcore.domain.judging import clearing, judge_for, payload_of
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.location import FIELDS
from fleetcore.domain.rows import cells_of, physical_rows, row_reader
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.domain.vehicles import Vehicle

BLOCK_BYTES = 2 << 20


def _generated(spec: FleetSpec) -> tuple[bytes, Truth]:
    sink = io.BytesIO()
    truth = generate(spec, sink)
    return sink.getvalue(), truth


def _text(content: bytes, spec: FleetSpec) -> bytes:
    """The content as an engine gets it: decompressed, UTF-8, no byte order mark."""
    if "gzip" in spec.faults:
        content = gzip.decompress(content)
    if "utf-16" in spec.faults:
        return content.decode("utf-16").encode()
    return content.removeprefix(b"\xef\xbb\xbf")


def _counted(
    content: bytes, spec: FleetSpec, vehicles: tuple[Vehicle, ...] | None = None
) -> RowCounts:
    """What the domain's own reading, rules and comparison of payloads make of a file."""
    columns = columns_of(spec)
    delimiter = ";" if "other-delimiter" in spec.faults else spec.delimiter
    has_header = "no-header" not in spec.faults
    interpretation = Interpretation(
        dialect=Dialect(delimiter=delimiter, has_header=has_header, columns=columns),
        mapping={name: columns.index(name) for name in FIELDS if name in columns},
        time_format=spec.time_format,
    )
    known = {vehicle.vehicle_id: vehicle for vehicle in vehicles or ()}
    settings = FleetSettings()
    with_directory = vehicles is not None
    read = row_reader(interpretation, None)
    judge = judge_for(settings, int(spec.end.timestamp() * 1000), with_directory=with_directory)
    event_of = clearing(settings, with_directory=with_directory)
    fates: Counter[str] = Counter()
    rejected_by: Counter[str] = Counter()
    malformed_by: Counter[str] = Counter()
    warned_by: Counter[str] = Counter()
    identities, payloads = set(), set()
    blocks = cut(
        io.BytesIO(_text(content, spec)),
        size_bytes=BLOCK_BYTES,
        delimiter=delimiter,
        has_header=has_header,
    )
    for block in blocks:
        fates["malformed"] += len(block.unending)
        malformed_by.update(row.code for row in block.unending)
        for _, text in physical_rows(block, delimiter):
            row = read(cells_of(text, delimiter))
            if row.faults:
                fates["malformed"] += 1
                malformed_by.update(row.faults)
                continue
            verdict = judge(row.reading, known.get(row.reading.vehicle_id or ""))
            warned_by.update((*row.warnings, *verdict.warnings))
            rejected_by.update(verdict.broken)
            if not verdict.accepted:
                fates["rejected"] += 1
                continue
            event = event_of(row.reading, verdict)
            payload = payload_of(event)
            if event.identity not in identities:
                fates["accepted"] += 1
            else:
                fates["duplicate" if payload in payloads else "conflicting"] += 1
            identities.add(event.identity)
            payloads.add(payload)
    return RowCounts(
        read=fates.total(),
        **fates,
        rejected_by=dict(rejected_by),
        malformed_by=dict(malformed_by),
        warned_by=dict(warned_by),
    )


@pytest.fixture(scope="session")
def generated() -> Callable[[FleetSpec], tuple[bytes, Truth]]:
    """A function that gives a spec's file and truth."""
    return _generated


@pytest.fixture(scope="session")
def counted() -> Callable[..., RowCounts]:
    """A function that counts a file's rows without knowing how it was made."""
    return _counted
