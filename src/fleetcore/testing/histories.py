"""Hypothesis strategies for the events and histories of an ingestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hypothesis import strategies as st

from fleetcore.domain.ingestion import Ingestion, decide, evolve, initial, replayed
from fleetcore.domain.ingestion_events import (
    ChunkProcessed,
    CommitChunk,
    Fail,
    Forget,
    GiveUpPart,
    IngestionCommand,
    IngestionEvent,
    IngestionFailed,
    IngestionSuperseded,
    PartDeadLettered,
    PartRedriven,
    PartStored,
    Receive,
    Received,
    RecordOutcome,
    Redrive,
    RejectsErased,
    RowsForgotten,
    Sizes,
    Supersede,
)
from fleetcore.domain.interpretation import KMH_PER, Dialect, Interpretation
from fleetcore.domain.lanes import LANES
from fleetcore.domain.ledger import RowCounts, StoreOutcome
from fleetcore.domain.location import FIELDS
from fleetcore.domain.parts import Part
from fleetcore.domain.rules.event_rules import EVENT_RULES
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.testing.strategies import finite_floats, ingestion_ids, parts

_COUNT: Final = st.integers(0, 50)
_CODES: Final = tuple(rule.code for rule in EVENT_RULES)


def row_counts() -> st.SearchStrategy[RowCounts]:
    """Balanced counts of a chunk."""
    by_code: st.SearchStrategy[Mapping[str, int]] = st.dictionaries(
        st.sampled_from(_CODES), st.integers(1, 50), max_size=3
    )
    return st.builds(
        lambda a, d, c, r, m, rejected_by, malformed_by, warned_by: RowCounts(
            read=a + d + c + r + m,
            accepted=a,
            duplicate=d,
            conflicting=c,
            rejected=r,
            malformed=m,
            rejected_by=rejected_by,
            malformed_by=malformed_by,
            warned_by=warned_by,
        ),
        *[_COUNT] * 5,
        *[by_code] * 3,
    )


def store_outcomes(rows: int | None = None) -> st.SearchStrategy[StoreOutcome]:
    """What the log may say of a part of so many rows."""
    total = st.integers(0, 1000) if rows is None else st.just(rows)
    return total.flatmap(
        lambda n: st.tuples(st.integers(0, n), st.integers(0, n)).map(
            lambda cuts: StoreOutcome(
                stored=min(cuts), already_stored=max(cuts) - min(cuts), conflicting=n - max(cuts)
            )
        )
    )


def fleet_settings() -> st.SearchStrategy[FleetSettings]:
    """Settings with limits on and off, classes and severities."""
    limit = st.none() | finite_floats()
    names = st.sampled_from(("max_speed_kmh", "max_accuracy_m", "max_ahead_s", "max_age_s"))
    return st.builds(
        FleetSettings,
        limits=st.builds(
            Limits, max_speed_kmh=limit, max_accuracy_m=limit, max_ahead_s=limit, max_age_s=limit
        ),
        classes=st.dictionaries(
            st.text(max_size=6), st.dictionaries(names, limit, max_size=4), max_size=2
        ),
        severities=st.dictionaries(
            st.sampled_from(_CODES), st.sampled_from(("reject", "warn", "off")), max_size=3
        ),
    )


def interpretations() -> st.SearchStrategy[Interpretation]:
    """How files may be understood."""
    return st.builds(
        Interpretation,
        dialect=st.builds(
            Dialect,
            delimiter=st.sampled_from((",", ";", "\t", "|", " ")),
            encoding=st.sampled_from(("utf-8", "cp1252", "utf-16")),
            compression=st.sampled_from(("none", "gzip", "zstd")),
            has_header=st.booleans(),
            columns=st.lists(st.text(max_size=6), max_size=4).map(tuple),
        ),
        mapping=st.dictionaries(st.sampled_from(FIELDS), st.integers(0, 20), max_size=4),
        time_format=st.sampled_from(("epoch-s", "epoch-ms", "iso")),
        zone=st.sampled_from(("UTC", "Europe/Berlin")),
        speed_unit=st.sampled_from(tuple(KMH_PER)),
        vehicle_from_name=st.booleans(),
    )


def received_events() -> st.SearchStrategy[Received]:
    """First events of ingestions."""
    return st.builds(
        Received,
        ingestion=ingestion_ids(),
        content=st.binary(min_size=16, max_size=16).map(lambda hash_: f"xxh3-128:{hash_.hex()}"),
        size_bytes=st.integers(0, 1 << 50),
        interpretation=interpretations(),
        settings=fleet_settings(),
        sizes=st.builds(
            Sizes, block_bytes=st.integers(1, 1 << 30), blocks_per_chunk=st.integers(1, 64)
        ),
        now_ms=st.integers(0, 1 << 42),
        directory=st.none() | st.just("vehicles/0f.json"),
        parent=st.none() | ingestion_ids(),
    )


def ingestion_events() -> st.SearchStrategy[IngestionEvent]:
    """Any single event, not necessarily one that may follow another."""
    return st.one_of(
        received_events(),
        st.builds(
            ChunkProcessed,
            number=st.integers(0, 1000),
            end=st.integers(0, 1 << 50),
            counts=row_counts(),
            parts=st.lists(parts(), max_size=2).map(tuple),
            rejects=st.none() | st.just("rejects/0f.csv"),
            last=st.booleans(),
        ),
        st.builds(PartStored, key=st.just("fresh/0f.parquet"), outcome=store_outcomes()),
        st.builds(
            PartDeadLettered,
            key=st.just("fresh/0f.parquet"),
            outcome=store_outcomes(),
            rows=st.integers(1, 1000),
            code=st.just("corrupt-object"),
        ),
        st.builds(PartRedriven, key=st.just("fresh/0f.parquet")),
        st.builds(RowsForgotten, key=st.just("9f86d081"), rows=st.integers(1, 1000)),
        st.builds(RejectsErased, key=st.just("rejects/0f.csv"), by=st.just("rejects/1f.csv")),
        st.builds(IngestionFailed, code=st.text(max_size=8), message=st.text(max_size=20)),
        st.builds(IngestionSuperseded, by=ingestion_ids()),
    )


@st.composite
def _chunks(draw: st.DrawFn, number: int, *, last: bool) -> ChunkProcessed:
    counts = draw(row_counts())
    moving = draw(st.integers(0, counts.to_store))
    rows_by_lane = dict(zip(LANES, (moving, counts.to_store - moving), strict=True))
    return ChunkProcessed(
        number=number,
        end=(number + 1) * 1000,
        counts=counts,
        parts=tuple(
            Part(
                key=f"fresh/{number}-{lane}.parquet",
                lane=lane,
                rows=rows,
                size_bytes=100 * rows,
                sha256=f"{number:064x}",
            )
            for lane, rows in rows_by_lane.items()
            if rows
        ),
        rejects=None,
        last=last,
    )


@st.composite
def ingestion_commands(draw: st.DrawFn) -> tuple[IngestionCommand, ...]:
    """Commands that are legal one after the other, from the first to any point of a life."""
    commands: list[IngestionCommand] = [Receive(received=draw(received_events()))]
    waiting: list[Part] = []
    total = draw(st.integers(0, 4))
    for number in range(total):
        ends = number == total - 1 and draw(st.booleans())
        chunk = draw(_chunks(number, last=ends))
        commands.append(CommitChunk(chunk=chunk))
        waiting += chunk.parts
        for part in draw(st.lists(st.sampled_from(waiting), unique=True)) if waiting else ():
            for attempt, dead in enumerate(
                draw(st.lists(st.integers(1, part.rows), max_size=2)), 1
            ):
                some = draw(store_outcomes(part.rows - dead))
                commands.append(
                    GiveUpPart(key=part.key, attempt=attempt, code="rows-refused", outcome=some)
                )
                if not draw(st.booleans()):
                    break
                commands.append(Redrive(key=part.key, attempt=attempt))
            if draw(st.booleans()):
                outcome = draw(store_outcomes(part.rows))
                commands.append(RecordOutcome(key=part.key, outcome=outcome))
            waiting.remove(part)
    held = _state(commands).ledger.store
    if rows := held.stored + held.conflicting:
        forgotten = st.builds(Forget, key=st.sampled_from(["0a", "0b"]), rows=st.integers(1, rows))
        commands += draw(st.lists(forgotten, max_size=1))
    endings: tuple[IngestionCommand, ...] = (
        Fail(code="source-changed", message="it grew"),
        Supersede(by="9c"),
    )
    commands += draw(st.lists(st.sampled_from(endings), max_size=1))
    return tuple(commands)


def ingestion_histories() -> st.SearchStrategy[tuple[IngestionEvent, ...]]:
    """The events that legal commands lead to."""
    return ingestion_commands().map(_history)


def _history(commands: Sequence[IngestionCommand]) -> tuple[IngestionEvent, ...]:
    state: Ingestion = initial()
    history: list[IngestionEvent] = []
    for command in commands:
        events = decide(command, state)
        history += events
        for event in events:
            state = evolve(state, event)
    return tuple(history)


def _state(commands: Sequence[IngestionCommand]) -> Ingestion:
    return replayed(_history(commands))
