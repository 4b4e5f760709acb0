"""A snapshot as text: one JSON object, a driver a line, so that it is never held whole.

    {"timestamp": ..., "region": ..., "drivers": {
    "<vehicle id>": {"latitude": ..., "longitude": ..., "timestamp": ..., ...},
    ...
    }, "driverCount": ..., "metadata": {"version": 1, "checksum": ..., "cursors": {...}}}

The checksum is the SHA-256 of the lines of drivers, line feeds included and without the commas
at their ends, so that it does not depend on which is the last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from attrs import frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.instants import time_text
from fleetcore.domain.location import STATUSES, Status
from fleetcore.errors import CorruptObject

VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_ENCODE: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@frozen(kw_only=True, slots=True)
class SnapshotHead:
    """What a snapshot says first: when it was taken (epoch ms), and of which region."""

    taken_at_ms: int
    region: str


@frozen(kw_only=True, slots=True)
class SnapshotEnd:
    """What a snapshot says last: how many drivers, over what checksum, up to which cursors."""

    drivers: int
    checksum: str
    cursors: Mapping[str, int]


def lines_of(
    head: SnapshotHead,
    registers: Iterable[Fact],
    cursors: Mapping[str, int],
    tell: Callable[[SnapshotEnd], None],
) -> Iterator[bytes]:
    """The lines of a snapshot, each with its line feed; `tell` is told what the last one says."""
    told = {"timestamp": time_text(head.taken_at_ms), "region": head.region}
    yield f'{_ENCODE(told)[:-1]},"drivers":{{\n'.encode()
    checksum = hashlib.sha256()
    count = 0
    held = b""
    for fact in registers:
        line = _driver_line(fact)
        checksum.update(line)
        checksum.update(b"\n")
        count += 1
        if held:
            yield held + b",\n"
        held = line
    if held:
        yield held + b"\n"
    end = SnapshotEnd(
        drivers=count, checksum=f"sha256:{checksum.hexdigest()}", cursors=dict(cursors)
    )
    tell(end)
    metadata = {"version": VERSION, "checksum": end.checksum, "cursors": end.cursors}
    told_last = {"driverCount": count, "metadata": metadata}
    yield f"}},{_ENCODE(told_last)[1:]}\n".encode()


def parsed(lines: Iterable[bytes]) -> Iterator[SnapshotHead | Fact | SnapshotEnd]:
    """What the lines of a snapshot say, in order: its head, its drivers, its end.

    Raises `CorruptObject` where they are no whole snapshot, at the latest behind the last driver.
    """
    rest = iter(lines)
    yield _head_in(next(rest, b""))
    checksum = hashlib.sha256()
    count = 0
    for line in rest:
        if line.startswith(b"},"):
            end = _end_in(line)
            told = (count, f"sha256:{checksum.hexdigest()}")
            if (end.drivers, end.checksum) != told:
                raise _damaged(f"it says {end.drivers} drivers of another checksum, not {count}")
            if next(rest, None) is not None:
                raise _damaged("something follows its end")
            yield end
            return
        bare = line.rstrip(b"\n").removesuffix(b",")
        checksum.update(bare)
        checksum.update(b"\n")
        count += 1
        yield _driver_in(bare)
    raise _damaged(f"it breaks off behind {count} drivers")


def _driver_line(fact: Fact) -> bytes:
    told = {
        "latitude": fact.latitude,
        "longitude": fact.longitude,
        "timestamp": _time_of(fact.observed_at),
        "city": fact.city,
        "status": fact.status,
        "speed_kmh": fact.speed_kmh,
        "heading_deg": fact.heading_deg,
        "accuracy_m": fact.accuracy_m,
        "battery_pct": fact.battery_pct,
        "fuel_pct": fact.fuel_pct,
        "fingerprint": f"{fact.fingerprint:016x}",
    }
    return f"{_ENCODE(fact.vehicle_id)}:{_ENCODE(told)}".encode()


def _head_in(line: bytes) -> SnapshotHead:
    told = _object_in(line.rstrip(b"\n") + b"}}")
    try:
        return SnapshotHead(taken_at_ms=_ms_in(told["timestamp"]), region=str(told["region"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(f"its first line is none of a snapshot: {error!r}") from error


def _end_in(line: bytes) -> SnapshotEnd:
    told = _object_in(b"{" + line[2:])
    try:
        metadata = cast("dict[str, object]", told["metadata"])
        if metadata["version"] != VERSION:
            raise _damaged(
                f"its version is {metadata['version']}; {VERSION} is the one known: install a "
                "newer fleetcore"
            )
        cursors = cast("dict[str, int]", metadata["cursors"])
        return SnapshotEnd(
            drivers=int(str(told["driverCount"])),
            checksum=str(metadata["checksum"]),
            cursors={name: int(cursor) for name, cursor in cursors.items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(f"its last line is none of a snapshot: {error!r}") from error


def _driver_in(line: bytes) -> Fact:
    told = _object_in(b"{" + line + b"}")
    try:
        ((vehicle_id, driver),) = cast("dict[str, dict[str, object]]", told).items()
        return Fact(
            vehicle_id=vehicle_id,
            observed_at=_ms_in(driver["timestamp"]),
            latitude=float(cast("float", driver["latitude"])),
            longitude=float(cast("float", driver["longitude"])),
            speed_kmh=_number(driver["speed_kmh"]),
            heading_deg=_number(driver["heading_deg"]),
            accuracy_m=_number(driver["accuracy_m"]),
            battery_pct=_number(driver["battery_pct"]),
            fuel_pct=_number(driver["fuel_pct"]),
            status=_status_in(driver["status"]),
            city=cast("str | None", driver["city"]),
            fingerprint=int(str(driver["fingerprint"]), 16),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(f"a line of it is no driver: {error!r}") from error


def _number(value: object) -> float | None:
    return None if value is None else float(cast("float", value))


def _status_in(value: object) -> Status | None:
    found: Status | None = next((each for each in STATUSES if each == value), None)
    if found is None and value is not None:
        raise ValueError(f"{value!r} is no status")
    return found


def _time_of(epoch_ms: int) -> str | int:
    """As text, but for an instant that has none, before the year 1 or after 9999."""
    try:
        return time_text(epoch_ms)
    except OverflowError:
        return epoch_ms


def _ms_in(value: object) -> int:
    if isinstance(value, int):
        return value
    instant = datetime.fromisoformat(cast("str", value))
    return (instant - _EPOCH) // _MS


def _object_in(text: bytes) -> dict[str, object]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(f"a line of it is no JSON: {error}") from error
    if not isinstance(told, dict):
        raise _damaged("a line of it is no JSON object")
    return told


def _damaged(why: str) -> CorruptObject:
    return CorruptObject(f"not a whole snapshot: {why}")
