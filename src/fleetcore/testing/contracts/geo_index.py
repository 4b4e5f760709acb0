"""What every geo index does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from typing import Final

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetcore.domain.facts import Fact, winners_of
from fleetcore.domain.geodesy import FARTHEST_M, haversine_m, is_on_earth
from fleetcore.domain.location import Status
from fleetcore.domain.proximity import Nearby, Position
from fleetcore.ports.geo_index import GeoIndex
from fleetcore.testing.contracts.race import raced
from fleetcore.testing.place_strategies import facts, latitudes, longitudes

HERE: Final = (48.137, 11.575)


def fact(
    vehicle_id: str,
    latitude: float = HERE[0],
    longitude: float = HERE[1],
    *,
    observed_at: int = 1,
    accuracy_m: float | None = None,
    status: Status | None = "moving",
    city: str | None = None,
    fingerprint: int = 7,
) -> Fact:
    """What a vehicle reported somewhere."""
    return Fact(
        vehicle_id=vehicle_id,
        observed_at=observed_at,
        latitude=latitude,
        longitude=longitude,
        speed_kmh=None,
        heading_deg=None,
        accuracy_m=accuracy_m,
        battery_pct=None,
        fuel_pct=None,
        status=status,
        city=city,
        fingerprint=fingerprint,
    )


def ids(found: tuple[Nearby, ...]) -> list[str]:
    """Which vehicles were found, nearest first."""
    return [each.vehicle_id for each in found]


@frozen(kw_only=True, slots=True)
class Question:
    """What may be asked of an index; see `GeoIndex.within`."""

    latitude: float
    longitude: float
    radius_m: float | None
    limit: int | None
    city: str | None
    oldest_ms: int | None
    with_offline: bool

    def answered_by(self, held: Iterable[Fact]) -> list[Nearby]:
        """The answer, found by looking at each fact."""
        found = sorted(
            Nearby(
                haversine_m(self.latitude, self.longitude, each.latitude, each.longitude),
                each.vehicle_id,
                each.observed_at,
                each.latitude,
                each.longitude,
                each.status,
                each.city,
            )
            for each in held
        )
        return [
            each
            for each in found
            if (self.radius_m is None or each.distance_m <= self.radius_m)
            and (self.city is None or each.city == self.city)
            and (self.oldest_ms is None or each.observed_at >= self.oldest_ms)
            and (self.with_offline or each.status != "offline")
        ][: self.limit]


QUESTIONS: Final = st.builds(
    Question,
    latitude=latitudes(),
    longitude=longitudes(),
    radius_m=st.none() | st.sampled_from((0.0, 100.0, 5e3, 1e6, 1.5e7)) | st.floats(0, FARTHEST_M),
    limit=st.none() | st.integers(0, 3),
    city=st.sampled_from((None, "Ulm")),
    oldest_ms=st.sampled_from((None, 1, 2)),
    with_offline=st.booleans(),
)


class GeoIndexContract:
    """Needs the fixture `open_geo_index`."""

    @pytest.fixture
    def index(self, open_geo_index: Callable[[], GeoIndex]) -> GeoIndex:
        """The index under test."""
        return open_geo_index()

    def test_is_empty_at_first(self, index: GeoIndex) -> None:
        """An index that never followed the log knows no vehicle and stands at 0."""
        assert (0, (), ()) == (index.cursor(), index.read(), index.within(*HERE))

    def test_tells_what_it_holds(self, index: GeoIndex) -> None:
        """Time, place, status and city come back as they were put, and the distance is exact."""
        index.put([fact("cab-1", 48.2, 11.5, observed_at=9, city="München")], 4)

        (found,) = index.within(*HERE)

        away_m = haversine_m(*HERE, 48.2, 11.5)
        assert (away_m, "cab-1", 9, 48.2, 11.5, "moving", "München") == found
        assert (Position("cab-1", 9, 48.2, 11.5, "moving", "München"),) == index.read()
        assert 4 == index.cursor()

    def test_finds_the_nearest_first(self, index: GeoIndex) -> None:
        """Within the radius, its edge included; of equally near ones the smaller id first."""
        index.put([fact("far", 48.3), fact("b"), fact("near", 48.14), fact("a")])
        reach_m = haversine_m(*HERE, 48.14, HERE[1])

        assert ["a", "b", "near"] == ids(index.within(*HERE, reach_m))
        assert ["a", "b"] == ids(index.within(*HERE, reach_m - 0.001))
        assert ["a", "b", "near", "far"] == ids(index.within(*HERE))

    def test_finds_no_more_than_asked_for(self, index: GeoIndex) -> None:
        """A limit leaves the nearest, with or without a radius."""
        index.put([fact(f"{number:02}", 48.0 + number / 50) for number in range(20)])

        assert ["07", "06", "08"] == ids(index.within(*HERE, 20_000, limit=3))
        assert ["07", "06", "08"] == ids(index.within(*HERE, limit=3))
        assert 20 == len(index.within(*HERE, limit=100))

    def test_leaves_offline_vehicles_out(self, index: GeoIndex) -> None:
        """Unless they are asked for; a vehicle of unknown status is not offline."""
        index.put(
            [fact("off", status="offline"), fact("idle", status="idle"), fact("?", status=None)]
        )

        assert ["?", "idle"] == ids(index.within(*HERE))
        assert ["?", "idle", "off"] == ids(index.within(*HERE, with_offline=True))

    def test_leaves_old_positions_out(self, index: GeoIndex) -> None:
        """Those before the instant that is stated."""
        index.put([fact("old", observed_at=4), fact("new", observed_at=5)])

        assert ["new"] == ids(index.within(*HERE, oldest_ms=5))
        assert ["new", "old"] == ids(index.within(*HERE))

    def test_finds_those_of_a_city(self, index: GeoIndex) -> None:
        """As it is spelt; a vehicle without a city is in none."""
        index.put([fact("a", city="Ulm"), fact("b", city="ulm"), fact("c")])

        assert ["a"] == ids(index.within(*HERE, city="Ulm"))
        assert [] == ids(index.within(*HERE, city=""))

    @pytest.mark.parametrize(
        ("near", "far"),
        [
            ((10.0, 179.999), (10.0, -179.999)),
            ((10.0, 180.0), (10.0, -180.0)),
            ((89.9999, 0.0), (89.9999, 180.0)),
            ((90.0, 10.0), (90.0, -170.0)),
            ((-89.9999, 90.0), (-89.9999, -90.0)),
        ],
    )
    def test_finds_across_the_edges_of_the_map(
        self, index: GeoIndex, near: tuple[float, float], far: tuple[float, float]
    ) -> None:
        """What is far on the map and near on Earth is near, from either side."""
        index.put([fact("near", *near), fact("far", *far)])

        assert {"near", "far"} == set(ids(index.within(*near, 250)))
        assert {"near", "far"} == set(ids(index.within(*far, 250)))
        assert {"near", "far"} == set(ids(index.within(*near, limit=2)))

    def test_keeps_what_lies_on_earth_only(self, index: GeoIndex) -> None:
        """A later fact that lies nowhere does not take the place of one that lies somewhere."""
        index.put([fact("a"), fact("a", 91.0, 0.0, observed_at=2), fact("b", 0.0, 180.5)])

        assert [("a", 1)] == [(at.vehicle_id, at.observed_at) for at in index.read()]

    def test_keeps_the_winner(self, index: GeoIndex) -> None:
        """Later, then more accurate, then greater as unsigned; whichever came first."""
        ascending = [
            fact("a", 1.0, fingerprint=3),
            fact("a", 2.0, fingerprint=1 << 63),
            fact("a", 3.0, accuracy_m=1e300),
            fact("a", 4.0, accuracy_m=5.0),
            fact("a", 5.0, accuracy_m=-1.0),
            fact("a", 6.0, observed_at=2),
        ]
        for one in ascending:
            index.put([one])
            assert [one.latitude] == [at.latitude for at in index.read()]
        index.put(ascending[::-1])
        index.put(ascending[:1])

        assert [6.0] == [at.latitude for at in index.read()]
        assert ["a"] == ids(index.within(6.0, HERE[1], 1))

    def test_follows_a_vehicle_that_moves(self, index: GeoIndex) -> None:
        """By metres or around the Earth, it is found where it is and nowhere else."""
        way = [
            (0.0, 0.0),
            (0.0, 0.0001),
            (0.0, 0.009),
            (0.0, 0.02),
            (60.0, -179.99),
            (60.0, 179.99),
        ]
        for instant, (latitude, longitude) in enumerate(way):
            index.put([fact("a", latitude, longitude, observed_at=instant)])

            assert ["a"] == ids(index.within(latitude, longitude, 1))
            assert [] == ids(index.within(-30.0, 90.0, 1_000_000))

    def test_cursor_never_goes_back(self, index: GeoIndex) -> None:
        """A smaller one, or none, puts facts and leaves the cursor alone."""
        index.put([], 2**40)
        index.put([fact("a")], 3)
        index.put([fact("b")])

        assert (2**40, ["a", "b"]) == (index.cursor(), [at.vehicle_id for at in index.read()])

    def test_cursor_does_not_lead(self, index: GeoIndex) -> None:
        """What was read behind a cursor that is lost is put; what came before it will come."""
        index.put([fact("a")], 5)
        index.put([fact("b")], 7, since=5)
        assert 7 == index.cursor()
        index.clear()

        index.put([fact("c")], 9, since=7)
        assert (0, ["c"]) == (index.cursor(), [at.vehicle_id for at in index.read()])

        index.put([fact("a"), fact("b")], 8, since=0)
        index.put([], 9, since=7)
        assert (9, 3) == (index.cursor(), len(index.read()))

    def test_reads_the_vehicles_asked_for(self, index: GeoIndex) -> None:
        """Known ones come once each, by id; a position's distance to another is exact."""
        index.put([fact(vehicle_id) for vehicle_id in ("b", "a", "é", "B")])
        index.put([fact("c", 48.2)])

        assert ["B", "a", "b", "c", "é"] == [at.vehicle_id for at in index.read()]
        assert ["a", "c"] == [at.vehicle_id for at in index.read(["c", "a", "nobody", "a"])]
        assert () == index.read([])
        assert haversine_m(*HERE, 48.2, HERE[1]) == index.distance("a", "c")
        assert 0 == index.distance("a", "a")
        assert index.distance("a", "nobody") is None

    def test_forgets_vehicles(self, index: GeoIndex) -> None:
        """A removed vehicle is found no more, and comes back with its next fact."""
        index.put([fact("a"), fact("b")], 5)

        assert 1 == index.remove(["a", "nobody", "a"])
        assert (["b"], ["b"]) == (ids(index.within(*HERE)), [at.vehicle_id for at in index.read()])
        assert 0 == index.remove(["a"])
        index.put([fact("a", observed_at=0)])
        assert (["a", "b"], 5) == (ids(index.within(*HERE)), index.cursor())

    def test_is_cleared(self, index: GeoIndex) -> None:
        """As if it had never followed anything."""
        index.put([fact("a", observed_at=5)], 5)

        index.clear()

        assert (0, (), ()) == (index.cursor(), index.read(), index.within(*HERE))
        index.put([fact("a")], 1)
        assert (1, ["a"]) == (index.cursor(), ids(index.within(*HERE)))

    def test_begins_another_life_when_cleared(self, open_geo_index: Callable[[], GeoIndex]) -> None:
        """Told by every handle; nothing else begins one."""
        index, other = open_geo_index(), open_geo_index()
        index.put([fact("a")], 5)
        index.remove(["a"])
        assert (0, 0) == (index.life(), other.life())

        index.clear()
        assert (1, 1) == (index.life(), other.life())
        other.clear()
        index.put([fact("a")], 5)

        assert (2, 2) == (index.life(), other.life())

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        held=st.lists(facts(), max_size=12),
        cuts=st.lists(st.integers(0, 12), max_size=2),
        asked=QUESTIONS,
    )
    def test_finds_what_looking_at_each_finds(
        self, index: GeoIndex, held: list[Fact], cuts: list[int], asked: Question
    ) -> None:
        """The same vehicles at the same distances, anywhere on Earth, however facts were cut."""
        index.clear()
        for start, end in pairwise([0, *sorted(cuts), len(held)]):
            index.put(held[start:end])

        winners = winners_of(each for each in held if is_on_earth(each.latitude, each.longitude))

        assert asked.answered_by(winners.values()) == list(
            index.within(
                asked.latitude,
                asked.longitude,
                asked.radius_m,
                limit=asked.limit,
                city=asked.city,
                oldest_ms=asked.oldest_ms,
                with_offline=asked.with_offline,
            )
        )

    def test_keeps_positions(self, open_geo_index: Callable[[], GeoIndex]) -> None:
        """Another handle sees what was put."""
        open_geo_index().put([fact("a")], 9)

        other = open_geo_index()

        assert (9, ["a"]) == (other.cursor(), ids(other.within(*HERE)))

    def test_racing_writers_lose_nothing(self, open_geo_index: Callable[[], GeoIndex]) -> None:
        """Winners and the greatest cursor hold, whoever put them last."""
        handles = [open_geo_index() for _ in range(4)]
        raced(
            [
                partial(index.put, [fact("shared", n, observed_at=n), fact(f"own-{n}")], n)
                for n, index in enumerate(handles, 1)
            ]
        )

        (shared,) = handles[0].read(["shared"])
        assert (4, 4, 5) == (shared.observed_at, handles[0].cursor(), len(handles[0].read()))
