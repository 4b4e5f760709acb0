"""Places, and the map of them."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.codec.places import decoded, encoded
from fleetcore.domain.places import Atlas, Place, kind_of, supersedes
from fleetcore.testing.place_strategies import (
    city,
    latitudes,
    longitudes,
    places,
    zone,
)


@given(places())
def test_a_document_is_a_place(place: Place) -> None:
    """What is encoded is decoded as it was."""
    assert place == decoded(kind_of(place), encoded(place))


@given(places(), places())
def test_of_two_places_one_wins_at_most(one: Place, other: Place) -> None:
    """Nothing supersedes itself; of two riders or requests the same wins, whichever came first."""
    assert not supersedes(one, one)
    if kind_of(one) == kind_of(other) and kind_of(one) in {"rider", "trip"}:
        assert not (supersedes(one, other) and supersedes(other, one))


def test_the_smallest_city_is_told() -> None:
    """Where cities overlap, it is the one inside; of equal ones the first by name."""
    atlas = Atlas([city("Land", 40, 0, 20), city("Ulm", 48, 9), city("Town", 48, 9)])

    assert ["Town", "Land", None] == [
        atlas.city_at(48.5, 9.5),
        atlas.city_at(50, 1),
        atlas.city_at(0, 0),
    ]


def test_all_zones_are_told() -> None:
    """By id, each once, however many polygons it has."""
    twice = evolve(zone("b", 48, 9), area=(*zone("b", 48, 9).area, *zone("b", 48, 9, 0.4).area))
    atlas = Atlas((), [twice, zone("a", 48.1, 9.1), zone("c", 10, 10)])

    assert ("a", "b") == atlas.zones_at(48.2, 9.2)


@given(
    latitudes(),
    longitudes(),
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from((-90.0, 47.9, 0.0, 85.0)),
            st.sampled_from((-180.0, 11.0, 175.0, 178.0, -0.5)),
            st.sampled_from((0.1, 5.0)),
        ),
        max_size=4,
        unique_by=lambda each: each[0],
    ),
)
def test_the_grid_loses_nothing(
    latitude: float, longitude: float, drawn: list[tuple[str, float, float, float]]
) -> None:
    """A zone is found wherever its polygon says that a point is inside."""
    zones = [zone(*each) for each in drawn]

    assert Atlas((), zones).zones_at(latitude, longitude) == tuple(
        sorted(each.zone_id for each in zones if each.area[0].contains(latitude, longitude))
    )
