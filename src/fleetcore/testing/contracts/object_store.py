"""What every object store does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from fleetcore.errors import InvalidInput, ObjectMissing
from fleetcore.ports.object_store import ObjectStore
from fleetcore.testing.contracts.race import raced

KEY: Final = "fresh/1f/0-moving-0f.parquet"
WRITERS: Final = 4

BAD_KEYS: Final = (
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/..",
    "a/../b",
    "./a",
    "a b",
    "a\n",
    "a\\b",
    "a~",
    "ä",
    "a\0",
    "x" * 201,
    "/".join(["x" * 100] * 11),
)


class ObjectStoreContract:
    """Needs the fixture `open_object_store`."""

    @pytest.fixture
    def store(self, open_object_store: Callable[[], ObjectStore]) -> ObjectStore:
        """The store under test."""
        return open_object_store()

    @pytest.mark.parametrize("content", [b"", b"\0", bytes(range(256)) * 5000])
    def test_gets_what_was_put(self, store: ObjectStore, content: bytes) -> None:
        """Content comes back to the byte."""
        assert store.put_if_absent(KEY, content)
        assert content == store.get(KEY)

    def test_a_large_object_is_like_any_other(self, store: ObjectStore) -> None:
        """However many requests it takes, there is the whole of it or nothing, once."""
        content = b"".join(bytes([n]) * (1 << 20) for n in range(18))
        stored = [store.put_if_absent(KEY, content), store.put_if_absent(KEY, content[1:])]

        assert [True, False] == stored
        assert content == store.get(KEY)
        assert [KEY] == list(store.keys("fresh/"))

    def test_never_overwrites(self, store: ObjectStore) -> None:
        """A second put of a key stores nothing, and says so."""
        stored = [store.put_if_absent(KEY, content) for content in (b"first", b"second", b"first")]

        assert [True, False, False] == stored
        assert b"first" == store.get(KEY)

    @pytest.mark.parametrize("key", ["fresh", "fresh/1f", "fresh/1f/other", f"{KEY}/below", "z"])
    def test_misses_what_was_not_put(self, store: ObjectStore, key: str) -> None:
        """A key without an object, though it may be a folder of one, is missing."""
        store.put_if_absent(KEY, b"content")

        with pytest.raises(ObjectMissing):
            store.get(key)

    def test_has_no_keys_at_first(self, store: ObjectStore) -> None:
        """An empty store lists nothing."""
        assert [] == list(store.keys(""))

    @pytest.mark.parametrize(
        ("prefix", "keys"),
        [
            ("", ["a-b", "a.c/1", "a/1", "a/b=2/x", "a/b=2/y", "c"]),
            ("a", ["a-b", "a.c/1", "a/1", "a/b=2/x", "a/b=2/y"]),
            ("a/", ["a/1", "a/b=2/x", "a/b=2/y"]),
            ("a/b", ["a/b=2/x", "a/b=2/y"]),
            ("a/b=2/y", ["a/b=2/y"]),
            ("a/b=2/y/", []),
            ("b", []),
            ("../", []),
            ("/", []),
        ],
    )
    def test_lists_keys_by_prefix(self, store: ObjectStore, prefix: str, keys: list[str]) -> None:
        """The keys that begin with a prefix, not only with a folder, are listed, sorted."""
        for key in ("c", "a/b=2/y", "a/b=2/x", "a/1", "a.c/1", "a-b"):
            store.put_if_absent(key, b"content")

        assert keys == list(store.keys(prefix))

    def test_removes(self, store: ObjectStore) -> None:
        """A removed object is missing and not listed; its key is free again."""
        store.put_if_absent(KEY, b"first")
        store.remove(KEY)

        with pytest.raises(ObjectMissing):
            store.get(KEY)
        assert [] == list(store.keys(""))
        assert store.put_if_absent(KEY, b"second")
        assert b"second" == store.get(KEY)

    @pytest.mark.parametrize("key", ["fresh", "fresh/1f/other", f"{KEY}/below", "z/z"])
    def test_removing_nothing_is_nothing(self, store: ObjectStore, key: str) -> None:
        """Removing a key without an object, though it may be a folder of one, is no error."""
        store.put_if_absent(KEY, b"content")
        store.remove(key)

        assert b"content" == store.get(KEY)

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_refuses_bad_keys(self, store: ObjectStore, key: str) -> None:
        """What is no key is refused by every operation that takes one."""
        for operation in (store.get, store.remove, lambda k: store.put_if_absent(k, b"content")):
            with pytest.raises(InvalidInput):
                operation(key)

    @pytest.mark.parametrize("key", ["...", "a/.b/..c", "-", "=/_", "x" * 200])
    def test_takes_odd_keys(self, store: ObjectStore, key: str) -> None:
        """Keys at the edge of what is allowed are keys."""
        assert store.put_if_absent(key, b"content")
        assert [key] == list(store.keys(""))

    def test_keeps_objects(self, open_object_store: Callable[[], ObjectStore]) -> None:
        """Another handle sees what a finished put stored."""
        open_object_store().put_if_absent(KEY, b"content")

        other = open_object_store()

        assert ([KEY], b"content") == (list(other.keys("")), other.get(KEY))

    def test_one_of_racing_writers_wins(self, open_object_store: Callable[[], ObjectStore]) -> None:
        """Of writers of one key exactly one stores, and its content is what is read."""
        stores = [open_object_store() for _ in range(WRITERS)]
        contents = [bytes([n]) * 100_000 for n in range(WRITERS)]
        for key in ("a/1", "a/2", "b/3"):
            stored = raced(
                [
                    partial(store.put_if_absent, key, content)
                    for store, content in zip(stores, contents, strict=True)
                ]
            )

            assert [False] * (WRITERS - 1) + [True] == sorted(map(bool, stored))
            assert contents[stored.index(True)] == stores[0].get(key)
