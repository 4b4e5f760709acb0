"""Files for batch engines, and what an engine made of them."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from fleetcore.domain.chunks import Chunk, RejectedRow
from fleetcore.domain.ingestion_events import ChunkProcessed, Sizes
from fleetcore.domain.judging import payload_of
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.ports.batch_engine import BatchEngine
from fleetcore.testing.csv_strategies import NOW_MS, CsvFile, interpretation_of

COLUMNS: Final = ("vehicle_id", "observed_at", "latitude", "longitude", "speed_kmh", "status")
HEADER: Final = b"id,t,lat,lon,v,state\n"
GOOD: Final = b"cab-1,1700000000000,37.5,-122.5,10,moving\n"
WHOLE: Final = Sizes()
SMALL: Final = Sizes(block_bytes=100, blocks_per_chunk=2)


def csv(*rows: bytes, sizes: Sizes = WHOLE) -> CsvFile:
    """A file of rows under a header."""
    return CsvFile(
        content=HEADER + b"".join(rows),
        interpretation=interpretation_of(COLUMNS, time_format="epoch-ms"),
        sizes=sizes,
    )


def row(vehicle_id: str, second: int = 0, speed_kmh: int = 10, status: str = "moving") -> bytes:
    """A row that the rules accept."""
    at = NOW_MS - 1000 * second
    return f"{vehicle_id},{at},37.5,-122.5,{speed_kmh},{status}\n".encode()


def hostile_rows(seed: int = 1, rows: int = 120) -> list[bytes]:
    """Rows of every fate: accepted, repeated, conflicting, rejected, malformed."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    made = [
        row(
            f"cab-{rng.randrange(4)}",
            rng.randrange(6),
            rng.choice((0, 10, 10, 20, 900)),
            rng.choice(("moving", "idle", "", "towed")),
        )
        for _ in range(rows)
    ]
    for at in range(0, rows, 9):
        made[at] = rng.choice((b"cab-1,noon,1,2,3,idle\n", b"a,b\n", b'"cab-1\n', b"\n"))
    return made


@frozen(slots=True)
class Result:
    """All that an engine made of a file."""

    chunks: tuple[Chunk, ...]
    stored: tuple[StoredEvent, ...]

    @property
    def counts(self) -> RowCounts:
        """The counts of all chunks."""
        return sum((chunk.counts for chunk in self.chunks), RowCounts())

    @property
    def rejects(self) -> tuple[RejectedRow, ...]:
        """The rejects of all chunks."""
        return tuple(reject for chunk in self.chunks for reject in chunk.rejects)

    @property
    def whatever_the_order(self) -> object:
        """What the order of the rows does not change.

        The counts, also by code; each reject but for its line; the payloads to be stored. Of rows
        with one payload the first is kept, so lines and what no fingerprint covers do depend on it.
        """
        return (
            self.counts,
            Counter((reject.kind, reject.reasons, reject.text) for reject in self.rejects),
            Counter(payload_of(each.event) for each in self.stored),
        )


def result(engine: BatchEngine, file: CsvFile) -> Result:
    """An engine's work on a whole file."""
    chunks = tuple(engine.chunks(io.BytesIO(file.content), file.work()))
    stored = [e for chunk in chunks for part in chunk.parts for e in engine.events(part.content)]
    return Result(chunks, tuple(stored))


def committed(chunks: Sequence[Chunk]) -> tuple[tuple[ChunkProcessed, ...], Mapping[str, bytes]]:
    """Chunks as a stream holds them, and the contents of their parts by key."""
    contents = {
        f"{chunk.number}-{part.lane}": part.content for chunk in chunks for part in chunk.parts
    }
    done = tuple(
        ChunkProcessed(
            number=chunk.number,
            end=chunk.end,
            counts=chunk.counts,
            parts=tuple(
                Part(
                    key=f"{chunk.number}-{part.lane}",
                    lane=part.lane,
                    rows=part.rows,
                    size_bytes=len(part.content),
                    sha256="0f" * 32,
                )
                for part in chunk.parts
            ),
            rejects=None,
            last=chunk.last,
        )
        for chunk in chunks
    )
    return done, contents
