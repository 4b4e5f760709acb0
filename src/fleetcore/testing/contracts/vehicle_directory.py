"""What every directory of vehicles does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore.testing.strategies import vehicle_ids, vehicles

VAN: Final = Vehicle(
    vehicle_id="v-1",
    vehicle_class="van",
    max_speed_kmh=130.5,
    depot_latitude=-33.9,
    depot_longitude=151.2,
)
BARE: Final = Vehicle(vehicle_id="v-2")


class OpenDirectory(Protocol):
    """Opens a directory in which exactly these vehicles are known."""

    def __call__(self, known: Iterable[Vehicle] = (), /) -> VehicleDirectory:
        """A directory of its own."""
        raise NotImplementedError


class VehicleDirectoryContract:
    """Needs the fixture `open_vehicle_directory`: see `OpenDirectory`."""

    def test_finds_what_is_known(self, open_vehicle_directory: OpenDirectory) -> None:
        """All that is known of a vehicle comes back, missing values as None."""
        directory = open_vehicle_directory([VAN, BARE])

        assert {"v-1": VAN, "v-2": BARE} == directory.find(["v-1", "v-2"])
        assert {"v-2": BARE} == directory.find(["v-2"])

    def test_leaves_out_what_is_not_known(self, open_vehicle_directory: OpenDirectory) -> None:
        """A vehicle that is not known is no error and has no entry."""
        directory = open_vehicle_directory([VAN])

        assert {"v-1": VAN} == directory.find(["v-9", "v-1", "v-2"])
        assert {} == directory.find(["v-9"])

    def test_nothing_asked_is_nothing_found(self, open_vehicle_directory: OpenDirectory) -> None:
        """Looking nothing up, and looking up where nothing is known."""
        assert {} == open_vehicle_directory([VAN]).find([])
        assert {} == open_vehicle_directory().find(["v-1"])

    @pytest.mark.parametrize("other", ["V-1", "v-1 ", " v-1", "v-10", "v-", "", "v\u20111", "null"])
    def test_ids_are_compared_exactly(
        self, open_vehicle_directory: OpenDirectory, other: str
    ) -> None:
        """An id that is much like another is another."""
        assert {} == open_vehicle_directory([VAN]).find([other])

    @pytest.mark.parametrize("collect", [list, tuple, set, frozenset, dict.fromkeys])
    def test_any_collection_may_be_asked(
        self,
        open_vehicle_directory: OpenDirectory,
        collect: Callable[[Iterable[str]], Collection[str]],
    ) -> None:
        """The ids come in any collection, and may come more than once."""
        directory = open_vehicle_directory([VAN, BARE])

        assert {"v-1": VAN} == directory.find(collect(("v-1", "v-9", "v-1")))

    def test_what_was_found_is_the_callers(self, open_vehicle_directory: OpenDirectory) -> None:
        """A second answer does not change the first."""
        directory = open_vehicle_directory([VAN, BARE])
        first = directory.find(["v-1"])
        directory.find(["v-2"])

        assert {"v-1": VAN} == first

    def test_knows_many(self, open_vehicle_directory: OpenDirectory) -> None:
        """A fleet's worth of vehicles, some asked for."""
        fleet = [
            Vehicle(vehicle_id=f"v-{number}", max_speed_kmh=50.0 + number)
            for number in range(10_000)
        ]
        directory = open_vehicle_directory(fleet)

        expected = {each.vehicle_id: each for each in fleet[::7]}
        assert expected == directory.find(expected)

    @settings(
        max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        known=st.lists(vehicles(), max_size=5, unique_by=lambda each: each.vehicle_id),
        others=st.lists(vehicle_ids(), max_size=5),
    )
    def test_any_vehicle_is_found(
        self, open_vehicle_directory: OpenDirectory, known: list[Vehicle], others: list[str]
    ) -> None:
        """Whatever its id and metadata: it comes back equal, and nothing else does."""
        directory = open_vehicle_directory(known)
        asked = [each.vehicle_id for each in known[1:]] + others

        assert {each.vehicle_id: each for each in known if each.vehicle_id in asked} == (
            directory.find(asked)
        )
