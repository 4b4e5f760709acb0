"""From a GeoJSON file (RFC 7946) to the cities and zones it draws.

A feature is a polygon, or several, with properties:

- `kind`: `city` or `zone`;
- of a city `name` and `timezone`, an IANA name such as `Europe/Berlin`;
- of a zone `id`, here or beside the properties, and `name` (else the id).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fleetcore.domain.geodesy import is_on_earth
from fleetcore.domain.places import City, Zone, id_of, kind_of
from fleetcore.domain.polygons import Point, Polygon, polygon_of
from fleetcore.errors import InvalidInput


def areas_in(content: bytes, name: str) -> tuple[City | Zone, ...]:
    """The cities and zones of a file called `name`, in its order.

    Raises `InvalidInput`, naming the feature and what to do, if anything in it cannot be taken.
    """
    found: dict[tuple[str, str], City | Zone] = {}
    for number, feature in zip(count(1), _features(content, name), strict=False):
        where = f"{name}: feature {number}{_title(feature)}"
        try:
            area = _area_of(feature)
        except InvalidInput as error:
            raise InvalidInput(f"{where}: {error}") from None
        key = (kind_of(area), id_of(area))
        if key in found:
            raise InvalidInput(f"{where}: {key[0]} {key[1]!r} is there twice; draw it once")
        found[key] = area
    return tuple(found.values())


def _features(content: bytes, name: str) -> Iterator[Mapping[str, object]]:
    try:
        document: object = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name}: the file is not UTF-8: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name}: the file is not JSON: {error}") from None
    features = document.get("features") if isinstance(document, dict) else None
    if _kind(document) != "FeatureCollection" or not isinstance(features, list):
        raise InvalidInput(
            f"{name}: this is no GeoJSON FeatureCollection with a list of features; put single "
            "features into one"
        )
    for number, feature in enumerate(features, 1):
        if _kind(feature) != "Feature":
            raise InvalidInput(f"{name}: feature {number}: it is no GeoJSON Feature")
        yield cast("Mapping[str, object]", feature)


def _kind(value: object) -> object:
    return value.get("type") if isinstance(value, dict) else None


def _properties(feature: Mapping[str, object]) -> Mapping[str, object]:
    properties = feature.get("properties")
    return cast("Mapping[str, object]", properties) if isinstance(properties, dict) else {}


def _title(feature: Mapping[str, object]) -> str:
    properties = _properties(feature)
    titles = [properties.get("name"), properties.get("id"), feature.get("id")]
    return next((f" ({title!r})" for title in titles if isinstance(title, str)), "")


def _area_of(feature: Mapping[str, object]) -> City | Zone:
    properties = _properties(feature)
    kind = properties.get("kind")
    if kind == "city":
        return City(
            name=_text(properties, "name"),
            timezone=_timezone(_text(properties, "timezone")),
            area=_polygons(feature.get("geometry")),
        )
    if kind == "zone":
        zone_id = _zone_id(properties.get("id", feature.get("id")))
        named = properties.get("name") is not None
        return Zone(
            zone_id=zone_id,
            name=_text(properties, "name") if named else zone_id,
            area=_polygons(feature.get("geometry")),
        )
    raise InvalidInput(f'its property "kind" is {kind!r}; allowed are "city" and "zone"')


def _text(properties: Mapping[str, object], key: str) -> str:
    value = properties.get(key)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InvalidInput(f'its property "{key}" is {value!r}; it needs a text')
    return value.strip()


def _zone_id(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text({"id": value}, "id")


def _timezone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f'its property "timezone" is {name!r}; use an IANA name, such as Europe/Berlin'
        ) from None


def _polygons(geometry: object) -> tuple[Polygon, ...]:
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    match _kind(geometry):
        case "Polygon":
            return (polygon_of(_rings(coordinates)),)
        case "MultiPolygon":
            polygons = _list(coordinates, "a MultiPolygon's coordinates")
            if not polygons:
                raise InvalidInput("its MultiPolygon is empty")
            return tuple(_numbered(number, each) for number, each in enumerate(polygons, 1))
        case kind:
            raise InvalidInput(f"its geometry is {kind!r}; allowed are Polygon and MultiPolygon")


def _numbered(number: int, coordinates: object) -> Polygon:
    try:
        return polygon_of(_rings(coordinates))
    except InvalidInput as error:
        raise InvalidInput(f"polygon {number}: {error}") from None


def _rings(coordinates: object) -> list[list[Point]]:
    rings = _list(coordinates, "a polygon's coordinates")
    return [[_point(position) for position in _list(ring, "a ring")] for ring in rings]


def _list(value: object, what: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise InvalidInput(f"{what}: {value!r:.40} is no list")
    return cast("Sequence[object]", value)


def _point(position: object) -> Point:
    match position:
        case [int() | float() as longitude, int() | float() as latitude, *_] if not (
            isinstance(longitude, bool) or isinstance(latitude, bool)
        ):
            pass
        case _:
            raise InvalidInput(f"position {position!r:.40} is not [longitude, latitude]")
    if is_on_earth(latitude, longitude):
        return (float(latitude), float(longitude))
    if is_on_earth(longitude, latitude):
        raise InvalidInput(
            f"position {position!r:.40} has a latitude of {latitude:g}; its order looks swapped: "
            "GeoJSON's is [longitude, latitude]"
        )
    raise InvalidInput(
        f"position {position!r:.40} is beyond longitude -180 to 180 or latitude -90 to 90"
    )
