"""What every live engine makes of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from fleetcore.domain.facts import Fact, fact_of, is_genuine
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.messages import DeadMessage, EventBatch, JudgedMessages
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import CorruptObject, InvalidMapping
from fleetcore.ports.live_engine import LiveEngine
from fleetcore.testing.contracts.live_reports import (
    EVENT,
    REPORT,
    WORK,
    LiveReportsContract,
    body,
)
from fleetcore.testing.csv_strategies import NOW_MS, KnownVehicles
from fleetcore.testing.message_strategies import INGESTION, Call, calls, message


class LiveEngineContract(LiveReportsContract):
    """Needs the fixture `open_live_engine`."""

    def test_a_report_becomes_a_fact(self, engine: LiveEngine) -> None:
        """Every field comes back, with its fingerprint; the source is no part of a fact."""
        optional: Mapping[str, object] = {
            "speed_kmh": 31.25,
            "heading_deg": 90,
            "accuracy_m": 5,
            "battery_pct": 50.5,
            "fuel_pct": 0,
            "status": "Driving",
            "city": " Zu\u0308rich ",
            "source": "gw",
        }

        judged = self.judged(engine, body({**REPORT, **optional}))

        assert RowCounts(read=1, accepted=1) == judged.counts
        assert () == judged.dead
        assert judged.batch is not None
        assert (INGESTION, 1) == (judged.batch.ingestion, judged.batch.rows)
        event = evolve(
            EVENT,
            speed_kmh=31.25,
            heading_deg=90.0,
            accuracy_m=5.0,
            battery_pct=50.5,
            fuel_pct=0.0,
            status="moving",
            city="Z\u00fcrich",
        )
        assert [fact_of(event)] == list(engine.facts(judged.batch))

    def test_no_messages_make_nothing(self, engine: LiveEngine) -> None:
        """No counts, no batch, no dead messages."""
        assert JudgedMessages(counts=RowCounts(), batch=None, dead=()) == self.judged(engine)

    def test_an_array_holds_reports(self, engine: LiveEngine) -> None:
        """Each is counted; a refused one makes its message dead, once, and spares the others."""
        payload = body([REPORT, {**REPORT, "latitude": 91}, 5, {**REPORT, "longitude": 7}])

        judged = self.judged(engine, payload)

        assert judged.counts == RowCounts(
            read=4,
            accepted=1,
            conflicting=1,
            rejected=1,
            malformed=1,
            rejected_by={"latitude-range": 1},
            malformed_by={"not-an-object": 1},
        )
        reasons = ("latitude-range", "not-an-object")
        assert judged.dead == (
            DeadMessage(message=message(payload, "x"), code="malformed", reasons=reasons),
        )

    def test_dead_messages_come_in_order(self, engine: LiveEngine) -> None:
        """With their bytes, whatever these are."""
        odd = (b"\xff\x00", body({**REPORT, "latitude": -91}), b"", body(REPORT), b"{}")

        judged = self.judged(engine, *odd)

        assert [
            (b"\xff\x00", "malformed", ("not-utf-8",)),
            (odd[1], "rejected", ("latitude-range",)),
            (b"", "malformed", ("not-json",)),
            (
                b"{}",
                "rejected",
                (
                    *("missing-vehicle-id", "missing-observed-at"),
                    *("missing-latitude", "missing-longitude"),
                ),
            ),
        ] == [(dead.message.payload, dead.code, dead.reasons) for dead in judged.dead]
        assert (5, 1) == (judged.counts.read, judged.counts.accepted)

    def test_a_pattern_that_is_none_is_refused(self) -> None:
        """Before any message comes."""
        with pytest.raises(InvalidMapping, match="no regular expression"):
            evolve(WORK, vehicle_from_topic="(")

    def test_equal_reports_are_one(self, engine: LiveEngine) -> None:
        """However they are written; the first of them is kept. Other content is a conflict."""
        written = [
            body(REPORT),
            body({**REPORT, "observed_at": NOW_MS // 1000, "latitude": "37.75", "source": "gw"}),
            body({**REPORT, "latitude": 37.8}),
            body({**REPORT, "observed_at": NOW_MS - 1}),
            body({**REPORT, "latitude": 37.8}),
        ]

        judged = self.judged(engine, *written)

        assert RowCounts(read=5, accepted=2, conflicting=1, duplicate=2) == judged.counts
        assert judged.batch is not None
        assert [(NOW_MS - 1, 37.75), (NOW_MS, 37.75), (NOW_MS, 37.8)] == [
            (fact.observed_at, fact.latitude) for fact in engine.facts(judged.batch)
        ]

    def test_judges_by_settings_and_metadata(self, engine: LiveEngine) -> None:
        """A vehicle's own limit counts, and one that is not in the directory is warned of."""
        vehicle = Vehicle(vehicle_id="cab-1", max_speed_kmh=50.0)
        work = evolve(
            WORK,
            settings=FleetSettings(limits=Limits(max_ahead_s=60.0)),
            directory=KnownVehicles({"cab-1": vehicle}),
        )
        odd = (
            {**REPORT, "speed_kmh": 51},
            {**REPORT, "vehicle_id": "cab-2", "speed_kmh": 51},
            {**REPORT, "observed_at": NOW_MS + 60_001},
            {**REPORT, "observed_at": NOW_MS + 60_000},
        )

        counts = self.judged(engine, *map(body, odd), work=work).counts

        assert {"speed-limit": 1, "future": 1} == counts.rejected_by
        assert ({"unknown-vehicle": 1}, 2) == (counts.warned_by, counts.accepted)

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(call=calls())
    def test_never_raises_and_always_balances(self, engine: LiveEngine, call: Call) -> None:
        """Whatever came: every report is counted, every fact is genuine, every loss is dead."""
        judged = engine.judged(call.messages, call.work())

        facts: Sequence[Fact] = () if judged.batch is None else engine.facts(judged.batch)
        assert judged.counts.to_store == len(facts)
        assert all(is_genuine(fact) for fact in facts)
        refused = judged.counts.rejected + judged.counts.malformed
        assert bool(refused) == bool(judged.dead)
        assert len(judged.dead) <= refused
        assert sorted(facts, key=lambda fact: fact[:2]) == list(facts)

    def test_encodes_facts(self, engine: LiveEngine) -> None:
        """What came another way reads as it was, by vehicle and time."""
        events = (
            evolve(EVENT, vehicle_id="b", observed_at=2, status="idle"),
            evolve(EVENT, vehicle_id="b", observed_at=1, city="Z\u00fcrich"),
            evolve(EVENT, vehicle_id="\u00e9", observed_at=5, speed_kmh=0.1),
            evolve(EVENT, vehicle_id="a", observed_at=-3, status="moving", city="a'b"),
            evolve(EVENT, vehicle_id="\U0001f69a", observed_at=1, status="offline", city=""),
        )
        facts = [fact_of(event) for event in events]

        batch = engine.encoded(facts, "replica-north")

        assert ("replica-north", 5) == (batch.ingestion, batch.rows)
        assert sorted(facts, key=lambda fact: fact[:2]) == list(engine.facts(batch))

    def test_tells_what_is_genuine(self, engine: LiveEngine) -> None:
        """Where one field is another, or is missing, the fingerprint is not that of the fact."""
        full = evolve(EVENT, speed_kmh=-0.0, heading_deg=1.5, accuracy_m=2.0, battery_pct=3.0)
        events = (
            EVENT,
            evolve(full, fuel_pct=4.0, status="idle", city="Z\u00fcrich"),
            evolve(full, vehicle_id="\U0001f69a" * 40, observed_at=-(2**63), city=""),
            evolve(full, vehicle_id="b", observed_at=2**63 - 1, status="offline"),
        )
        facts = [fact_of(event) for event in events]
        changes: tuple[Mapping[str, object], ...] = (
            *({name: 0.125} for name in Fact._fields[2:9]),
            *({name: None} for name in Fact._fields[4:11]),
            *({"status": "moving"}, {"city": "Bern"}, {"vehicle_id": "c"}),
            *({"observed_at": 0}, {"fingerprint": 1}),
        )
        changed = [
            Fact._make({**fact._asdict(), **change}.values())
            for fact in facts
            for change in changes
        ]

        assert [True] * len(facts) == list(engine.genuine(facts))
        assert list(map(is_genuine, changed)) == list(engine.genuine(changed))
        assert [] == list(engine.genuine([]))

    def test_a_damaged_batch_is_told(self, engine: LiveEngine) -> None:
        """Its content is not what an engine encoded."""
        with pytest.raises(CorruptObject):
            engine.facts(EventBatch(ingestion=INGESTION, rows=1, content=b"damaged"))
