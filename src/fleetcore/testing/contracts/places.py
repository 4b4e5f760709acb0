"""What every keeper of places does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from attrs import evolve

from fleetcore.domain.places import PLACE_KINDS, Driver, Place, PlaceKind, Rider, TripRequest
from fleetcore.domain.polygons import polygon_of
from fleetcore.ports.places import Places
from fleetcore.testing.contracts.race import raced
from fleetcore.testing.place_strategies import city, square, zone

ANA: Final = Rider(
    rider_id="r1", name="Ana", latitude=48.1, longitude=11.5, observed_at=1_700_000_000_000
)
BO: Final = Driver(vehicle_id="cab-1", name="Bo O'Neil", rating=4.9)
TRIP: Final = TripRequest(trip_id="t1", rider_id="r1", requested_at=5)
ULM: Final = evolve(
    city("Ulm"),
    area=(
        polygon_of([square(48.0, 9.0, 1.0), square(48.2, 9.2, 0.1)]),
        polygon_of([square(-17.0, 179.5, 1.0)]),
    ),
)
RANK: Final = zone("rank", 48.5, 9.5, 0.01)
ALL: Final[tuple[Place, ...]] = (ULM, RANK, ANA, BO, TRIP)


class PlacesContract:
    """Needs the fixture `open_places`."""

    @pytest.fixture
    def places(self, open_places: Callable[[], Places]) -> Places:
        """The keeper under test."""
        return open_places()

    def test_is_empty_at_first(self, places: Places) -> None:
        """It knows nothing, and nothing changed."""
        assert [()] * len(PLACE_KINDS) == [places.read(kind) for kind in PLACE_KINDS]
        assert ((), 0) == (places.changes_since(0).places, places.changes_since(0).cursor)
        assert places.atlas().city_at(48.1, 9.1) is None

    def test_reads_what_was_put(self, places: Places) -> None:
        """Every kind comes back whole, polygons with their holes included."""
        assert len(ALL) == places.put(ALL)

        assert [(each,) for each in ALL] == [places.read(kind) for kind in PLACE_KINDS]

    def test_reads_by_id(self, places: Places) -> None:
        """Sorted by code point."""
        ids = ["b", "a", "é", "B", "車", "10", "9"]
        places.put([evolve(ANA, rider_id=rider_id) for rider_id in ids])

        assert sorted(ids) == [
            each.rider_id for each in places.read("rider") if isinstance(each, Rider)
        ]

    def test_tells_what_changed(self, places: Places) -> None:
        """Behind a cursor, in the order it came; what was put again last, and once."""
        places.put([ANA, BO])
        seen = places.changes_since(0)
        moved = evolve(ANA, observed_at=ANA.observed_at + 1)
        places.put([TRIP, moved])

        assert (ANA, BO) == seen.places
        assert (TRIP, moved) == places.changes_since(seen.cursor).places
        assert (BO, TRIP, moved) == places.changes_since(0).places
        assert () == places.changes_since(places.changes_since(0).cursor).places

    def test_putting_again_changes_nothing(self, places: Places) -> None:
        """What is held already is no change."""
        places.put(ALL)
        before = places.changes_since(0)

        assert 0 == places.put(ALL)
        assert before == places.changes_since(0)

    @pytest.mark.parametrize(
        ("older", "newer"),
        [
            (ANA, evolve(ANA, observed_at=ANA.observed_at + 1, latitude=0.0)),
            (ANA, evolve(ANA, latitude=49.0)),
            (TRIP, evolve(TRIP, requested_at=6, rider_id="a")),
        ],
    )
    def test_the_later_wins(self, places: Places, older: Place, newer: Place) -> None:
        """Of riders and requests, whichever came first; within one call, too."""
        kind: PlaceKind = "rider" if isinstance(older, Rider) else "trip"
        places.put([newer])
        assert 0 == places.put([older])
        assert (newer,) == places.read(kind)

        places.remove(kind, ["r1", "t1"])
        places.put([older, newer, older])
        assert (newer,) == places.read(kind)

    def test_the_last_word_wins(self, places: Places) -> None:
        """Of drivers, cities and zones."""
        places.put([BO, ULM])
        places.put([evolve(BO, rating=None), evolve(ULM, timezone="UTC")])

        assert (evolve(BO, rating=None),) == places.read("driver")
        assert (evolve(ULM, timezone="UTC"),) == places.read("city")

    def test_atlas_is_of_what_is_held(self, places: Places) -> None:
        """Its cities and zones, holes left out; another one when one of them changes."""
        before = places.atlas()
        places.put(ALL)
        atlas = places.atlas()

        assert before is not atlas
        assert atlas is places.atlas()
        assert ["Ulm", None, "Ulm", "Ulm"] == [
            atlas.city_at(48.1, 9.1),
            atlas.city_at(48.25, 9.25),
            atlas.city_at(-16.5, 179.9),
            atlas.city_at(-16.5, -179.9),
        ]
        assert (("rank",), ()) == (atlas.zones_at(48.505, 9.505), atlas.zones_at(48.1, 9.1))
        places.put([evolve(ANA, observed_at=ANA.observed_at + 1)])
        assert atlas is places.atlas()
        places.remove("zone", ["rank"])
        assert () == places.atlas().zones_at(48.505, 9.505)

    def test_forgets(self, places: Places) -> None:
        """What is removed is told no more; a cursor never leads to another place's change."""
        places.put([ANA, BO])
        seen = places.changes_since(0).cursor

        assert 1 == places.remove("driver", ["cab-1", "nobody", "r1"])
        assert ((), (ANA,)) == (places.read("driver"), places.read("rider"))
        assert (ANA,) == places.changes_since(0).places
        places.put([TRIP])
        assert (TRIP,) == places.changes_since(seen).places

    def test_keeps_places(self, open_places: Callable[[], Places]) -> None:
        """Another handle sees what was put, and draws the same map."""
        one, other = open_places(), open_places()
        assert other.atlas().city_at(48.1, 9.1) is None
        one.put(ALL)

        assert (BO,) == other.read("driver")
        assert "Ulm" == other.atlas().city_at(48.1, 9.1)

    def test_racing_writers_lose_nothing(self, open_places: Callable[[], Places]) -> None:
        """Everything put is told, and the latest holds, whoever put it last."""
        riders = [evolve(ANA, observed_at=number) for number in range(4)]
        handles = [open_places() for _ in riders]
        raced(
            [
                partial(each.put, [rider, evolve(BO, vehicle_id=str(number))])
                for number, (each, rider) in enumerate(zip(handles, riders, strict=True))
            ]
        )

        assert (riders[3],) == handles[0].read("rider")
        assert 5 == len(handles[0].changes_since(0).places)
