"""What the log holds of arriving files, found out in rounds.

The first round compares them with all files that may hold rows of the same identities, each
later one only with what came since. That is enough: rows never appear out of nothing, and what
replaces files has the sequence of the latest of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final

import numpy as np
import pyarrow as pa

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.ports.catalogue import Listing, LogFile
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.columns import Mask, Words
from fleetcore_adapters.arrow.identity_runs import IdentityRuns
from fleetcore_adapters.arrow.log_files import LogFiles
from fleetcore_adapters.arrow.membership import Arrivals, are_twins, hashes_in, outcome_of

_SMALL_ROWS: Final = part_file.ROW_GROUP_ROWS


class Comparison:
    """Arriving files of one ingestion, and what is known of their rows so far.

    `small` remembers the identities of small files of the log, which are many: each is read
    once, and not once for each file that arrives after it.
    """

    def __init__(self, arriving: Sequence[LogFile], files: LogFiles, small: IdentityRuns) -> None:
        self._arriving = arriving
        self._files = files
        self._small = small
        self._twins: set[str] = set()
        self._contested: list[_Contested] = []
        self.seen = 0

    def take(self, listing: Listing) -> Listing:
        """Compare with what is listed behind `seen`, which moves; the same listing.

        Raises `ObjectMissing`, and then nothing is seen, where a file was replaced meanwhile.
        """
        held = [entry.file for entry in listing.entries]
        met = self._newly_met(held)
        if met:
            self._contested.append(_Contested(met, self._files))
        for each in self._contested:
            self._compare(each, held)
        self.seen = listing.sequence
        return listing

    def _newly_met(self, held: Sequence[LogFile]) -> list[LogFile]:
        """Arriving files that were all new so far; those that the log holds whole are noted."""
        known = self._twins.union(*(each.keys for each in self._contested))
        met = []
        for file in self._arriving:
            others = [other for other in held if _may_share_rows(file, other)]
            if file.key in known or not others:
                continue
            if any(self._are_twins(file, other) for other in others):
                self._twins.add(file.key)
            else:
                met.append(file)
        return met

    def _are_twins(self, file: LogFile, other: LogFile) -> bool:
        if (file.rows, file.extent) != (other.rows, other.extent):
            return False
        with self._files.opened(file.key) as one, self._files.opened(other.key) as another:
            return are_twins(one, another)

    def _compare(self, contested: _Contested, held: Sequence[LogFile]) -> None:
        extents = [file.extent for file in contested.files]
        rivals = [
            other for other in held if any(_may_share_rows(file, other) for file in contested.files)
        ]
        for other in self._meeting(rivals, contested):
            with self._files.opened(other.key) as opened:
                contested.arrivals.compare(opened, opened.groups(extents))

    def _meeting(self, rivals: Sequence[LogFile], contested: _Contested) -> Iterator[LogFile]:
        """The rivals that may hold an identity of the contested files."""
        known = {other.key for other in rivals if other.key in self._small}
        met = self._small.meeting(contested.hashes) if known else frozenset[str]()
        for other in rivals:
            if other.key in met or other.key not in known:
                yield other
            if other.rows <= _SMALL_ROWS and other.key not in known:
                self._small.add(other.key, hashes_in(self._files, other.key))

    def outcomes(self, gone: Mapping[str, Mask]) -> dict[str, tuple[StoreOutcome, Mask]]:
        """What becomes of the rows of those files that are not certainly all new.

        `gone` are the rows of forgotten vehicles, by the keys of those files that have any.
        """
        held, siblings = self._marks()
        found = {}
        for file in self._arriving:
            key, none = file.key, np.zeros(file.rows, dtype=np.bool_)
            if key in held or key in gone:
                found[key] = outcome_of(
                    gone.get(key, none), held.get(key, none), siblings.get(key, none)
                )
        return found

    def _marks(self) -> tuple[dict[str, Mask], dict[str, Mask]]:
        """Which rows the log holds, and which have siblings in it, of files that met any."""
        held, siblings = {}, {}
        for file in self._arriving:
            if file.key in self._twins:
                held[file.key] = np.ones(file.rows, dtype=np.bool_)
        for each in self._contested:
            starts = accumulate((file.rows for file in each.files), initial=0)
            for file, start in zip(each.files, starts, strict=False):
                rows = slice(start, start + file.rows)
                held[file.key] = each.arrivals.held[rows]
                siblings[file.key] = each.arrivals.siblings[rows]
        return held, siblings


class _Contested:
    """Arriving files that met others in one round, compared together from then on."""

    def __init__(self, files: Sequence[LogFile], opener: LogFiles) -> None:
        def groups(columns: Sequence[str]) -> Iterator[pa.Table]:
            for file in files:
                yield from opener.tables(file.key, columns)

        self.files = files
        self.keys = frozenset(file.key for file in files)
        self.arrivals = Arrivals(str(files[0].ingestion), sum(file.rows for file in files), groups)
        self._opener = opener

    @cached_property
    def hashes(self) -> Words:
        """Those of all identities."""
        return np.concatenate([hashes_in(self._opener, file.key) for file in self.files])


def _may_share_rows(file: LogFile, other: LogFile) -> bool:
    return other.ingestion != file.ingestion and other.extent.meets(file.extent)
