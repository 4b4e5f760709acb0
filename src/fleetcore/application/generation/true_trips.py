"""When the vehicles of a generated file drove, by what each of them was doing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from attrs import define

from fleetcore.application.generation.spec import COLUMNS
from fleetcore.application.generation.times import TimeStyle, time_text
from fleetcore.application.known_trips import COLUMNS as TRIP_COLUMNS
from fleetcore.application.known_trips import KnownTrips
from fleetcore.domain.cells import time_in
from fleetcore.domain.interpretation import TimeFormat
from fleetcore.domain.tracks.scoring import Span

_ID, _TIME, _STATUS = (COLUMNS.index(name) for name in ("vehicle_id", "observed_at", "status"))


@define(slots=True)
class _Driver:
    """A vehicle's trips so far, when it stood last, and when it came to rest since it drove."""

    trips: list[Span]
    stood_at_ms: int
    drives: bool = False
    arrived_at_ms: int | None = None

    def report(self, at_ms: int, *, moving: bool) -> None:
        if moving:
            self.drives, self.arrived_at_ms = True, None
        elif not self.drives:
            self.stood_at_ms = at_ms
        elif self.arrived_at_ms is None:
            self.arrived_at_ms = at_ms
        else:
            self.trips.append((self.stood_at_ms, self.arrived_at_ms))
            self.stood_at_ms, self.drives, self.arrived_at_ms = at_ms, False, None

    def end(self, at_ms: int) -> None:
        if self.drives and at_ms > self.stood_at_ms:
            self.trips.append((self.stood_at_ms, self.arrived_at_ms or at_ms))


def trips_csv(trips: KnownTrips) -> str:
    """The file that `fleetcore.application.known_trips` reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TRIP_COLUMNS)
    for vehicle_id in sorted(trips):
        for start_ms, end_ms in trips[vehicle_id]:
            writer.writerow((vehicle_id, time_text(start_ms, "iso"), time_text(end_ms, "iso")))
    return text.getvalue()


def true_trips(rows: Iterable[Sequence[str]], style: TimeStyle) -> KnownTrips:
    """The trips in clean rows with all columns, in order of time.

    A trip is from the last report of one rest to the first of the next; a rest is two reports or
    more. At the ends of the file it is from the first report, or to the last.
    """
    form: TimeFormat = "iso" if style == "iso" else "epoch-ms"
    drivers: dict[str, _Driver] = {}
    ends_ms: dict[str, int] = {}
    for row in rows:
        at_ms = time_in(row[_TIME], form, "UTC")
        if not isinstance(at_ms, int):
            raise TypeError(f"no time of a generated row: {row[_TIME]!r}")
        driver = drivers.get(row[_ID])
        if driver is None:
            driver = drivers[row[_ID]] = _Driver([], at_ms)
        driver.report(at_ms, moving=row[_STATUS] == "moving")
        ends_ms[row[_ID]] = at_ms
    for vehicle_id, driver in drivers.items():
        driver.end(ends_ms[vehicle_id])
    return {vehicle_id: driver.trips for vehicle_id, driver in drivers.items()}
