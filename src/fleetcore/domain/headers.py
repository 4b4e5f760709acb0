"""Which field a column's name means: a table of the names that vendors use.

A name is compared in lower case with everything but letters and digits left out, after a unit in
brackets is taken off: `Speed (mph)`, `speed_mph` and `SpeedMph` are the speed in mph.

The spellings come from exports, tables, APIs and protocols of Traccar, Samsara, Geotab, Verizon
Connect, Teltonika, Wialon, flespi, CalAmp, Queclink, Navixy, GPSWOX, Movebank, OwnTracks and
GPSLogger, and from the GeoLife, T-Drive and cabspotting data sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from fleetcore.domain.interpretation import SpeedUnit
from fleetcore.domain.location import FIELDS, FieldName

SPELLINGS: Final[Mapping[FieldName, tuple[str, ...]]] = {
    "vehicle_id": (
        "vehicleid vehicle vehiclenumber vehicleno vehiclecode taxiid cabid carid busid truckid",
        "deviceid device trackerid unitid unit mobileid assetid individuallocalidentifier",
        "imei ident uniqueid taglocalidentifier medallion",
        "vin licenseplate licenceplate plate registration vehiclename devicename unitname",
        "uid userid user driverid tid",
        "id",
        "name",
    ),
    "observed_at": (
        (
            "observedat fixtime gpstime gpsdatetime timeoffix gpsutctime gpstimestamp fixtimestamp "
            "positiontime locationtime eventtime eventdatetime eventtimestamp recordedat dttracker"
        ),
        (
            "timestamp datetime dateandtime time msgtime updateutc tst unixtime unixtimestamp "
            "epoch epochtime ts"
        ),
        (
            "devicetime utctime utcdatetime localtime isotime isotst reportedat loggedat "
            "capturedat createdat updatedat updatetime dt t"
        ),
        "date",
    ),
    "latitude": (
        "latitude lat gpslatitude gpslat positionlatitude locationlatitude locationlat poslat",
        "posy ylat lastlatitude",
        "y",
    ),
    "longitude": (
        (
            "longitude lon lng long gpslongitude gpslon gpslng positionlongitude locationlongitude "
            "locationlong locationlon locationlng poslon poslng"
        ),
        "posx xlon lastlongitude",
        "x",
    ),
    "speed_kmh": (
        "speed spd velocity vel gpsspeed positionspeed groundspeed poss",
        "sog speedoverground vehiclespeed",
    ),
    "heading_deg": (
        "heading gpsheading course bearing azimuth cog courseoverground posc",
        "positiondirection direction angle dir",
    ),
    "accuracy_m": ("accuracy acc horizontalaccuracy hacc positionaccuracy locationaccuracy",),
    "battery_pct": ("battery batt batterylevel batterycharge soc stateofcharge",),
    "fuel_pct": ("fuel fuellevel canfuellevel",),
    "status": ("status vehiclestatus displaystate", "motionstatus movementstatus"),
    "city": ("city addresscity town", "locality addresslocality municipality"),
    "source": ("source", "datasource provider protocol"),
}
"""Names that mean a field, the surest first; a later line counts where no earlier one is met."""

SPEED_UNITS: Final[Mapping[SpeedUnit, str]] = {
    "km/h": "kmh kph kmph kmhr kmperhour kilometersperhour kilometresperhour",
    "mph": "mph mih milesperhour",
    "m/s": "ms mps msec mpersec meterspersecond metrespersecond",
    "kn": "kn kt kts knot knots",
}

FIELD_UNITS: Final[Mapping[FieldName, str]] = {
    "observed_at": "utc gmt local iso iso8601 unix epoch s sec seconds ms millis milliseconds",
    "latitude": "deg degrees decimaldegrees dd wgs84",
    "longitude": "deg degrees decimaldegrees dd wgs84",
    "heading_deg": "deg degrees",
    "accuracy_m": "m meter meters metre metres",
    "battery_pct": "pct percent percentage",
    "fuel_pct": "pct percent percentage",
}
"""Units that a name may carry without meaning another field."""

SPEED_UNIT_BESIDE: Final[Mapping[str, SpeedUnit]] = {
    "fixtime": "kn",
    "ageofdgpsdata": "m/s",
    "locationlong": "m/s",
}
"""The unit of a speed column that names none, beside a column only one exporter has.

Traccar stores knots; GPSLogger and Movebank write metres a second.
"""

_UNIT_OF_NAME: Final[Mapping[str, SpeedUnit]] = {"sog": "kn"}
_IN_BRACKETS: Final = re.compile(r"(?P<name>.*?)[\s_]*[(\[{](?P<unit>[^)\]}]*)[)\]}]\s*")
_SYMBOLS: Final = {"%": "pct", "\N{DEGREE SIGN}": "deg"}


@frozen(kw_only=True, slots=True)
class Meaning:
    """What a column's name says: the field, how sure (0 is surest), the unit of a speed."""

    field: FieldName
    rank: int
    speed_unit: SpeedUnit | None = None


def normalised(name: str) -> str:
    """A column's name as it is compared: in lower case, letters and digits alone."""
    return "".join(filter(str.isalnum, name.casefold()))


def meaning_of(name: str) -> Meaning | None:
    """What a column's name means; None if it is no known header."""
    match = _IN_BRACKETS.fullmatch(name)
    if match is None:
        return _KNOWN.get(normalised(name))
    unit = normalised(_SYMBOLS.get(match["unit"].strip(), match["unit"]))
    plain = normalised(match["name"])
    return _KNOWN.get(plain + unit) if unit else _KNOWN.get(plain)


def speed_unit_named(text: str) -> SpeedUnit | None:
    """The speed unit a text such as `mph` or `km/h` names."""
    return _SPEED_UNIT_OF.get(normalised(text))


def speed_unit_in(name: str, columns: Sequence[str]) -> SpeedUnit:
    """The unit of a speed column: as its name says, else as its neighbours do, else km/h."""
    meaning = meaning_of(name)
    if meaning is not None and meaning.speed_unit is not None:
        return meaning.speed_unit
    for word in (_in_brackets(name), re.split(r"[^\w]|_", name.strip())[-1]):
        if named := speed_unit_named(word):
            return named
    beside = {normalised(column) for column in columns}
    for neighbour, unit in SPEED_UNIT_BESIDE.items():
        if neighbour in beside:
            return unit
    return "km/h"


def candidates(columns: Sequence[str]) -> Mapping[FieldName, tuple[int, ...]]:
    """The columns that mean a field best, by field; more than one is ambiguous.

    A column with the field's own name is the only candidate.
    """
    found: dict[FieldName, tuple[int, list[int]]] = {}
    for index, column in enumerate(columns):
        meaning = meaning_of(column)
        if meaning is None:
            continue
        rank = -1 if normalised(column) == normalised(meaning.field) else meaning.rank
        best, indices = found.get(meaning.field, (rank + 1, []))
        if rank < best:
            found[meaning.field] = (rank, [index])
        elif rank == best:
            indices.append(index)
    return {field: tuple(found[field][1]) for field in FIELDS if field in found}


def _in_brackets(name: str) -> str:
    match = _IN_BRACKETS.fullmatch(name)
    return match["unit"] if match else ""


def _meanings() -> Iterator[tuple[str, Meaning]]:
    for field, ranks in SPELLINGS.items():
        for rank, line in enumerate(ranks):
            for word in (*line.split(), *([normalised(field)] if rank == 0 else [])):
                unit = _UNIT_OF_NAME.get(word)
                yield word, Meaning(field=field, rank=rank, speed_unit=unit)
                # A plain time is surer than its copies such as `timestamp_ms`.
                weaker = rank + 1 if field == "observed_at" else rank
                for suffix in FIELD_UNITS.get(field, "").split():
                    yield word + suffix, Meaning(field=field, rank=weaker)
                if field == "speed_kmh":
                    for suffix, speed_unit in _SPEED_UNIT_OF.items():
                        yield word + suffix, Meaning(field=field, rank=rank, speed_unit=speed_unit)


_SPEED_UNIT_OF: Final[Mapping[str, SpeedUnit]] = {
    word: unit for unit, words in SPEED_UNITS.items() for word in words.split()
}
_KNOWN: Final[Mapping[str, Meaning]] = dict(reversed(list(_meanings())))
