"""The contract of batch engines, on every adapter."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, settings

from fleetcore.domain.location import LocationEvent
from fleetcore.testing.contracts.batch_engine import BatchEngineContract
from fleetcore.testing.contracts.batch_results import result
from fleetcore.testing.csv_strategies import CsvFile, files_in_two_orders
from fleetcore_adapters.memory.batch_engine import PlainEngine
from fleetcore_adapters.memory.row_judge import Kind, RowJudge


class TestBatchEngine(BatchEngineContract):
    """Runs the suite on what the fixture `open_batch_engine` opens."""


def test_counts_that_depend_on_the_order_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shuffled files tell an engine that compares only with the row before from a right one."""
    right = RowJudge._sort_in

    def wrong(self: RowJudge, event: LocationEvent) -> Kind:
        del self._seen.setdefault(event.identity, [])[:-1]
        return right(self, event)

    def differs(files: tuple[CsvFile, CsvFile]) -> bool:
        one, other = (result(PlainEngine(), file) for file in files)
        return one.whatever_the_order != other.whatever_the_order

    monkeypatch.setattr(RowJudge, "_sort_in", wrong)
    searching = settings(max_examples=2000, database=None, phases=[Phase.generate])

    one, other = find(files_in_two_orders(), differs, settings=searching)
    assert one.content != other.content
