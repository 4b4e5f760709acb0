"""What a fleet says in the end, and what it would say in a folder of this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from attrs import frozen

from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ledger import Ledger
from fleetcore.domain.location import LocationEvent
from fleetcore_entrypoints import open_local

Row: TypeAlias = tuple[LocationEvent, float | None, int]
"""An event, its distance from the depot, and the line it came from."""


@frozen
class Outcome:
    """The log's rows, and every ledger by the name of its file."""

    log: Counter[Row]
    ledgers: Mapping[str, Ledger]

    @property
    def unfinished(self) -> int:
        """Rows that are pending or dead."""
        return sum(each.pending + each.dead_lettered for each in self.ledgers.values())


def outcome(fleet: Fleet) -> Outcome:
    """What a fleet says; a ledger that does not balance raises `UnbalancedLedger`."""
    return Outcome(
        log=Counter(
            (stored.event, stored.distance_from_depot_m, stored.line) for stored in fleet.log.scan()
        ),
        ledgers=ledgers(fleet),
    )


def ledgers(fleet: Fleet) -> dict[str, Ledger]:
    """Every ledger by the name of its file."""
    origins = fleet.origins.read()
    return {
        PurePosixPath(origins[each].name).name: IngestionStream(fleet.events, each).state.ledger
        for each in ingestions(fleet.events)
    }


def embedded(
    folder: Path,
    paths: Iterable[Path],
    *,
    vehicles: Path | None = None,
    config: Path | None = None,
) -> Outcome:
    """What comes of files in a folder, one after the other; options as of `LocalFleet.ingest`."""
    with open_local(folder) as fleet:
        for path in paths:
            done = fleet.ingest(path, vehicles=vehicles, config=config)
            assert "completed" == done.status, done
        return outcome(fleet.app.fleet)
