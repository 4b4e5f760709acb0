"""What other regions lack, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest
from tests.tables import table_of

from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import StoredEvent
from fleetcore_adapters.arrow import batches, part_file
from fleetcore_adapters.arrow.folding import Folding

if TYPE_CHECKING:
    from tests.unit.adapters.arrow.conftest import Folder

Event: TypeAlias = Callable[..., StoredEvent]


@pytest.fixture(name="filled")
def _filled(folder: Folder, event: Event, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A log with rows of a file, live rows, some of another region's, and few pages."""
    monkeypatch.setattr(batches, "PAGES", 8)
    folder.append(*(event(f"{n}", 0) for n in range(40)))
    for at in range(1, 5):
        ingestion = "replica-b" if at == 3 else f"live-{at % 2}"
        rows = [event(f"{n}", at, ingestion=ingestion) for n in range(40)]
        content = part_file.batch_content(table_of(rows))
        folder.log.append_batches(EventBatch(ingestion=ingestion, rows=40, content=content))
    return folder


def followed(folder: Folder, limit: int, between: Callable[[], object]) -> list[str]:
    """All rows that come until no more does, and what happens between two looks."""
    found: list[str] = []
    cursor = 0
    while True:
        step = folder.log.batches_since(cursor, limit)
        assert step.cursor > cursor or not step.batches
        cursor = step.cursor
        for batch in step.batches:
            rows = part_file.events_of(part_file.decode(batch.content))
            found += [repr(each) for each in rows]
        if not step.batches:
            return found
        between()


@pytest.mark.parametrize("limit", [1, 20, 50, 1000])
@pytest.mark.parametrize("compacts", [False, True])
def test_every_page_comes_once(filled: Folder, event: Event, limit: int, compacts: bool) -> None:
    """Where nothing is moved nothing comes twice, and no row is on no page."""
    Folding(filled.catalogue, filled.objects).fold(now_ms=0)
    if compacts:
        filled.compact()
    of_a_file = [repr(event(f"{n}", 0)) for n in range(40)]
    expected = [
        *of_a_file,
        *(
            repr(event(f"{n}", at, ingestion=f"live-{at % 2}"))
            for n in range(40)
            for at in (1, 2, 4)
        ),
    ]

    assert sorted(expected) == sorted(followed(filled, limit, lambda: None))


@pytest.mark.parametrize("limit", [1, 20, 50])
def test_what_is_moved_between_two_pages_still_comes(filled: Folder, limit: int) -> None:
    """Folded behind the first look, compacted behind the second, and so on."""
    moves: list[Callable[[], object]] = [
        lambda: Folding(filled.catalogue, filled.objects).fold(now_ms=0),
        filled.compact,
    ]
    expected = {repr(each) for each in filled.log.scan() if each.ingestion != "replica-b"}

    found = followed(filled, limit, lambda: moves.pop(0)() if moves else None)
    assert expected == set(found)
