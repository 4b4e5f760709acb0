"""What every live engine reads in a report, and why it refuses one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

import pytest
from attrs import evolve

from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.location import FieldName, LocationEvent
from fleetcore.domain.messages import MAX_PAYLOAD_BYTES, JudgedMessages
from fleetcore.domain.payloads import MAX_DEPTH, MAX_KEYS, PAYLOAD_FAULTS, PAYLOAD_WARNINGS
from fleetcore.domain.rules.event_rules import EVENT_RULES
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.ports.live_engine import LiveEngine, LiveWork
from fleetcore.testing.csv_strategies import NOW_MS
from fleetcore.testing.message_strategies import INGESTION, message

REPORT: Final[Mapping[str, object]] = {
    "vehicle_id": "cab-1",
    "observed_at": NOW_MS,
    "latitude": 37.75,
    "longitude": -122.4,
}
EVENT: Final = LocationEvent(
    vehicle_id="cab-1", observed_at=NOW_MS, latitude=37.75, longitude=-122.4
)
WORK: Final = LiveWork(ingestion=INGESTION, settings=FleetSettings(), now_ms=NOW_MS)
OWNTRACKS: Final[Mapping[str, object]] = {
    "_type": "location",
    "tid": "an",
    "tst": NOW_MS // 1000,
    "lat": 37.75,
    "lon": -122.4,
    "vel": 36,
    "cog": 90,
    "acc": 5,
    "batt": 80,
    "t": "u",
    "alt": 12,
    "created_at": 1,
}


def body(report: object) -> bytes:
    """A report's payload."""
    return json.dumps(report).encode()


class LiveReportsContract:
    """Needs the fixture `open_live_engine`."""

    @pytest.fixture
    def engine(self, open_live_engine: Callable[[], LiveEngine]) -> LiveEngine:
        """The engine under test."""
        return open_live_engine()

    def judged(
        self, engine: LiveEngine, *payloads: bytes, work: LiveWork = WORK, topic: str = "x"
    ) -> JudgedMessages:
        """What becomes of payloads that came on one topic."""
        return engine.judged([message(payload, topic) for payload in payloads], work)

    def only_fact(
        self, engine: LiveEngine, report: object, work: LiveWork = WORK, topic: str = "x"
    ) -> Fact:
        """The fact of a report that is taken in."""
        judged = self.judged(engine, body(report), work=work, topic=topic)
        assert judged.batch is not None, judged
        (fact,) = engine.facts(judged.batch)
        return fact

    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            (b"x" * (MAX_PAYLOAD_BYTES + 1), "payload-too-long"),
            (b" " * MAX_PAYLOAD_BYTES, "not-json"),
            (b"\xff", "not-utf-8"),
            (b'{"note": "\xed\xa0\x80"}', "not-utf-8"),
            (body(REPORT).decode().encode("utf-16"), "not-utf-8"),
            (b"\xef\xbb\xbf" + body(REPORT), "not-json"),
            (body(REPORT) + body(REPORT), "not-json"),
            (body(REPORT) + b"," + body(REPORT), "not-json"),
            (body(REPORT)[:-1], "not-json"),
            (b'{"note": NaN}', "not-json"),
            (b'{"note": -Infinity}', "not-json"),
            (b'{"note": "\n"}', "not-json"),
            (b'{"note": %b}' % (b"9" * 5000), "not-json"),
            (b"[" * 200_000, "payload-too-deep"),
            (b'{"a":' * 50_000, "payload-too-deep"),
            (body(json.loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))), "payload-too-deep"),
            (b'{"note": %b1%b}' % (b"[" * MAX_DEPTH, b"]" * MAX_DEPTH), "payload-too-deep"),
            (b"[]", "no-report"),
            (b"null", "not-an-object"),
            (b"[[]]", "not-an-object"),
            (body(dict.fromkeys(map(str, range(MAX_KEYS + 1)))), "too-many-keys"),
            (body({"a": dict.fromkeys(map(str, range(MAX_KEYS + 1)))}), "too-many-keys"),
            (body({"_type": "encrypted", "data": "x"}), "encrypted"),
            (body({**REPORT, "vehicle_id": True}), "unreadable-vehicle-id"),
            (body({**REPORT, "vehicle_id": "a\x00"}), "unreadable-vehicle-id"),
            (body({**REPORT, "vehicle_id": 1.5}), "unreadable-vehicle-id"),
            (body({**REPORT, "vehicle_id": "\ud800"}), "unreadable-vehicle-id"),
            (body({**REPORT, "observed_at": 10**13}), "unreadable-observed-at"),
            (body({**REPORT, "observed_at": "soon"}), "unreadable-observed-at"),
            (body({**REPORT, "latitude": [1]}), "unreadable-latitude"),
            (body({**REPORT, "latitude": "37,75"}), "unreadable-latitude"),
            (body({**REPORT, "longitude": False}), "unreadable-longitude"),
            (body({"id": 1, "ts": 1, "lat": 1, "gps": {"lat": 2}, "x": 1}), "ambiguous-latitude"),
        ],
    )
    def test_says_why_a_message_is_malformed(
        self, engine: LiveEngine, payload: bytes, reason: str
    ) -> None:
        """By a code that can be looked up; what came with it is taken in."""
        judged = self.judged(engine, payload, body(REPORT))

        assert [("malformed", (reason,))] == [(dead.code, dead.reasons) for dead in judged.dead]
        assert RowCounts(read=2, accepted=1, malformed=1, malformed_by={reason: 1}) == judged.counts
        assert reason in PAYLOAD_FAULTS

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"vehicle_id": None}, "missing-vehicle-id"),
            ({"observed_at": " "}, "missing-observed-at"),
            ({"latitude": "NA"}, "missing-latitude"),
            ({"longitude": {}}, "missing-longitude"),
            ({"longitude": "nan"}, "not-finite"),
            ({"longitude": 10**400}, "not-finite"),
            ({"latitude": 90.5}, "latitude-range"),
            ({"observed_at": NOW_MS + 600_001}, "future"),
            ({"observed_at": 10**400}, None),
            ({"observed_at": -1}, "before-1970"),
            ({"speed_kmh": 200.5}, "speed-limit"),
        ],
    )
    def test_says_why_a_report_is_rejected(
        self, engine: LiveEngine, changes: Mapping[str, object], reason: str | None
    ) -> None:
        """By the code of the rule."""
        (dead,) = self.judged(engine, body({**REPORT, **changes})).dead

        if reason is None:
            assert ("malformed", ("unreadable-observed-at",)) == (dead.code, dead.reasons)
        else:
            assert ("rejected", (reason,)) == (dead.code, dead.reasons)
            assert reason in {rule.code for rule in EVENT_RULES}

    @pytest.mark.parametrize(
        ("changes", "warning"),
        [
            ({"speed_kmh": True}, "unreadable-speed-kmh"),
            ({"speed_kmh": "fast"}, "unreadable-speed-kmh"),
            ({"speed_mph": 1.7e308}, "unreadable-speed-kmh"),
            ({"battery_pct": 10**400}, "unreadable-battery-pct"),
            ({"status": [1]}, "unreadable-status"),
            ({"city": "\ud800"}, "unreadable-city"),
            ({"city": "\u00e9" * 129}, "unreadable-city"),
            ({"source": "x" * 257}, "unreadable-source"),
            ({"batt": 1, "soc": 2}, "ambiguous-battery-pct"),
            ({"heading_deg": 361}, "heading-range"),
            ({"status": 7}, "unknown-status"),
        ],
    )
    def test_lets_go_of_optional_cells(
        self, engine: LiveEngine, changes: Mapping[str, object], warning: str
    ) -> None:
        """What means nothing becomes null, with a warning that can be looked up."""
        judged = self.judged(engine, body({**REPORT, **changes}))

        assert RowCounts(read=1, accepted=1, warned_by={warning: 1}) == judged.counts
        assert judged.batch is not None
        assert [fact_of(EVENT)] == list(engine.facts(judged.batch))
        assert warning in {*PAYLOAD_WARNINGS, *(rule.code for rule in EVENT_RULES)}

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (1_700_000_000, 1_700_000_000_000),
            (1_700_000_000.123, 1_700_000_000_123),
            (1_699_999_999.9999, 1_699_999_999_999),
            (1_700_000_000_123.9, 1_700_000_000_123),
            ("1700000000", 1_700_000_000_000),
            (" 1700000000.5 ", 1_700_000_000_500),
            ("1700000000123", 1_700_000_000_123),
            ("2023-11-14T22:13:20Z", 1_700_000_000_000),
            ("2023-11-14T23:13:20.5+01:00", 1_700_000_000_500),
            ("2023-11-14 23:13:20", 1_700_000_000_000),
            (99_999_999_999 // 100, 999_999_999_000),
            (10**11, 10**11),
        ],
    )
    def test_reads_times(self, engine: LiveEngine, value: object, expected: int) -> None:
        """Epoch s or ms by magnitude, number or text; ISO 8601, in the zone if without offset."""
        work = evolve(WORK, zone="Europe/Rome")

        assert (
            expected == self.only_fact(engine, {**REPORT, "observed_at": value}, work).observed_at
        )

    @pytest.mark.parametrize(
        ("key", "value", "expected"),
        [
            ("speed", 36, 36.0),
            ("speed_mph", "10", 16.09344),
            ("speed_ms", 10.0, 36.0),
            ("sog", 10, 18.52),
        ],
    )
    def test_reads_the_units_of_speeds(
        self, engine: LiveEngine, key: str, value: object, expected: float
    ) -> None:
        """As the key names them."""
        assert pytest.approx(expected) == self.only_fact(engine, {**REPORT, key: value}).speed_kmh

    def test_reads_nested_keys(self, engine: LiveEngine) -> None:
        """Joined by dots, they are looked up as names of columns are."""
        report = {
            "vehicle": {"id": "cab-1", "status": "parked"},
            "gps": {"lat": 37.75, "lng": -122.4, "time": NOW_MS},
            "satellites": [{"deep": [1, 2, {"er": 3}]}],
        }

        fact = self.only_fact(engine, report)

        assert fact_of(evolve(EVENT, status="idle")) == fact

    @pytest.mark.parametrize(
        ("mapping", "vehicle"), [({}, "ann/phone"), ({"vehicle_id": "tid"}, "an")]
    )
    def test_reads_owntracks(
        self, engine: LiveEngine, mapping: Mapping[FieldName, str], vehicle: str
    ) -> None:
        """The vehicle is the user's device, as its topic says, unless it is mapped."""
        work = evolve(WORK, mapping=mapping)

        fact = self.only_fact(engine, OWNTRACKS, work, topic="owntracks/ann/phone")

        assert fact == fact_of(
            evolve(
                EVENT,
                vehicle_id=vehicle,
                speed_kmh=36.0,
                heading_deg=90.0,
                accuracy_m=5.0,
                battery_pct=80.0,
            )
        )

    def test_leaves_alone_what_is_no_location(self, engine: LiveEngine) -> None:
        """What OwnTracks sends beside locations is counted, and neither read nor dead."""
        beside = body({"_type": "lwt", "tst": 1}), body([OWNTRACKS, {"_type": "transition"}])

        judged = self.judged(engine, *beside, topic="owntracks/ann/phone")

        assert (2, RowCounts(read=1, accepted=1)) == (judged.ignored, judged.counts)
        assert () == judged.dead

    @pytest.mark.parametrize(
        ("topic", "pattern", "expected"),
        [
            ("fleet/cab-9/location", None, "cab-9"),
            ("fleet/ cab-9 /location", None, "cab-9"),
            ("taxis/7/at", r"^taxis/(\d+)/", "7"),
            ("cab-9", "cab-[0-9]", "cab-9"),
            ("owntracks/ann/phone", r"^taxis/(\d+)/", "ann/phone"),
        ],
    )
    def test_takes_the_vehicle_from_the_topic(
        self, engine: LiveEngine, topic: str, pattern: str | None, expected: str
    ) -> None:
        """Where the payload names none."""
        work = evolve(WORK, vehicle_from_topic=pattern)
        unnamed = {**REPORT, "vehicle_id": None}

        assert expected == self.only_fact(engine, unnamed, work, topic).vehicle_id
        assert "cab-1" == self.only_fact(engine, REPORT, work, topic).vehicle_id

    def test_a_topic_may_name_no_vehicle(self, engine: LiveEngine) -> None:
        """Or one that is no id."""
        unnamed = body({**REPORT, "vehicle_id": ""})
        topics = "elsewhere", "fleet/\x01/location"

        judged = engine.judged([message(unnamed, topic) for topic in topics], WORK)

        assert [("missing-vehicle-id",), ("unreadable-vehicle-id",)] == [
            dead.reasons for dead in judged.dead
        ]

    def test_a_mapped_field_has_one_key(self, engine: LiveEngine) -> None:
        """Its own, however many others would mean it; a key is read for one field."""
        work = evolve(WORK, mapping={"vehicle_id": "car.plate", "speed_kmh": "lat2"})
        report = {**REPORT, "car": {"plate": "M-1"}, "speed": 99, "lat2": 10}

        fact = self.only_fact(engine, report, work)

        assert ("M-1", 10.0) == (fact.vehicle_id, fact.speed_kmh)
        assert ("missing-vehicle-id",) == self.judged(engine, body(REPORT), work=work).dead[
            0
        ].reasons
