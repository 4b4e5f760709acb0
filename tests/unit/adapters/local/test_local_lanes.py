"""Lanes in a data folder of an older fleetcore, which counted no tries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from fleetcore.testing.contracts.lanes import message
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.lanes import TABLES, LocalLanes
from fleetcore_adapters.memory.clock import MemoryClock

OLDER = message("older", "idle")
INSERT = (
    "INSERT INTO lane_messages (part_key, lane, ingestion, row_count, size_bytes, sha256)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


@pytest.fixture(name="database")
def _database(tmp_path: Path) -> Iterator[Database]:
    """A database in which one message waits."""
    part = OLDER.part
    with closing(Database(tmp_path)) as database:
        database.define({name: TABLES[name] for name in ("lane_messages", "lane_messages_waiting")})
        with database.write() as connection:
            connection.execute(
                INSERT, (part.key, part.lane, "1f", part.rows, part.size_bytes, part.sha256)
            )
        yield database


def test_what_waited_is_handed_out(database: Database) -> None:
    """As the first attempt, for the first time."""
    (delivery,) = LocalLanes(database, MemoryClock(0)).receive(10)

    assert (OLDER, 1) == (delivery.message, delivery.tries)


def test_what_waited_is_settled(database: Database) -> None:
    """It leaves nothing behind."""
    lanes = LocalLanes(database, MemoryClock(0))
    lanes.settle(lanes.receive(10))

    assert () == lanes.receive(10)


def test_a_newer_attempt_takes_the_place_of_what_waited(database: Database) -> None:
    """The part waits once."""
    again = evolve(OLDER, attempt=2)
    lanes = LocalLanes(database, MemoryClock(0))
    lanes.send([again])

    assert [again] == [each.message for each in lanes.receive(10)]


def test_what_an_older_process_settled_can_be_sent_again(database: Database) -> None:
    """It knows nothing of the tries that were counted."""
    lanes = LocalLanes(database, MemoryClock(0))
    lanes.receive(10)
    with database.write() as connection:
        connection.execute("DELETE FROM lane_messages")
    lanes.send([OLDER])

    assert [OLDER] == [each.message for each in lanes.receive(10)]


def test_a_late_receipt_is_of_the_message_it_was_given_for(database: Database) -> None:
    """The same part that is sent again is another one."""
    lanes = LocalLanes(database, MemoryClock(0))
    late = lanes.receive(10)
    lanes.settle(late)
    lanes.send([OLDER])
    lanes.settle(late)

    assert [OLDER] == [each.message for each in lanes.receive(10)]
