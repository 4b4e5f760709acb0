"""Where a vehicle is, report by report: out from the depot along streets, and back."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final, TypeAlias

from attrs import define, frozen

from fleetcore.application.generation.fleet import METRES_PER_DEGREE, Member
from fleetcore.application.generation.roads import Roads, Step, Stretch

Position: TypeAlias = tuple[str, str, str, str, str, str, str, str]
"""The cells from latitude to status."""

NOISE_SIGMA_M: Final = 1.0
NOISE_LIMIT_M: Final = 2.5
MAX_STRETCHES_OUT: Final = 8
MAX_METRES_OUT: Final = 25_000.0

_NOISE_SIZE: Final = 4096
_STOP_SHARE: Final = 0.45
_ALREADY_OUT_SHARE: Final = 0.8
_FIRST_WAIT_S: Final = (0.0, 180.0)
_STOP_S: Final = (20.0, 400.0)
_PARKED_S: Final = (300.0, 1800.0)
_LOW_PCT: Final = 25.0


@frozen(slots=True)
class Receiver:
    """Errors of a GPS receiver in degrees, each with the accuracy cell reported beside it."""

    errors: tuple[tuple[float, float, str], ...]


def receiver_of(rng: Random) -> Receiver:
    """Small errors, normally distributed and bounded on each axis."""

    def degrees() -> float:
        metres = rng.gauss(0.0, NOISE_SIGMA_M)
        return max(-NOISE_LIMIT_M, min(NOISE_LIMIT_M, metres)) / METRES_PER_DEGREE

    return Receiver(
        tuple(
            (degrees(), degrees(), f"{2.5 + rng.expovariate(0.5):.1f}") for _ in range(_NOISE_SIZE)
        )
    )


@define(slots=True)
class _Drive:
    """The state of one vehicle. `trail` is the way back: streets and stretches driven out."""

    member: Member
    roads: Roads
    receiver: Receiver
    interval_s: int
    rng: Random
    latitude: float
    longitude: float
    level_pct: float
    error: int
    heading: str
    trail: list[tuple[int, Stretch]]

    def reports(self) -> Iterator[Position]:
        street, turn = self.rng.randrange(4), self.rng.choice((1, 3))
        if self.rng.random() < _ALREADY_OUT_SHARE:
            for _ in range(self.rng.randint(1, 4)):
                self.move(street, self.choose_stretch())
                street, turn = (street + turn) % 4, 4 - turn
            if not self.trail[-1][1].ends_at_rest:
                self.move(street, self.choose_stretch(to_rest=True))
        yield from self.wait(_FIRST_WAIT_S)
        while True:
            yield from self.out(street, turn)
            yield from self.back()
            self.refuel()
            yield from self.wait(_PARKED_S)
            street, turn = self.rng.randrange(4), self.rng.choice((1, 3))

    def out(self, street: int, turn: int) -> Iterator[Position]:
        last = False
        while not last:
            metres = sum(stretch.length_m for _, stretch in self.trail)
            last = len(self.trail) >= MAX_STRETCHES_OUT - 1 or metres > MAX_METRES_OUT
            stretch = self.choose_stretch(to_rest=last)
            self.heading = self.member.depot.directions[street].heading
            yield from self.along(street, stretch.out)
            self.move(street, stretch)
            street, turn = (street + turn) % 4, 4 - turn
            if stretch.ends_at_rest:
                yield from self.wait(_STOP_S)
                last = last or self.rng.random() < 1 / MAX_STRETCHES_OUT

    def back(self) -> Iterator[Position]:
        while self.trail:
            street, stretch = self.trail.pop()
            opposite = (street + 2) % 4
            yield from self.along(opposite, stretch.back)
            self.advance(opposite, stretch)

    def along(self, street: int, steps: tuple[Step, ...]) -> Iterator[Position]:
        direction = self.member.depot.directions[street]
        by_latitude, by_longitude = direction.latitude_per_m, direction.longitude_per_m
        self.heading = heading = direction.heading
        latitude, longitude = self.latitude, self.longitude
        errors, error = self.receiver.errors, self.error
        battery, fuel = self.levels()
        for metres, speed, status in steps:
            error = (error + 1) % _NOISE_SIZE
            north, east, accuracy = errors[error]
            yield (
                f"{latitude + metres * by_latitude + north:.6f}",
                f"{longitude + metres * by_longitude + east:.6f}",
                speed,
                heading,
                accuracy,
                battery,
                fuel,
                status,
            )
        self.error = error

    def wait(self, seconds: tuple[float, float]) -> Iterator[Position]:
        status = "idle" if self.trail else "offline"
        battery, fuel = self.levels()
        for _ in range(max(1, round(self.rng.uniform(*seconds) / self.interval_s))):
            self.error = (self.error + 1) % _NOISE_SIZE
            north, east, accuracy = self.receiver.errors[self.error]
            yield (
                f"{self.latitude + north:.6f}",
                f"{self.longitude + east:.6f}",
                "0.0",
                self.heading,
                accuracy,
                battery,
                fuel,
                status,
            )

    def choose_stretch(self, *, to_rest: bool = False) -> Stretch:
        from_rest = not self.trail or self.trail[-1][1].ends_at_rest
        to_rest = to_rest or self.rng.random() < _STOP_SHARE
        return self.roads.stretch(self.rng, from_rest=from_rest, to_rest=to_rest)

    def move(self, street: int, stretch: Stretch) -> None:
        self.advance(street, stretch)
        self.trail.append((street, stretch))

    def advance(self, street: int, stretch: Stretch) -> None:
        direction = self.member.depot.directions[street]
        self.latitude += stretch.length_m * direction.latitude_per_m
        self.longitude += stretch.length_m * direction.longitude_per_m
        used = stretch.length_m / 1000.0 * self.member.vehicle_class.use_pct_per_km
        self.level_pct = max(1.0, self.level_pct - used)

    def refuel(self) -> None:
        if self.member.electric or self.level_pct < _LOW_PCT:
            self.level_pct = 100.0

    def levels(self) -> tuple[str, str]:
        level = f"{self.level_pct:.1f}"
        return (level, "") if self.member.electric else ("", level)


def drive(
    member: Member, roads: Roads, receiver: Receiver, interval_s: int, rng: Random
) -> Iterator[Position]:
    """A vehicle's reports without end, `interval_s` seconds apart.

    It leaves its depot, turns at corners, stops with the engine on, comes back the same way and
    parks. Most vehicles are already out at their first report.
    """
    depot = member.depot
    start = _Drive(
        member=member,
        roads=roads,
        receiver=receiver,
        interval_s=interval_s,
        rng=rng,
        latitude=depot.latitude,
        longitude=depot.longitude,
        level_pct=rng.uniform(_LOW_PCT, 100.0),
        error=rng.randrange(_NOISE_SIZE),
        heading=rng.choice(depot.directions).heading,
        trail=[],
    )
    return start.reports()
