"""Logs are copied between regions, each batch once, whatever dies in between."""

from __future__ import annotations

from typing import Final, cast

import pytest
from attrs import evolve
from tests.regions import MemoryRegion, Silent, fact, memory_region

from fleetcore.application import replication
from fleetcore.application.hosting import HostedRegion
from fleetcore.application.replication import Pulled, pull, pull_all
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import EventBatch
from fleetcore.errors import CorruptObject, StorageUnavailable
from fleetcore.ports.live_log import Batches
from fleetcore.ports.region import Region
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore

FLEET: Final = tuple(fact(f"cab-{n}", n) for n in range(5))
IDS: Final = [each.vehicle_id for each in FLEET]


@pytest.fixture(name="three")
def _three() -> tuple[MemoryRegion, MemoryRegion, MemoryRegion]:
    return memory_region("a"), memory_region("b"), memory_region("c")


def all_pull(*regions: MemoryRegion) -> None:
    """Everybody pulls from everybody, once."""
    for each in regions:
        peers = [other.region for other in regions if other is not each]
        pull_all(peers, each.log, each.links)


def test_a_round_brings_what_is_new(three: tuple[MemoryRegion, ...]) -> None:
    """And the next one nothing."""
    a, b, _ = three
    a.take_in(FLEET)

    assert Pulled(peer="a", batches=1, rows=5, stored=5, more=True) == pull(
        a.region, b.log, b.links
    )
    assert Pulled(peer="a") == pull(a.region, b.log, b.links)
    assert FLEET == b.region.logged(IDS)


def test_copies_are_not_copied_on(three: tuple[MemoryRegion, ...]) -> None:
    """In a full mesh each batch travels once to each region; all logs are equal then."""
    a, b, c = three
    a.take_in(FLEET[:2])
    b.take_in(FLEET[2:4])
    c.take_in(FLEET[4:])

    all_pull(a, b, c)

    assert [FLEET] * 3 == [each.region.logged(IDS) for each in three]
    assert [2, 2, 1] == [
        sum(batch.rows for batch in each.region.batches_since(0, 100).batches) for each in three
    ]
    again = [
        done.rows
        for each in three
        for done in pull_all(
            [other.region for other in three if other is not each], each.log, each.links
        )
    ]
    assert [0] * 6 == again


def test_a_peer_whose_log_began_anew_is_copied_again(three: tuple[MemoryRegion, ...]) -> None:
    """The cursor of the lost log is beyond its end: nothing of the new one was copied yet."""
    a, b, c = three
    for each in FLEET[:3]:
        a.take_in([each])
    while pull(a.region, b.log, b.links).more:
        pass
    c.take_in(FLEET[3:])
    anew = HostedRegion(
        "a", registers=c.registers, log=c.log, history=c.log, engine=a.region._engine
    )

    assert 2 == pull(anew, b.log, b.links).stored
    assert FLEET == b.region.logged(IDS)
    assert Pulled(peer="a") == pull(anew, b.log, b.links)


class Dying(MemoryLog):
    """A log that dies before, or just after, the first append."""

    after = False
    left = 1

    def append_batches(self, *batches: EventBatch) -> StoreOutcome:
        if self.left:
            self.left -= 1
            if self.after:
                super().append_batches(*batches)
            raise StorageUnavailable("the power is gone")
        return super().append_batches(*batches)


@pytest.mark.parametrize("after", [False, True])
def test_the_cursor_never_leads_the_log(three: tuple[MemoryRegion, ...], after: bool) -> None:
    """Died before or after the append: the batch comes again, and is stored once."""
    a, b, _ = three
    a.take_in(FLEET)
    log = Dying(b.log._objects)
    log.after = after

    with pytest.raises(StorageUnavailable):
        pull(a.region, log, b.links)
    assert 0 == b.links.cursor("a")

    pull(a.region, log, b.links)
    assert 5 == sum(1 for _ in log.scan())


class Counting(MemoryLog):
    """A log that counts the rows of each append, and can hold no row of one vehicle."""

    def __init__(self, objects: MemoryObjectStore, damaged: str = "") -> None:
        super().__init__(objects)
        self.appends: list[int] = []
        self._damaged = damaged

    def append_batches(self, *batches: EventBatch) -> StoreOutcome:
        for batch in batches:
            if self._damaged in [each[0] for each in MemoryLiveEngine().facts(batch)]:
                raise CorruptObject("the part that may hold it is damaged")
        self.appends.append(sum(batch.rows for batch in batches))
        return super().append_batches(*batches)


def test_small_batches_are_appended_together(
    three: tuple[MemoryRegion, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many rows as one append takes, in the order in which they came."""
    monkeypatch.setattr(replication, "ROWS_AN_APPEND", 3)
    a, b, _ = three
    for each in (FLEET[:2], FLEET[2:3], FLEET[3:4], FLEET[4:5], [fact(f"v{n}", 1) for n in "abcd"]):
        a.take_in(each)
    log = Counting(MemoryObjectStore())

    assert 9 == pull(a.region, log, b.links).stored
    assert [3, 2, 4] == log.appends


def test_damage_holds_up_only_what_is_behind_it(three: tuple[MemoryRegion, ...]) -> None:
    """Batches before the one that cannot be appended are; the cursor waits for it."""
    a, b, _ = three
    for each in FLEET:
        a.take_in([each])
    log = Counting(MemoryObjectStore(), damaged=FLEET[2].vehicle_id)

    with pytest.raises(CorruptObject):
        pull(a.region, log, b.links)

    assert [1, 1] == log.appends
    assert 0 == b.links.cursor("a")


def test_a_cut_region_stands_still(three: tuple[MemoryRegion, ...]) -> None:
    """It copies nothing, and catches up when it is healed."""
    a, b, _ = three
    a.take_in(FLEET)
    b.links.cut(True)

    assert (0, "this region is cut off") == (
        (done := pull(a.region, b.log, b.links)).rows,
        done.error,
    )
    b.links.cut(False)
    assert 5 == pull(a.region, b.log, b.links).stored


def test_a_silent_peer_holds_up_nobody(three: tuple[MemoryRegion, ...]) -> None:
    """It is told of, and the others are copied."""
    a, b, c = three
    a.take_in(FLEET)
    silent = cast("Region", Silent(c.region))

    broken, done = pull_all([silent, a.region], b.log, b.links)

    assert ("c", 5) == (broken.peer, done.stored)
    assert broken.error is not None


def test_a_peer_that_sends_rubbish_is_told_of(three: tuple[MemoryRegion, ...]) -> None:
    """Its cursor stays where it is."""
    a, b, _ = three
    a.take_in(FLEET)

    class Rubbish(MemoryLog):
        def append_batches(self, *batches: EventBatch) -> StoreOutcome:
            raise CorruptObject("no batch")

    (done,) = pull_all([a.region], Rubbish(b.log._objects), b.links)

    assert ("no batch", 0) == (done.error, b.links.cursor("a"))


def test_a_round_is_limited(three: tuple[MemoryRegion, ...]) -> None:
    """About so many rows a round, and `more` until all are there."""
    a, b, _ = three
    for each in FLEET:
        a.take_in([each])

    rounds = []
    while (done := pull(a.region, b.log, b.links, rows=2)).more:
        rounds.append(done.rows)

    assert sum(rounds) == 5
    assert max(rounds) <= 2


def test_the_cursor_is_the_peers(three: tuple[MemoryRegion, ...]) -> None:
    """Whatever it says is handed back to it."""
    a, b, _ = three
    a.take_in(FLEET)

    class Counting(HostedRegion):
        def batches_since(self, cursor: int, limit: int) -> Batches:
            return evolve(super().batches_since(0, limit), cursor=cursor + 7)

    peer = Counting("a", registers=a.registers, log=a.log, history=a.log, engine=a.region._engine)
    pull(peer, b.log, b.links)
    pull(peer, b.log, b.links)

    assert 14 == b.links.cursor("a")
