"""`fleetcore near`: which vehicles are near a point, or a rider, now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fleetcore.errors import InvalidConfiguration, InvalidInput
from fleetcore_entrypoints.cli.options import (
    FiniteRange,
    data_option,
    examples,
    existing_region,
    json_option,
    resumed_folder,
)

if TYPE_CHECKING:
    from fleetcore.domain.proximity import Nearby, NearDriver
    from fleetcore_entrypoints.wiring.live import LiveApp

_SECONDS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _degrees(text: str) -> float:
    """A coordinate, which may begin with a minus sign as options do."""
    if text.startswith("--"):
        raise click.NoSuchOption(text)
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number of degrees") from None


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "fleetcore near 48.137 11.575 --radius-km 5",
        "fleetcore near -33.87 151.21 --limit 3 --city Sydney --max-age 5m --json",
        "fleetcore near --rider r-42",
    ),
)
@click.argument("latitude", type=_degrees, required=False, metavar="[LAT LON]")
@click.argument("longitude", type=_degrees, required=False, metavar="")
@click.option("--rider", metavar="ID", help="Near this rider instead, by the proximity graph.")
@click.option(
    "--radius-km",
    type=FiniteRange(min=0),
    metavar="R",
    show_default="any; of a rider 5",
    help="At most so far away.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=10, metavar="N", help="At most so many."
)
@click.option("--city", metavar="NAME", help="Only those in this city, spelt so.")
@click.option("--max-age", metavar="AGE", help="Only those seen since then: 30s, 5m, 2h, 1d.")
@click.option("--offline", is_flag=True, help="Also those that are offline.")
@data_option
@json_option
def near(
    *,
    latitude: float | None,
    longitude: float | None,
    rider: str | None,
    radius_km: float | None,
    limit: int,
    city: str | None,
    max_age: str | None,
    offline: bool,
    data: Path,
    as_json: bool,
) -> None:
    """Print which vehicles are near a point, nearest first, by what each reported last.

    Of a rider, the graph keeps the 10 nearest drivers within 5 km who are not offline, with name
    and rating where they are known.
    """
    from fleetcore.application.proximity import NEAR_RADIUS_M
    from fleetcore.domain.geodesy import is_on_earth

    if (rider is None) == (latitude is None):
        raise click.UsageError("say near what: LAT LON, or --rider ID, not both")
    if rider is not None and (city is not None or offline):
        raise click.UsageError("--city and --offline are for LAT LON, not for --rider")
    age_ms = None if max_age is None else _age_ms(max_age)
    radius_m = None if radius_km is None else radius_km * 1000
    if rider is not None:
        with _caught_up(data) as app:
            now_ms = app.clock.now_ms()
            oldest_ms = None if age_ms is None else now_ms - age_ms
            reach_m = NEAR_RADIUS_M if radius_m is None else radius_m
            _show_drivers(app.graph.drivers_near(rider, reach_m, limit, oldest_ms), now_ms, as_json)
        return
    if latitude is None or longitude is None:
        raise click.UsageError("a point needs both: LAT LON")
    if not is_on_earth(latitude, longitude):
        raise InvalidInput(
            f"{latitude:g} {longitude:g} is no place: first comes the latitude, from -90 to 90, "
            "then the longitude, from -180 to 180"
        )
    with _caught_up(data) as app:
        now_ms = app.clock.now_ms()
        found = app.geo.geo.within(
            latitude,
            longitude,
            radius_m,
            limit=limit,
            city=city,
            oldest_ms=None if age_ms is None else now_ms - age_ms,
            with_offline=offline,
        )
    chosen = {
        "offline ones are found with --offline": not offline,
        "others with a greater --radius-km": radius_km is not None,
        "others with a greater --max-age": max_age is not None,
        f"others without --city {city}": city is not None,
    }
    otherwise = "; ".join(["no vehicle is there", *(each for each in chosen if chosen[each])])
    _show(found, now_ms, otherwise, as_json)


def _age_ms(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text.strip())
    if match is None:
        raise InvalidConfiguration(f"--max-age {text!r} is no age, such as 30s, 5m, 2h or 1d")
    return int(match[1]) * _SECONDS[match[2]] * 1000


@contextmanager
def _caught_up(data: Path) -> Iterator[LiveApp]:
    """The region of a folder that is there, its views at the end of the log."""
    from fleetcore.application.following import follow

    with resumed_folder(data):
        pass
    with existing_region(data) as app:
        follow(app.log, app.geo)
        follow(app.log, app.graph)
        app.graph.follow_places()
        yield app


def _show(found: Sequence[Nearby], now_ms: int, otherwise: str, as_json: bool) -> None:
    from fleetcore.domain.instants import time_text
    from fleetcore_entrypoints.cli.output import note, print_json, print_table

    if as_json:
        for each in found:
            content = {**each._asdict(), "observed_at": time_text(each.observed_at)}
            print_json({**content, "age_s": (now_ms - each.observed_at) / 1000})
    elif found:
        print_table(
            ["distance (m)", "vehicle", "age", "status", "city", "latitude", "longitude"],
            [
                [
                    f"{each.distance_m:,.0f}",
                    each.vehicle_id,
                    _age_text(now_ms - each.observed_at),
                    each.status or "",
                    each.city or "",
                    f"{each.latitude:.6f}",
                    f"{each.longitude:.6f}",
                ]
                for each in found
            ],
            "rlrllrr",
        )
    else:
        note(otherwise)


def _show_drivers(found: Sequence[NearDriver], now_ms: int, as_json: bool) -> None:
    from fleetcore.domain.instants import time_text
    from fleetcore_entrypoints.cli.output import note, print_json, print_table

    if as_json:
        for each in found:
            content = {**each._asdict(), "observed_at": time_text(each.observed_at)}
            print_json({**content, "age_s": (now_ms - each.observed_at) / 1000})
    elif found:
        print_table(
            ["distance (m)", "driver", "age", "name", "rating"],
            [
                [
                    f"{each.distance_m:,.0f}",
                    each.driver,
                    _age_text(now_ms - each.observed_at),
                    each.name or "",
                    "" if each.rating is None else f"{each.rating:g}",
                ]
                for each in found
            ],
            "rlrlr",
        )
    else:
        note("no driver is near")


def _age_text(age_ms: int) -> str:
    """How long ago, in the largest unit that fits twice."""
    seconds = max(age_ms, 0) // 1000
    for unit in ("d", "h", "m"):
        if seconds >= 2 * _SECONDS[unit]:
            return f"{seconds // _SECONDS[unit]:,}{unit}"
    return f"{seconds}s"
