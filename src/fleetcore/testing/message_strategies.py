"""Hypothesis strategies for messages, from clean to hostile: bytes that came over a broker."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import field, frozen
from hypothesis import strategies as st

from fleetcore.domain.location import FIELDS, REQUIRED_FIELDS, FieldName
from fleetcore.domain.messages import MAX_PAYLOAD_BYTES, Message
from fleetcore.domain.payloads import MAX_DEPTH, MAX_KEYS
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.live_engine import LiveWork
from fleetcore.testing.csv_strategies import NOW_MS, KnownVehicles
from fleetcore.testing.rule_strategies import fleets, rule_settings

INGESTION: Final = "live-test"

TOPICS: Final = (
    *("fleet/cab-1/location", "fleet/cab-2/location", "fleet/ cab-1 /location", "fleet//location"),
    *("owntracks/ann/phone", "owntracks/ann", "elsewhere", "", "fleet/\x01/location", "taxi/9"),
)

KEYS: Final[Mapping[FieldName, Sequence[str]]] = {
    "vehicle_id": ("vehicle_id", "deviceId", "vehicle.id", "tid", "id"),
    "observed_at": ("observed_at", "timestamp", "tst", "fixTime", "t"),
    "latitude": ("latitude", "lat", "gps.lat", "location.lat"),
    "longitude": ("longitude", "lon", "gps.lng", "lng"),
    "speed_kmh": ("speed_kmh", "speed", "speed_mph", "vel", "speed.m/s", "sog"),
    "heading_deg": ("heading_deg", "cog", "course"),
    "accuracy_m": ("accuracy_m", "acc", "hAcc"),
    "battery_pct": ("battery_pct", "batt", "battery.level"),
    "fuel_pct": ("fuel_pct", "fuel"),
    "status": ("status", "vehicle.status"),
    "city": ("city", "address.city"),
    "source": ("source", "provider"),
}
"""Keys that mean a field, among them some that mean it less surely and some that nest."""

CLEAN: Final[Mapping[FieldName, Sequence[object]]] = {
    "vehicle_id": ("cab-1", "cab-2", "\N{LATIN SMALL LETTER E WITH ACUTE}", 42, None),
    "observed_at": (
        *(NOW_MS, NOW_MS - 1000, 1_700_000_000, 1_699_999_999.5, "2023-11-14T22:13:19Z"),
        *("1699999999", "2023-11-14 23:13:20+01:00", 1_699_999_999_000.0),
    ),
    "latitude": (37.75, 0, -0.0, "37.75", 37.750000000000001),
    "longitude": (-122.4, 1.5, 2),
    "speed_kmh": (None, 0, 31.25, "12"),
    "heading_deg": (None, -0.0, 90),
    "accuracy_m": (None, 5, 5.0),
    "battery_pct": (None, 50),
    "fuel_pct": (None, "50"),
    "status": (None, "moving", "Parked"),
    "city": (None, "Rome"),
    "source": ("gw", None),
}
"""Values of every field that no rule minds; few, so that reports repeat."""

ODD_VALUES: Final[Sequence[object]] = (
    *(True, False, [], [1.5], {}, {"deep": {"deeper": [1]}}, "", " ", "null", "NA", "abc", "-"),
    *(10**13, -(10**13), 10**11, 10**11 - 1, -(10**11), 2**63, 2**64, -(2**64), 10**400, 1e16),
    *(-5, -5.5, 0, 1e-7, 5e-324, 1.7976931348623157e308, 90.00000001, 181, 200.0000001, 1001),
    *(1_700_000_000.123, 1_700_000_000.1234567, 1_700_000_000_123.5, 99_999_999_999.9995),
    *("1700000000.1239", "1.7e9", "nan", "Infinity", "+5", " 5 ", "5.", "1_0", "0x10", "1,5"),
    *("2023-11-14", "2023-03-26 02:30:00", "2023-10-29 02:30:00", "9999-12-31T23:59:59Z"),
    *("2024-11-14T22:13:20Z", "1969-12-31T23:59:59.9999Z", "2023-11-14T22:13:20,5", "2023-13-01"),
    *("x" * 1100, "e\u0301", "a\x00b", "\ud800", "caf\u00e9 ", "towed", "IDLE", "\ufeffcab-1"),
    *(1.0, 1, "1", 0.1, 1e22, -62_135_596_800_000, 20_240_501_100_000),
)
"""What a key should not hold, or holds at the edge of meaning."""

ODD_PAYLOADS: Final[Sequence[bytes]] = (
    *(b"", b" ", b"null", b"1", b'"text"', b"true", b"[]", b"[[]]", b"[1, {}]", b"{}", b" {} "),
    *(b"{", b"}", b'{"a":1}{"a":2}', b'{"a":1},{"a":2}', b'{"a":1', b'{"a":1}]', b"{'a':1}"),
    *(b'{"lat": NaN}', b'{"lat": Infinity}', b'{"lat": -Infinity}', b'{"lat": 1e400}'),
    *(b'{"lat": 1.}', b'{"lat": 01}', b'{"lat": +1}', b'{"lat": -0}', b'{"lat": 0x1}'),
    *(b'{"lat": 1, "lat": 2, "lon": 1}', b'{"lat": "\\ud800"}', b'{"\\ud800": 1}', b'{"": 1}'),
    *(b'{"lat": "\x01"}', b'{"lat": "\xff"}', b'{"lat": "\xed\xa0\x80"}', b'{"\xff": 1}', b"\xff"),
    *(b'\xef\xbb\xbf{"lat": 1}', '{"lat": 1}'.encode("utf-16"), b'{"lat": 1}\0', b"\0"),
    *(b'{"lat": ' + b"9" * 5000 + b"}", b'{"lat": ' + b"9" * 400 + b"}"),
    *(b"[" * 100_000, b'{"a":' * 50_000, b"[" * 900 + b"]" * 900),
    *(b"[" * depth + b"]" * depth for depth in (MAX_DEPTH, MAX_DEPTH + 1)),
    *(b'{"a":' * depth + b"1" + b"}" * depth for depth in (MAX_DEPTH, MAX_DEPTH + 1)),
    *(json.dumps(dict.fromkeys(map(str, range(n)))).encode() for n in (MAX_KEYS, MAX_KEYS + 1)),
    b"{" + b" " * MAX_PAYLOAD_BYTES + b"}",
    *(b'{"_type": "lwt", "tst": 1}', b'{"_type": "encrypted", "data": "x"}', b'{"_type": []}'),
    *(b'{"_type": "transition", "lat": 1, "lon": 2, "tst": 1700000000}', b'[{"_type": "card"}]'),
    b'{"_type": "location", "lat": 1, "lon": 2, "tst": 1700000000, "tid": "ab", "t": "u"}',
    b'{"lat": 1, "gpslat": 2, "lon": 1, "ts": 1700000000, "id": 1}',
    b'{"lat": 1, "lon": 2, "ts": 1700000000, "id": 1, "batt": 1, "soc": 2, "fuel": []}',
)

MAPPINGS: Final[Sequence[Mapping[FieldName, str]]] = (
    {},
    {},
    {},
    {"vehicle_id": "tid"},
    {"observed_at": "t", "speed_kmh": "speed.m/s"},
    {"latitude": "a.b", "city": "missing"},
)


@frozen(kw_only=True, slots=True)
class Call:
    """Messages and all that decides what an engine makes of them."""

    messages: tuple[Message, ...]
    settings: FleetSettings = FleetSettings()
    vehicles: Mapping[str, Vehicle] | None = None
    mapping: Mapping[FieldName, str] = field(factory=dict)
    vehicle_from_topic: str | None = None
    zone: str = "UTC"
    first_line: int = 1

    def work(self) -> LiveWork:
        """What gives the messages their meaning."""
        return LiveWork(
            ingestion=INGESTION,
            settings=self.settings,
            now_ms=NOW_MS,
            first_line=self.first_line,
            mapping=self.mapping,
            vehicle_from_topic=self.vehicle_from_topic,
            zone=self.zone,
            directory=None if self.vehicles is None else KnownVehicles(self.vehicles),
        )


def message(payload: bytes, topic: str = "fleet/cab-1/location") -> Message:
    """A message that came at `NOW_MS`."""
    return Message(topic=topic, payload=payload, received_at_ms=NOW_MS)


def nested(flat: Mapping[str, object]) -> dict[str, object]:
    """A report whose dotted keys are objects in objects."""
    found: dict[str, object] = {}
    for key, value in flat.items():
        *outer, last = key.split(".")
        inside = found
        for name in outer:
            inner = inside.setdefault(name, {})
            if not isinstance(inner, dict):
                inner = inside[name] = {}
            inside = inner
        inside[last] = value
    return found


@st.composite
def reports(draw: st.DrawFn) -> Mapping[str, object]:
    """A report's values by dotted key: mostly whole and clean, some with an odd value or key."""
    flat: dict[str, object] = {}
    plain = draw(st.booleans())
    for name in FIELDS:
        left_out = (False,) * 19 + (True,) if name in REQUIRED_FIELDS else (False, True)
        if not draw(st.sampled_from(left_out)):
            key = KEYS[name][0] if plain else draw(st.sampled_from(KEYS[name]))
            flat[key] = draw(st.sampled_from(CLEAN[name]))
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        another = draw(st.sampled_from(FIELDS).map(lambda name: KEYS[name][1]))
        key = draw(st.sampled_from((*flat, another, "note", "x.y")))
        flat[key] = draw(st.sampled_from(ODD_VALUES))
    if draw(st.sampled_from((False, False, False, True))):
        flat["_type"] = draw(st.sampled_from(("location", "location", "lwt", "position", 1)))
    return flat


def again(flat: Mapping[str, object], name: FieldName, value: object) -> Mapping[str, object]:
    """The report again, perhaps with another value."""
    changed = {key: value for key in KEYS[name] if key in flat}
    return {**flat, **changed}


_CHANGING: Final[tuple[FieldName, ...]] = (
    *("latitude", "speed_kmh", "accuracy_m", "status", "city"),
)


@st.composite
def several_reports(draw: st.DrawFn) -> Sequence[Mapping[str, object]]:
    """Reports, some of which are another one again with or without a change."""
    found = draw(st.lists(reports(), min_size=1, max_size=4))
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(_CHANGING))
        value = draw(st.sampled_from(CLEAN[name]))
        found.append(again(draw(st.sampled_from(found)), name, value))
    return found


@st.composite
def payloads(draw: st.DrawFn, flat: st.SearchStrategy[Mapping[str, object]]) -> bytes:
    """The bytes of a report, or of several, flat or nested."""
    form = draw(st.sampled_from(("flat", "flat", "nested", "array")))
    if form == "flat":
        return json.dumps(draw(flat)).encode()
    if form == "nested":
        return json.dumps(nested(draw(flat)), ensure_ascii=draw(st.booleans())).encode(
            errors="surrogatepass"
        )
    several = draw(st.lists(flat.map(nested) | st.sampled_from(ODD_VALUES), max_size=4))
    return json.dumps(several).encode()


@st.composite
def spoilt(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """A payload with a byte changed, or cut short."""
    payload = bytearray(draw(whole))
    at = draw(st.integers(0, max(len(payload) - 1, 0)))
    if draw(st.booleans()):
        return bytes(payload[:at])
    payload[at : at + 1] = draw(st.binary(min_size=1, max_size=2))
    return bytes(payload)


def hostile_payloads(
    flat: st.SearchStrategy[Mapping[str, object]],
) -> st.SearchStrategy[bytes]:
    """Whatever may come: reports, spoilt ones, odd ones, any bytes."""
    whole = payloads(flat)
    anything = spoilt(whole), st.sampled_from(ODD_PAYLOADS), st.binary(max_size=40)
    return st.sampled_from((*(whole,) * 9, *anything)).flatmap(lambda chosen: chosen)


@st.composite
def calls(draw: st.DrawFn, *, hostile: bool = True) -> Call:
    """Messages, some of which come again, and how they are understood."""
    flat = st.sampled_from(draw(several_reports()))
    pool = st.lists(hostile_payloads(flat) if hostile else payloads(flat), max_size=8)
    return Call(
        messages=tuple(message(each, draw(st.sampled_from(TOPICS))) for each in draw(pool)),
        settings=draw(st.just(FleetSettings()) | rule_settings()),
        vehicles=draw(st.none() | fleets()),
        mapping=draw(st.sampled_from(MAPPINGS)),
        vehicle_from_topic=draw(st.sampled_from((None, None, r"^taxi/(\d+)$", "cab-[0-9]"))),
        zone=draw(st.sampled_from(("UTC", "Europe/Rome"))),
        first_line=draw(st.sampled_from((1, 1000))),
    )
