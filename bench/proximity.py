"""`python -m bench.proximity`: who is near whom, over 156,000 vehicles in 45 cities.

Times of queries are of the clock on the wall, and of the processor where the machine is shared;
those of writing are of the processor, a position.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from fleetcore.application.proximity import GeoView, GraphView
from fleetcore.domain.facts import Fact
from fleetcore.domain.places import City, Rider
from fleetcore.domain.polygons import Point, polygon_of
from fleetcore_adapters.local.database import Database, ViewsDatabase
from fleetcore_adapters.local.geo_index import LocalGeoIndex
from fleetcore_adapters.local.places import LocalPlaces
from fleetcore_adapters.local.proximity_graph import LocalProximityGraph

VEHICLES: Final = 156_000
CITIES: Final = 45
CITY_RADIUS_M: Final = 15_000
BATCH: Final = 5_000
FEW: Final = 130
"""What comes between two looks at the log, at 5,200 a second."""

RIDERS: Final = 300
QUERIES: Final = 2_000
CORNERS: Final = 200
STEP_MS: Final = 30_000
METRES_A_DEGREE: Final = 111_195

T = TypeVar("T")


class Fleet:
    """Vehicles evenly spread over round cities, that drive on a little between reports."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.cities = [(rng.uniform(-50, 60), rng.uniform(-170, 170)) for _ in range(CITIES)]
        self._at = [self.somewhere(number % CITIES) for number in range(VEHICLES)]
        self._now_ms = 1_700_000_000_000

    def somewhere(self, city: int) -> Point:
        """A point in a city."""
        away_m = CITY_RADIUS_M * math.sqrt(self._rng.random())
        return moved(self.cities[city], away_m, self._rng.random() * math.tau)

    def reports(self, vehicles: Sequence[int], *, with_city: bool = True) -> list[Fact]:
        """What these report half a minute later: half of them stood, the others drove on."""
        self._now_ms += STEP_MS
        for each in vehicles:
            driven_m = self._rng.choice((0, 0, 250, 400))
            self._at[each] = moved(self._at[each], driven_m, self._rng.random() * math.tau)
        return [
            Fact(
                *(f"veh-{each:06}", self._now_ms, *self._at[each], 30.0, 0.0, 5.0, None, None),
                *("moving", f"city-{each % CITIES:02}" if with_city else None),
                self._rng.getrandbits(64),
            )
            for each in vehicles
        ]

    def batches(self) -> list[list[int]]:
        """All vehicles, in any order, in batches."""
        order = self._rng.sample(range(VEHICLES), VEHICLES)
        return [order[start : start + BATCH] for start in range(0, VEHICLES, BATCH)]

    def riders(self) -> list[Rider]:
        """Riders in all cities."""
        return [
            Rider(
                rider_id=f"rider-{number}",
                latitude=at[0],
                longitude=at[1],
                observed_at=self._now_ms,
            )
            for number in range(RIDERS)
            for at in [self.somewhere(number % CITIES)]
        ]

    def outlines(self) -> list[City]:
        """The cities as polygons of many corners."""
        return [
            City(name=f"city-{number:02}", timezone="UTC", area=(polygon_of([ring]),))
            for number, middle in enumerate(self.cities)
            for turns in [[corner / CORNERS * math.tau for corner in range(CORNERS)]]
            for points in [[moved(middle, CITY_RADIUS_M * 1.01, turn) for turn in turns]]
            for ring in [[*points, points[0]]]
        ]


def moved(at: Point, away_m: float, bearing: float) -> Point:
    """A point so far from another, on a flat map."""
    latitude, longitude = at
    north, east = away_m * math.cos(bearing), away_m * math.sin(bearing)
    to = latitude + north / METRES_A_DEGREE
    return (to, longitude + east / METRES_A_DEGREE / math.cos(math.radians(latitude)))


def main() -> int:
    """Print a table of what was measured."""
    fleet = Fleet(random.Random(1))
    with (
        tempfile.TemporaryDirectory() as name,
        closing(Database(Path(name))) as database,
        closing(ViewsDatabase(Path(name))) as views,
    ):
        places = LocalPlaces(database)
        index = GeoView(geo=LocalGeoIndex(views), places=places)
        graph = GraphView(graph=LocalProximityGraph(views), index=index, places=places)
        tell("index made of all vehicles, us a position", spent_us(index, fleet, [range(VEHICLES)]))
        tell("index kept up, us a position", spent_us(index, fleet, fleet.batches()))
        queries(fleet, index)
        places.put(fleet.outlines())
        places.atlas()
        tell(
            "  and cities derived, us a position",
            spent_us(index, fleet, fleet.batches()[:8], with_city=False),
        )
        graph.follow_places()
        tell("graph without riders, us a position", graph_us(graph, fleet, fleet.batches()[:8]))
        keeping_near(fleet, graph, places)
    return 0


def tell(what: str, figure: float) -> None:
    """Print a line."""
    print(f"{what:<52} {figure:>10,.2f}", flush=True)


def spent_us(
    index: GeoView, fleet: Fleet, batches: Sequence[Sequence[int]], *, with_city: bool = True
) -> float:
    """Processor time a position to put batches into the index."""
    spent_s = 0.0
    for number, batch in enumerate(batches):
        facts = fleet.reports(batch, with_city=with_city)
        began_s = time.process_time()
        index.merge(facts, number)
        spent_s += time.process_time() - began_s
    return spent_s / sum(map(len, batches)) * 1e6


def graph_us(graph: GraphView, fleet: Fleet, batches: Sequence[Sequence[int]]) -> float:
    """Processor time a position that the graph needs beside the index."""
    spent_s = 0.0
    for number, batch in enumerate(batches, graph.cursor() + 1):
        facts = fleet.reports(batch)
        graph.index.merge(facts, number + VEHICLES)
        began_s = time.process_time()
        graph.merge(facts, number)
        spent_s += time.process_time() - began_s
    return spent_s / sum(map(len, batches)) * 1e6


def queries(fleet: Fleet, index: GeoView) -> None:
    """Time questions from points in cities."""
    points = [fleet.somewhere(number % CITIES) for number in range(QUERIES)]
    asked: dict[str, Callable[[Point], Sequence[object]]] = {
        "within 5 km, nearest 10": lambda at: index.geo.within(*at, 5_000, limit=10),
        "within 5 km, all": lambda at: index.geo.within(*at, 5_000),
        "nearest 10 anywhere": lambda at: index.geo.within(*at, limit=10),
    }
    for what, ask in asked.items():
        time_questions(what, ask, points)


def keeping_near(fleet: Fleet, graph: GraphView, places: LocalPlaces) -> None:
    """Time the edges near riders, as drivers move."""
    riders = fleet.riders()
    places.put(riders)
    graph.follow_places()
    edges, spent_s, longest_s = 0, 0.0, 0.0
    for number, batch in enumerate(fleet.batches()[:8], graph.cursor() + 1):
        facts = fleet.reports(batch)
        graph.index.merge(facts, number + VEHICLES)
        began_s = time.perf_counter()
        graph.merge(facts, number)
        took_s = time.perf_counter() - began_s
        spent_s, longest_s = spent_s + took_s, max(longest_s, took_s)
        edges += sum(len(graph.graph.near(each.rider_id, 5_000, 10)) for each in riders)
    tell(f"graph, {RIDERS} riders: longest batch of {BATCH:,}, ms", longest_s * 1e3)
    tell(f"graph, {RIDERS} riders: edges a second", edges / spent_s)
    few = [batch[:FEW] for batch in fleet.batches()]
    tell(f"graph, {RIDERS} riders: {FEW} at a time, us a position", graph_us(graph, fleet, few))
    time_questions(
        "drivers near a rider",
        lambda rider: graph.graph.near(rider.rider_id, 5_000, 10),
        riders * (QUERIES // RIDERS),
    )


def time_questions(what: str, ask: Callable[[T], Sequence[object]], about: Sequence[T]) -> None:
    """Tell how much was found on average, and how long it took."""
    wall_ms: list[float] = []
    processor_ms: list[float] = []
    found = 0
    for each in about:
        began_s, worked_s = time.perf_counter(), time.thread_time()
        found += len(ask(each))
        processor_ms.append((time.thread_time() - worked_s) * 1e3)
        wall_ms.append((time.perf_counter() - began_s) * 1e3)
    tell(f"{what}: found", found / len(about))
    tell(f"{what}: p50, ms", percentile(wall_ms, 50))
    tell(f"{what}: p99, ms", percentile(wall_ms, 99))
    tell(f"{what}: p99 of the processor, ms", percentile(processor_ms, 99))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


if __name__ == "__main__":
    sys.exit(main())
