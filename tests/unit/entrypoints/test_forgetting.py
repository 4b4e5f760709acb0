"""Erasing what other regions forgot, step by step beside a region's views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from tests.regions import fact

from fleetcore.application import ingesting
from fleetcore.application.following import follow
from fleetcore.application.forgetting import pending, tombstone_of
from fleetcore.errors import StorageUnavailable
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.local.object_store import UNFINISHED_FOLDER
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_entrypoints import open_local
from fleetcore_entrypoints.wiring.forgetting import AGAIN_MS, RETRY_MS, Forgetting
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live

NOW_MS = 1_750_000_000_000
HALF = "vehicle_id,observed_at,latitude,longitude\ncab-2,2024-05-06T07:08:09Z,48,11\n"


@pytest.fixture(name="clock")
def _clock() -> MemoryClock:
    return MemoryClock(NOW_MS)


@pytest.fixture(name="app")
def _app(tmp_path: Path, clock: MemoryClock) -> Iterator[LiveApp]:
    """A region that holds two vehicles."""
    with closing(wire_live(tmp_path / "data")) as app:
        app.log.append_batches(ArrowLiveEngine().encoded([fact("cab-1"), fact("cab-2")], "live-1"))
        follow(app.log, app.geo)
        yield evolve(app, clock=clock)


def positions(app: LiveApp) -> list[str]:
    """Who is in the geo index."""
    return [each.vehicle_id for each in app.geo.geo.read()]


def test_what_another_region_forgot_is_erased(app: LiveApp) -> None:
    """Once; then there is nothing to do."""
    forgetting = Forgetting(app)
    app.log.bury([tombstone_of("cab-1", NOW_MS)])
    done = forgetting.step()

    assert done is not None
    assert (1, 1, True) == (done.log.rows, done.positions, done.complete)
    assert (["cab-2"], None) == (positions(app), forgetting.step())


def test_who_was_being_put_into_a_view_goes_a_little_later(
    app: LiveApp, clock: MemoryClock
) -> None:
    """A follower that asked for tombstones before they were there may put its facts in after."""
    forgetting = Forgetting(app)
    app.log.bury([tombstone_of("cab-1", NOW_MS)])
    forgetting.step()
    app.geo.merge([fact("cab-1")])
    forgetting.step()
    before = positions(app)
    clock.advance(AGAIN_MS)
    forgetting.step()

    assert (["cab-1", "cab-2"], ["cab-2"]) == (before, positions(app))


def test_waits_for_files_that_are_being_read(
    app: LiveApp, clock: MemoryClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries again when another one waits, or none, or long after; and not all the time."""
    file = tmp_path / "half.csv"
    file.write_text(HALF)
    with open_local(tmp_path / "data") as fleet, monkeypatch.context() as patched:
        patched.setattr(ingesting, "commit_chunks", lambda *_, **__: None)
        fleet.ingest(file)
    forgetting = Forgetting(app)
    app.log.bury([tombstone_of("cab-1", NOW_MS)])
    first, second = forgetting.step(), forgetting.step()
    clock.advance(RETRY_MS)
    late = forgetting.step()
    with open_local(tmp_path / "data") as fleet:
        fleet.ingest(file)
    last = forgetting.step()

    assert second is None
    assert [False, False, True] == [each and each.complete for each in (first, late, last)]
    assert frozenset() == pending(forgetting.holdings)


def test_tries_again_at_once_where_storage_failed(
    app: LiveApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever calls it is told, and calls it again."""
    forgetting = Forgetting(app)
    app.log.bury([tombstone_of("cab-1", NOW_MS)])

    def full(*_: object) -> int:
        raise StorageUnavailable("no space")

    with monkeypatch.context() as patched:
        patched.setattr(type(app.places), "remove", full)
        with pytest.raises(StorageUnavailable):
            forgetting.step()

    assert (done := forgetting.step()) is not None
    assert done.complete


def test_waits_for_what_was_being_written_before(app: LiveApp) -> None:
    """A process that was killed may have left rows in it; what is begun later holds none."""
    forgetting = Forgetting(app)
    leftover = app.local.folder / UNFINISHED_FOLDER / "0f"
    leftover.write_bytes(b"cab-1")
    app.log.bury([tombstone_of("cab-1", NOW_MS)])
    first = forgetting.step()
    leftover.unlink()
    second = forgetting.step()

    assert [(1, False), (0, True)] == [
        (each.unfinished, each.complete) for each in (first, second) if each is not None
    ]
