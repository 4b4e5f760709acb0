"""What looks and runs found, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from fleetcore.domain.instants import time_text
from fleetcore.ports.telemeter import Telemeter, Unit
from fleetcore_entrypoints.cli.output import note, print_json, print_table

if TYPE_CHECKING:
    from fleetcore.application.conducting import Ticked
    from fleetcore.application.drift_check import Checked
    from fleetcore.domain.drift import Drifted
    from fleetcore.domain.facts import Fact

_CITIES_SHOWN: Final = 20


class TextTelemeter(Telemeter):
    """Alerts as notes; metrics are in what is printed of each tick."""

    def measure(
        self, metrics: Mapping[str, tuple[float, Unit]], dimensions: Mapping[str, str]
    ) -> None:
        pass

    def alert(self, subject: str, message: str) -> None:
        note(f"alert: {subject}: {message}")


def note_alone() -> None:
    """Say that nothing can be said of drift."""
    note(
        "no other region answered, so nothing was compared; the regions and their addresses are "
        "in the config: --config FILE, and each is served by fleetcore follow or fleetcore run"
    )


def print_tables(found: Checked, exchanged: int) -> None:
    """A line a register that drifted, and what else there is to know."""
    if found.second.drifted:
        print_table(
            ("region", "vehicle", "holds", "winning", "behind", "metres"),
            map(_row, found.second.drifted),
            "llllrr",
        )
        for city, count in found.by_city.items():
            print(f"{city or 'no city'}: {count:,} drifting")
    if found.is_drift and found.cities:
        cities = ", ".join(city or "no city" for city in found.cities[:_CITIES_SHOWN])
        more = len(found.cities) - _CITIES_SHOWN
        print(f"regions differ in: {cities}{f', and {more:,} more' if more > 0 else ''}")
    for each in found.second.tombstones:
        print(f"{', '.join(each.behind)}: has not forgotten {each.tombstone.key[:16]}...")
    for region, facts in found.second.corrupt.items():
        for fact in facts:
            print(f"{region}: {fact.vehicle_id}: corrupt: its payload is not what it says")
    for region, leaves in found.first.untrue.items():
        note(f"{region}: the sums of {leaves:,} leaves were not true, and are put right")
    for region, reason in found.unreachable.items():
        note(f"left out: {reason or region}")
    confirmed = found.confirmed
    print(
        f"{len(found.first.compared)} regions compared, {found.first.registers:,} vehicles: "
        f"{len(found.first.vehicles):,} differed at first, "
        f"{sum(confirmed.drifting.values()):,} registers have drifted "
        f"(mean {confirmed.mean_m:,.0f} m, most {confirmed.max_m:,.0f} m), "
        f"{sum(confirmed.corrupt.values()):,} are corrupt; {exchanged:,} bytes exchanged"
    )
    over = "above" if found.above_threshold else "not above"
    print(
        f"of {confirmed.sample:,} vehicles chosen at random {confirmed.sample_over:,} are far off: "
        f"{over} the threshold"
    )


def print_lines(found: Checked, exchanged: int) -> None:
    """The same as one JSON object a line, told apart by `kind`; the summary comes last."""
    for line in _lines(found, exchanged):
        print_json(line)


def _lines(found: Checked, exchanged: int) -> Iterator[Mapping[str, object]]:
    for each in found.second.drifted:
        yield {
            "kind": "drift",
            "region": each.region,
            "vehicle_id": each.vehicle_id,
            "held": None if each.held is None else _version(each.held),
            "winning": _version(each.winning),
            "behind_ms": each.behind_ms,
            "metres": each.metres,
            "city": each.winning.city,
        }
    for grave in found.second.tombstones:
        for region in grave.behind:
            yield {"kind": "tombstone", "region": region, "key": grave.tombstone.key}
    for region, facts in found.second.corrupt.items():
        for fact in facts:
            yield {"kind": "corrupt", "region": region, "vehicle_id": fact.vehicle_id}
    for region, leaves in found.first.untrue.items():
        yield {"kind": "untrue", "region": region, "leaves": leaves}
    for region, reason in found.unreachable.items():
        yield {"kind": "unreachable", "region": region, "reason": reason}
    confirmed = found.confirmed
    yield {
        "kind": "summary",
        "compared": found.first.compared,
        "vehicles": found.first.registers,
        "differed": len(found.first.vehicles),
        "drifting": confirmed.drifting,
        "tombstones": confirmed.tombstones,
        "corrupt": confirmed.corrupt,
        "by_city": found.by_city,
        "cities": found.cities,
        "mean_m": confirmed.mean_m,
        "max_m": confirmed.max_m,
        "sample": confirmed.sample,
        "sample_over": confirmed.sample_over,
        "above_threshold": found.above_threshold,
        "bytes": exchanged,
    }


def print_tick(done: Ticked, *, as_json: bool) -> None:
    """What became of a tick, in one line."""
    ended = done.ended
    confirmed = ended.confirmed if ended is not None else None
    repaired = ended.repaired if ended is not None else None
    told: dict[str, object] = {
        "outcome": done.outcomes[0],
        "run": done.watch.run,
        "differing": len(done.first.vehicles) if done.first is not None else None,
        "drifting": sum(confirmed.drifting.values()) if confirmed is not None else 0,
        "corrupt": sum(confirmed.corrupt.values()) if confirmed is not None else 0,
        "mean_m": confirmed.mean_m if confirmed is not None else 0.0,
        "max_m": confirmed.max_m if confirmed is not None else 0.0,
        "mended": repaired.mended if repaired is not None else 0,
        "replaced": repaired.replaced if repaired is not None else 0,
        "buried": repaired.buried if repaired is not None else 0,
        "repair_ms": ended.repair_ms if ended is not None else None,
        "tick_ms": done.took_ms,
        "unreachable": ", ".join(sorted(done.unreachable)),
        "bytes": done.bytes_exchanged,
    }
    if as_json:
        print_json(told)
        return
    line = ", ".join(
        f"{name.replace('_', ' ')} {value:,.0f}" if isinstance(value, int | float) else str(value)
        for name, value in told.items()
        if value and name not in ("outcome", "unreachable")
    )
    print(f"{done.outcomes[0]}: {line}", flush=True)
    for region, reason in done.unreachable.items():
        note(f"left out: {reason or region}")


def print_standing_by(conducting: str, *, as_json: bool) -> None:
    """Another region conducts."""
    if as_json:
        print_json({"outcome": "standing by", "conducted_by": conducting})
    else:
        print(f"standing by: {conducting} conducts", flush=True)


def _row(each: Drifted) -> tuple[str, ...]:
    return (
        each.region,
        each.vehicle_id,
        "nothing" if each.held is None else time_text(each.held.observed_at),
        time_text(each.winning.observed_at),
        "" if each.behind_ms is None else f"{each.behind_ms / 1000:,.1f} s",
        "" if each.metres is None else f"{each.metres:,.0f}",
    )


def _version(fact: Fact) -> Mapping[str, object]:
    return {
        "observed_at": time_text(fact.observed_at),
        "accuracy_m": fact.accuracy_m,
        "fingerprint": f"{fact.fingerprint:016x}",
    }
