"""What every store of snapshots does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest

from fleetcore.errors import InvalidInput, ObjectMissing
from fleetcore.ports.snapshot_store import SnapshotStore
from fleetcore.testing.contracts.race import raced

NAME: Final = "2024-05-06T07-08-09.000Z.json.gz"
LATER: Final = "2024-05-06T07-09-09.000Z.json.gz"
WRITERS: Final = 4


class _Stopped(Exception):
    """The scan broke off."""


def _breaks_off() -> Iterator[bytes]:
    yield b"half"
    raise _Stopped


class SnapshotStoreContract:
    """Needs the fixture `open_snapshot_store`."""

    @pytest.fixture
    def store(self, open_snapshot_store: Callable[[], SnapshotStore]) -> SnapshotStore:
        """The store under test."""
        return open_snapshot_store()

    def test_reads_what_was_written(self, store: SnapshotStore) -> None:
        """The bytes come back in order, however they were cut, and their number is told."""
        pieces = [b"a" * 3, b"", b"b" * (3 << 20), b"c"]

        assert (3 << 20) + 4 == store.write(NAME, iter(pieces))
        read = list(store.read(NAME))
        assert b"".join(pieces) == b"".join(read)

    def test_knows_nothing_at_first(self, store: SnapshotStore) -> None:
        """There are no names; what is not there cannot be read, and removing it is nothing."""
        store.remove(NAME)

        assert () == store.names()
        with pytest.raises(ObjectMissing):
            store.read(NAME)

    def test_names_are_sorted(self, store: SnapshotStore) -> None:
        """Names sort as instants do."""
        store.write(LATER, [b"2"])
        store.write(NAME, [b"1"])

        assert (NAME, LATER) == store.names()

    def test_what_breaks_off_leaves_nothing(self, store: SnapshotStore) -> None:
        """Neither a new name nor another content of an old one."""
        store.write(NAME, [b"whole"])
        for name in (NAME, LATER):
            with pytest.raises(_Stopped):
                store.write(name, _breaks_off())

        assert (NAME,) == store.names()
        assert b"whole" == b"".join(store.read(NAME))

    def test_the_last_one_written_stays(self, store: SnapshotStore) -> None:
        """A name's content is replaced as a whole."""
        store.write(NAME, [b"old and longer"])
        store.write(NAME, [b"new"])

        assert b"new" == b"".join(store.read(NAME))

    def test_removes(self, store: SnapshotStore) -> None:
        """What was removed is gone; the others stay."""
        store.write(NAME, [b"1"])
        store.write(LATER, [b"2"])
        store.remove(NAME)

        assert (LATER,) == store.names()

    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a~", "a b", "ä", "x" * 101])
    def test_refuses_what_is_no_name(self, store: SnapshotStore, name: str) -> None:
        """No name leads out of the store."""
        for act in (
            partial(store.write, name, [b""]),
            partial(store.read, name),
            partial(store.remove, name),
        ):
            with pytest.raises(InvalidInput):
                act()

    def test_is_the_same_to_all(self, open_snapshot_store: Callable[[], SnapshotStore]) -> None:
        """What one handle wrote another reads; of racing writers one content stays, whole."""
        stores = [open_snapshot_store() for _ in range(WRITERS)]
        contents = [bytes([65 + number]) * 100_000 for number in range(WRITERS)]
        sizes = raced(
            [
                partial(store.write, NAME, [content])
                for store, content in zip(stores, contents, strict=True)
            ]
        )

        assert [100_000] * WRITERS == sizes
        assert b"".join(stores[0].read(NAME)) in contents
