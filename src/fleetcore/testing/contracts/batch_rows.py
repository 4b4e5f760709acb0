"""What every batch engine makes of single rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from fleetcore.domain.chunks import RejectedRow
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.domain.vehicles import Vehicle, distance_from_depot_m
from fleetcore.ports.batch_engine import BatchEngine
from fleetcore.testing.contracts.batch_results import (
    GOOD,
    csv,
    result,
    row,
)
from fleetcore.testing.csv_strategies import INGESTION, NOW_MS, CsvFile, interpretation_of


class BatchRowsContract:
    """Needs the fixture `open_batch_engine`."""

    @pytest.fixture
    def engine(self, open_batch_engine: Callable[[], BatchEngine]) -> BatchEngine:
        """The engine under test."""
        return open_batch_engine()

    def test_a_row_becomes_an_event(self, engine: BatchEngine) -> None:
        """Each cell becomes its field, and the event knows where it came from."""
        found = result(engine, csv(GOOD))

        assert RowCounts(read=1, accepted=1) == found.counts
        assert (
            StoredEvent(
                event=LocationEvent(
                    vehicle_id="cab-1",
                    observed_at=NOW_MS,
                    latitude=37.5,
                    longitude=-122.5,
                    speed_kmh=10.0,
                    status="moving",
                ),
                distance_from_depot_m=None,
                ingestion=INGESTION,
                line=2,
            ),
        ) == found.stored

    def test_rejects_keep_line_text_and_reasons(self, engine: BatchEngine) -> None:
        """A row that is not accepted says where it lay, what it was and why, in file order."""
        found = result(
            engine,
            csv(
                GOOD,
                b"cab-1,noon,100,0,5,idle\n",
                b"\r\n",
                b"cab-1,1700000000000,91,-181,900,idle\r\n",
                b"a,b\n",
                b'"cab\n1",1700000000000,0,0,,\n',
                b",1700000000000,1,1,\xff,\n",
            ),
        )

        assert (
            RejectedRow(
                line=3,
                kind="malformed",
                reasons=("unreadable-observed-at",),
                text="cab-1,noon,100,0,5,idle",
            ),
            RejectedRow(
                line=5,
                kind="rejected",
                reasons=("latitude-range", "longitude-range", "speed-limit"),
                text="cab-1,1700000000000,91,-181,900,idle",
            ),
            RejectedRow(line=6, kind="malformed", reasons=("wrong-column-count",), text="a,b"),
            RejectedRow(
                line=7,
                kind="malformed",
                reasons=("unreadable-vehicle-id",),
                text='"cab\n1",1700000000000,0,0,,',
            ),
            RejectedRow(
                line=9,
                kind="rejected",
                reasons=("missing-vehicle-id",),
                text=",1700000000000,1,1,\udcff,",
            ),
        ) == found.rejects
        assert {
            "latitude-range": 1,
            "longitude-range": 1,
            "speed-limit": 1,
            "missing-vehicle-id": 1,
        } == found.counts.rejected_by
        assert {
            "unreadable-observed-at": 1,
            "wrong-column-count": 1,
            "unreadable-vehicle-id": 1,
        } == found.counts.malformed_by
        assert {"unreadable-speed-kmh": 1} == found.counts.warned_by

    def test_a_row_without_an_end_costs_its_line(self, engine: BatchEngine) -> None:
        """The line of a stray quote is malformed; the lines behind it are rows."""
        found = result(engine, csv(b'cab-1,"1700000000000,1,1,,\n', GOOD))

        assert [(2, "malformed", ("unclosed-quote",))] == [
            (reject.line, reject.kind, reject.reasons) for reject in found.rejects
        ]
        assert {"unclosed-quote": 1} == found.counts.malformed_by
        assert [3] == [stored.line for stored in found.stored]

    def test_a_malformed_row_is_not_judged(self, engine: BatchEngine) -> None:
        """A row that cannot be read breaks no rule and gives no warning; each reason counts."""
        found = result(engine, csv(b"cab-1,noon,1O0,200,fast,towed\n"))

        assert (
            RowCounts(
                read=1,
                malformed=1,
                malformed_by={"unreadable-observed-at": 1, "unreadable-latitude": 1},
            )
            == found.counts
        )

    def test_a_rejected_row_is_not_deduplicated(self, engine: BatchEngine) -> None:
        """A row that is rejected twice is rejected twice, and hides no good row."""
        fast = row("cab-1", speed_kmh=900)
        counts = result(engine, csv(fast, fast, row("cab-1"))).counts

        assert (2, 1, 0, 0) == (
            counts.rejected,
            counts.accepted,
            counts.duplicate,
            counts.conflicting,
        )

    def test_a_cell_that_warns_is_cleared_before_deduplication(self, engine: BatchEngine) -> None:
        """Rows that differ only in what was cleared are duplicates, and each warns."""
        counts = result(engine, csv(row("a", status="towed"), row("a", status=""))).counts

        assert (1, 1, 0) == (counts.accepted, counts.duplicate, counts.conflicting)
        assert {"unknown-status": 1} == counts.warned_by

    @pytest.mark.parametrize("severity", ["off", "warn", "reject"])
    def test_no_event_has_a_status_that_is_none(self, engine: BatchEngine, severity: str) -> None:
        """Whatever a fleet says of unknown statuses, what is stored can be read back."""
        settings = FleetSettings(severities={"unknown-status": severity})  # type: ignore[dict-item]  # one of the three
        found = result(engine, evolve(csv(row("a", status="towed")), settings=settings))

        assert [None] * (severity != "reject") == [each.event.status for each in found.stored]

    @pytest.mark.parametrize(
        ("speed_kmh", "status", "lane"),
        [
            (b"0", b"moving", "moving"),
            (b"50", b"idle", "idle"),
            (b"50", b"", "moving"),
            (b"0", b"", "idle"),
            (b"", b"", "idle"),
            (b"50", b"offline", "moving"),
            (b"", b"offline", "idle"),
            (b"50", b"towed", "moving"),
            (b"fast", b"towed", "idle"),
        ],
    )
    def test_lanes(self, engine: BatchEngine, speed_kmh: bytes, status: bytes, lane: str) -> None:
        """The status decides the lane, else the speed; without either a vehicle is idle."""
        (chunk,) = result(
            engine, csv(b"a,1700000000000,1,1," + speed_kmh + b"," + status + b"\n")
        ).chunks

        assert [(lane, 1)] == [(part.lane, part.rows) for part in chunk.parts]

    def test_distance_from_the_depot(self, engine: BatchEngine) -> None:
        """An event of a vehicle with a depot is enriched; the others are not."""
        depot = Vehicle(vehicle_id="a", depot_latitude=37.0, depot_longitude=-122.0)
        vehicles = {"a": depot, "b": Vehicle(vehicle_id="b")}
        file = evolve(csv(row("a"), row("b"), row("c")), vehicles=vehicles)

        one, two, three = result(engine, file).stored

        expected = distance_from_depot_m(one.event, depot)
        assert pytest.approx(expected, rel=1e-6) == one.distance_from_depot_m
        assert (None, None) == (two.distance_from_depot_m, three.distance_from_depot_m)

    def test_what_is_known_of_a_vehicle_judges_it(self, engine: BatchEngine) -> None:
        """A vehicle's own limit and its class's count, and an unknown vehicle is warned of."""
        vehicles = {
            "own": Vehicle(vehicle_id="own", vehicle_class="truck", max_speed_kmh=5.0),
            "truck": Vehicle(vehicle_id="truck", vehicle_class="truck"),
            "car": Vehicle(vehicle_id="car"),
        }
        settings = FleetSettings(classes={"truck": {"max_speed_kmh": 9.0}})
        rows = [row(each, speed_kmh=speed) for speed in (6, 10) for each in (*vehicles, "stranger")]
        file = evolve(csv(*rows), vehicles=vehicles, settings=settings)

        found = result(engine, file)

        assert [2, 6, 7] == [reject.line for reject in found.rejects]
        assert {"speed-limit": 3} == found.counts.rejected_by
        assert {"unknown-vehicle": 2} == found.counts.warned_by

    def test_no_directory_no_unknown_vehicles(self, engine: BatchEngine) -> None:
        """Where no vehicle is known, none is unknown; an empty directory knows none."""
        assert {} == result(engine, csv(GOOD)).counts.warned_by
        assert {"unknown-vehicle": 1} == result(
            engine, evolve(csv(GOOD), vehicles={})
        ).counts.warned_by

    def test_the_vehicle_of_the_name(self, engine: BatchEngine) -> None:
        """Without a column of ids every row is of the vehicle that the name gave."""
        file = CsvFile(
            content=b"37.5 -122.5 0 1700000000\n37.5 -122.5 1 1699999999\n",
            interpretation=interpretation_of(
                ("latitude", "longitude", "occupied", "observed_at"),
                delimiter=" ",
                has_header=False,
                time_format="epoch-s",
            ),
            vehicle_id="abboip",
        )

        found = result(engine, file)

        assert [("abboip", NOW_MS - 1000, 2), ("abboip", NOW_MS, 1)] == [
            (each.event.vehicle_id, each.event.observed_at, each.line) for each in found.stored
        ]
