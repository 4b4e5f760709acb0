"""A process of the load test: notes when each region's views first show what probes told.

The words: the probes' ids with commas, and a folder a region. It looks until its input ends, and
then prints a line a view: `[folder, view, [[probe, observed_at, seen_ms], ...]]`. It reads by
connections of its own.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeAlias

from attrs import field, frozen

from fleetcore_adapters.local.database import ViewsDatabase
from fleetcore_adapters.local.geo_index import LocalGeoIndex
from fleetcore_adapters.local.registers import LocalRegisters

EVERY_S: Final = 0.015
GEO_EVERY: Final = 2
"""The geo index is looked at every second time."""

Read: TypeAlias = Callable[[Collection[str]], Sequence[tuple[str, int]]]


@frozen(kw_only=True)
class Looked:
    """One view of one region, and what was new in it at which look (epoch ms)."""

    folder: str
    view: str
    read: Read
    newest: dict[str, int] = field(factory=dict)
    seen: list[tuple[str, int, int]] = field(factory=list)

    def look(self, probes: Collection[str]) -> None:
        """Note what is newer than it was."""
        found = self.read(probes)
        now_ms = time.time_ns() // 1_000_000
        for probe, observed_at in found:
            if self.newest.get(probe) != observed_at:
                self.newest[probe] = observed_at
                self.seen.append((probe, observed_at, now_ms))


def views_of(folder: str, views: ViewsDatabase) -> tuple[Looked, Looked]:
    """The registers and the geo index of a region."""
    registers, geo = LocalRegisters(views), LocalGeoIndex(views)
    return (
        Looked(
            folder=folder,
            view="registers",
            read=lambda ids: [(fact.vehicle_id, fact.observed_at) for fact in registers.read(ids)],
        ),
        Looked(
            folder=folder,
            view="geo",
            read=lambda ids: [(at.vehicle_id, at.observed_at) for at in geo.read(ids)],
        ),
    )


def main(words: Sequence[str]) -> int:
    """Look, until the input ends; then print what was seen."""
    probes, folders = words[0].split(","), words[1:]
    ended = threading.Event()

    def await_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=await_end, daemon=True).start()
    with ExitStack() as stack:
        looked = []
        for folder in folders:
            views = ViewsDatabase(Path(folder))
            stack.callback(views.close)
            looked.append(views_of(folder, views))
        number = 0
        while not ended.wait(EVERY_S):
            number += 1
            for registers, geo in looked:
                registers.look(probes)
                if number % GEO_EVERY == 0:
                    geo.look(probes)
    for pair in looked:
        for each in pair:
            print(json.dumps([each.folder, each.view, each.seen]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
