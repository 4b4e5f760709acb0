"""Cities and zones of GeoJSON files, and what is wrong with those that cannot be taken."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fleetcore.application.geojson import areas_in
from fleetcore.domain.places import City, Zone
from fleetcore.domain.polygons import polygon_of
from fleetcore.errors import InvalidInput
from fleetcore.testing.place_strategies import square

RING = [[9, 48], [10, 48], [10, 49], [9, 49], [9, 48]]
CITY = {"kind": "city", "name": "Ulm", "timezone": "Europe/Berlin"}
ZONE = {"kind": "zone", "id": "rank", "name": "The rank"}


def feature(
    properties: object = None, coordinates: object = None, kind: str = "Polygon"
) -> dict[str, Any]:
    """A feature; a square city unless something else is said."""
    geometry = {"type": kind, "coordinates": [RING] if coordinates is None else coordinates}
    return {"type": "Feature", "properties": properties or CITY, "geometry": geometry}


def content(*features: object) -> bytes:
    """A file of features."""
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_cities_and_zones_are_read() -> None:
    """In the file's order, with their properties, polygons with holes and heights left out."""
    hole = [[9.2, 48.2], [9.3, 48.2], [9.3, 48.3], [9.2, 48.3], [9.2, 48.2]]
    high = [[*position, 500] for position in RING]
    found = areas_in(
        b"\xef\xbb\xbf" + content(feature(), feature(ZONE, [[high, hole]], "MultiPolygon")), "f"
    )

    whole = polygon_of([square(48.0, 9.0, 1.0)])
    assert found == (
        City(name="Ulm", timezone="Europe/Berlin", area=(whole,)),
        Zone(
            zone_id="rank",
            name="The rank",
            area=(polygon_of([square(48.0, 9.0, 1.0), [(y, x) for x, y in hole]]),),
        ),
    )


def test_a_zone_may_be_named_by_its_feature() -> None:
    """Its id may stand beside the properties, as a number too, and is its name if it has none."""
    (found,) = areas_in(content({**feature({"kind": "zone"}), "id": 7}), "f")

    assert isinstance(found, Zone)
    assert ("7", "7") == (found.zone_id, found.name)


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (feature({**CITY, "kind": "town"}), """its property "kind" is 'town'; allowed are"""),
        (feature({"name": "Ulm"}), 'its property "kind" is None'),
        (feature({**CITY, "timezone": "Ulm"}), """its property "timezone" is 'Ulm'; use an IANA"""),
        (feature({**CITY, "timezone": "../x"}), 'its property "timezone"'),
        (feature({"kind": "city", "name": 7, "timezone": "UTC"}), 'its property "name" is 7'),
        (feature({"kind": "zone", "name": "x"}), 'its property "id" is None; it needs a text'),
        (feature(kind="Point"), "its geometry is 'Point'; allowed are Polygon and MultiPolygon"),
        ({**feature(), "geometry": None}, "its geometry is None"),
        (feature(coordinates=[], kind="MultiPolygon"), "its MultiPolygon is empty"),
        (feature(coordinates=[]), "it has no rings"),
        (feature(coordinates=7), "a polygon's coordinates: 7 is no list"),
        (feature(coordinates=[7]), "a ring: 7 is no list"),
        (feature(coordinates=[[[9], [10, 48]]]), "position [9] is not [longitude, latitude]"),
        (feature(coordinates=[[["9", "48"]]]), "is not [longitude, latitude]"),
        (feature(coordinates=[[[True, 48]]]), "is not [longitude, latitude]"),
        (
            feature(coordinates=[[[48, 151], [49, 151], [49, 152], [48, 151]]]),
            "position [48, 151] has a latitude of 151; its order looks swapped",
        ),
        (feature(coordinates=[[[181, 48]]]), "is beyond longitude -180 to 180"),
        (feature(coordinates=[[[float("nan"), 48]]]), "is beyond longitude -180 to 180"),
        (feature(coordinates=[[[10**400, 10**400]]]), "is beyond longitude -180 to 180"),
        (feature(coordinates=[RING[:-1]]), "ring 1 is not closed"),
        (feature(coordinates=[[RING[:3]]], kind="MultiPolygon"), "polygon 1: ring 1 has 3"),
    ],
)
def test_a_fault_is_told_with_its_feature(spoilt: dict[str, Any], why: str) -> None:
    """By its number and what it is called, though the features before it are sound."""
    with pytest.raises(InvalidInput, match=re.escape(why)) as caught:
        areas_in(content(feature({**CITY, "name": "Graz"}), spoilt), "cities.geojson")

    assert str(caught.value).startswith("cities.geojson: feature 2")


def test_the_name_is_told() -> None:
    """Where the feature has one."""
    with pytest.raises(InvalidInput, match=re.escape("f: feature 1 ('Ulm'): its geometry")):
        areas_in(content(feature(kind="Point")), "f")


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (b"\xff", "the file is not UTF-8"),
        (b"{", "the file is not JSON"),
        (b"[" * 100_000, "the file is not JSON"),
        (b"[]", "this is no GeoJSON FeatureCollection"),
        (b'{"type": "Feature"}', "this is no GeoJSON FeatureCollection"),
        (b'{"type": "FeatureCollection"}', "this is no GeoJSON FeatureCollection"),
        (content(7), "feature 1: it is no GeoJSON Feature"),
        (content(feature(), feature()), "feature 2 ('Ulm'): city 'Ulm' is there twice"),
    ],
)
def test_what_is_no_map(spoilt: bytes, why: str) -> None:
    """The file is named, and what to do."""
    with pytest.raises(InvalidInput, match=re.escape(f"f.json: {why}")):
        areas_in(spoilt, "f.json")
