"""What all catalogues do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from attrs import evolve

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import ObjectMissing
from fleetcore.ports.catalogue import Appended, Catalogue, Extent, LogFile, Recorded
from fleetcore.testing.contracts.race import raced

NOW_MS: Final = 1_700_000_000_000
ALL: Final = StoreOutcome(stored=3)


def extent(first_id: str = "a", last_id: str = "z", first: int = 0, last: int = 100) -> Extent:
    """An extent; wide where nothing is said."""
    return Extent(
        min_vehicle_id=first_id,
        max_vehicle_id=last_id,
        min_observed_at=first,
        max_observed_at=last,
    )


def fresh(name: str, where: Extent | None = None, ingestion: str | None = None) -> LogFile:
    """A fresh file, of an ingestion of its own where nothing is said."""
    return LogFile(
        key=f"fresh/{name}",
        kind="fresh",
        rows=3,
        extent=where or extent(),
        size_bytes=2**40,
        sha256="0f" * 32,
        origin=f"fresh/{name}",
        ingestion=ingestion or name,
    )


def compacted(name: str, where: Extent | None = None) -> LogFile:
    """A compacted file."""
    file = fresh(name, where)
    return evolve(file, key=f"log/{name}", kind="compacted", origin=None, ingestion=None)


def appended(file: LogFile, outcome: StoreOutcome = ALL) -> Appended:
    """All rows of a part are new."""
    return Appended(origin=str(file.origin), outcome=outcome, file=file)


def batch(name: str, ingestion: str = "live-1", where: Extent | None = None) -> Appended:
    """A live batch with its content."""
    key = f"tail/{ingestion}/{name}"
    file = evolve(fresh(name, where, ingestion), key=key, kind="tail", origin=key)
    return Appended(origin=key, outcome=ALL, file=file, content=name.encode())


def keys(catalogue: Catalogue, where: Extent | None = None, after: int = 0) -> list[str]:
    """The keys of what is listed."""
    return [entry.file.key for entry in catalogue.files(where, after).entries]


ONE: Final = fresh("1")
TWO: Final = fresh("2")
THREE: Final = fresh("3")


class CatalogueContract:
    """Needs the fixture `open_catalogue`."""

    @pytest.fixture
    def catalogue(self, open_catalogue: Callable[[], Catalogue]) -> Catalogue:
        """The catalogue under test."""
        return open_catalogue()

    def test_is_empty_at_first(self, catalogue: Catalogue) -> None:
        """Nothing is named, and the sequence begins behind 0."""
        listing = catalogue.files()

        assert ((), 0) == (listing.entries, listing.sequence)
        assert {} == catalogue.outcomes(["fresh/1"])
        assert {} == catalogue.recorded()
        assert {} == catalogue.retired()

    def test_names_what_was_appended(self, catalogue: Catalogue) -> None:
        """Files come back as they were given, by the sequence they got, one a part."""
        assert catalogue.append([appended(TWO), appended(ONE)], seen=0)

        listing = catalogue.files()
        assert [(1, TWO), (2, ONE)] == [(each.sequence, each.file) for each in listing.entries]
        assert 2 == listing.sequence

    def test_lists_behind_a_sequence(self, catalogue: Catalogue) -> None:
        """Only what was appended later is listed; the last sequence is told all the same."""
        catalogue.append([appended(ONE), appended(TWO)], seen=0)

        assert [TWO.key] == keys(catalogue, after=1)
        assert [] == keys(catalogue, after=2)
        assert 2 == catalogue.files(after=2).sequence

    @pytest.mark.parametrize(
        ("where", "met"),
        [
            (extent("m", "m", 5, 5), True),
            (extent("a", "c", 0, 1), False),
            (extent("n", "z", 5, 5), False),
            (extent("a", "k", 10, 20), True),
            (extent("m", "z", 0, 4), False),
            (extent("a", "z", 21, 30), False),
            (extent("a", "z", -(2**63), 2**63 - 1), True),
            (extent("m~", "é", 5, 5), False),
        ],
    )
    def test_lists_what_meets_an_extent(
        self, catalogue: Catalogue, where: Extent, met: bool
    ) -> None:
        """Files whose ids or instants lie apart are left out; the ends belong to an extent."""
        catalogue.append([appended(fresh("1", extent("k", "m", 5, 20)))], seen=0)

        assert met == bool(keys(catalogue, where))

    def test_ids_are_ordered_by_code_point(self, catalogue: Catalogue) -> None:
        """Beyond the Basic Multilingual Plane comes behind the last character of it."""
        catalogue.append([appended(fresh("1", extent("\uff5e", "\U0001f69a")))], seen=0)

        assert ["fresh/1"] == keys(catalogue, extent("\uffee", "\uffee"))
        assert [] == keys(catalogue, extent("\ue000", "\ue000"))

    def test_records_outcomes(self, catalogue: Catalogue) -> None:
        """The outcome of a part is known by its key, also where it brought no file."""
        already = StoreOutcome(already_stored=3)
        catalogue.append(
            [appended(ONE), Appended(origin="fresh/2", outcome=already, file=None)], seen=0
        )

        assert {"fresh/1": ALL, "fresh/2": already} == catalogue.outcomes(
            {"fresh/1", "fresh/2", "fresh/3"}
        )
        assert {
            "fresh/1": Recorded(sequence=1, outcome=ALL),
            "fresh/2": Recorded(sequence=2, outcome=already),
        } == catalogue.recorded()
        assert [ONE.key] == keys(catalogue)
        assert 2 == catalogue.files().sequence

    def test_the_first_outcome_of_a_part_stays(self, catalogue: Catalogue) -> None:
        """Of a part that has an outcome nothing more is recorded, and no sequence is given."""
        catalogue.append([appended(ONE)], seen=0)
        other = evolve(ONE, key="fresh/1-new")
        late = Appended(origin=ONE.key, outcome=StoreOutcome(conflicting=3), file=other)
        assert catalogue.append([late, appended(TWO)], seen=1)

        assert {ONE.key: ALL} == catalogue.outcomes([ONE.key])
        assert [ONE.key, TWO.key] == keys(catalogue)
        assert 2 == catalogue.files().sequence

    def test_refuses_what_may_have_new_siblings(self, catalogue: Catalogue) -> None:
        """Behind what was seen a file that meets one's own was named: nothing is done."""
        catalogue.append([appended(ONE)], seen=0)

        assert not catalogue.append([appended(TWO), appended(THREE)], seen=0)
        assert ({}, [ONE.key]) == (catalogue.outcomes([TWO.key, THREE.key]), keys(catalogue))
        assert catalogue.append([appended(TWO), appended(THREE)], seen=1)

    def test_refuses_behind_a_compaction(self, catalogue: Catalogue) -> None:
        """Rows that came since may lie in a compacted file by now."""
        catalogue.append([appended(ONE)], seen=0)
        catalogue.replace([ONE.key], [compacted("1")], NOW_MS)

        assert not catalogue.append([appended(TWO)], seen=0)
        assert catalogue.append([appended(TWO)], seen=1)

    @pytest.mark.parametrize(
        "late",
        [
            pytest.param(fresh("2", extent(first=101, last=200)), id="other-times"),
            pytest.param(fresh("2", extent("{", "~")), id="other-ids"),
            pytest.param(fresh("2", ingestion="1"), id="same-ingestion"),
        ],
    )
    def test_takes_what_has_no_new_siblings(self, catalogue: Catalogue, late: LogFile) -> None:
        """What was named behind what was seen does not matter where no identity can be shared."""
        catalogue.append([appended(ONE)], seen=0)

        assert catalogue.append([appended(late)], seen=0)

    def test_a_part_without_new_rows_meets_nothing(self, catalogue: Catalogue) -> None:
        """What is stored already stays so, whatever came since."""
        catalogue.append([appended(ONE)], seen=0)
        already = StoreOutcome(already_stored=3)

        assert catalogue.append([Appended(origin=TWO.key, outcome=already, file=None)], seen=0)

    def test_replaces_files(self, catalogue: Catalogue) -> None:
        """The new files get the highest sequence of the old ones, which are retired."""
        catalogue.append([appended(ONE), appended(TWO), appended(THREE)], seen=0)
        new = [compacted("b"), compacted("a")]
        assert catalogue.replace([TWO.key, ONE.key], new, NOW_MS)

        listing = catalogue.files()
        expected = [(2, new[1]), (2, new[0]), (3, THREE)]
        assert expected == [(each.sequence, each.file) for each in listing.entries]
        assert 3 == listing.sequence
        assert {ONE.key: NOW_MS, TWO.key: NOW_MS} == catalogue.retired()

    def test_replaces_all_or_nothing(self, catalogue: Catalogue) -> None:
        """Where an old file is not named any more nothing is done."""
        catalogue.append([appended(ONE), appended(TWO)], seen=0)
        catalogue.replace([ONE.key], [compacted("1")], NOW_MS)

        assert not catalogue.replace([ONE.key, TWO.key], [compacted("2")], NOW_MS)
        assert {"log/1", TWO.key} == set(keys(catalogue))
        assert {ONE.key: NOW_MS} == catalogue.retired()

    def test_what_is_named_again_is_not_retired(self, catalogue: Catalogue) -> None:
        """A file that takes its own place stays named."""
        catalogue.append([appended(ONE)], seen=0)
        file = compacted("1")
        catalogue.replace([ONE.key], [file], NOW_MS)
        catalogue.replace([file.key], [file], NOW_MS + 1)

        assert [file.key] == keys(catalogue)
        assert {ONE.key: NOW_MS} == catalogue.retired()

    def test_the_sequence_goes_on_behind_a_compaction(self, catalogue: Catalogue) -> None:
        """No sequence is given twice."""
        catalogue.append([appended(ONE), appended(TWO)], seen=0)
        catalogue.replace([ONE.key, TWO.key], [compacted("1")], NOW_MS)
        catalogue.append([appended(THREE)], seen=2)

        assert [THREE.key] == keys(catalogue, after=2)
        assert 3 == catalogue.files().sequence

    def test_outcomes_outlive_their_files(self, catalogue: Catalogue) -> None:
        """A part that was compacted is known still."""
        catalogue.append([appended(ONE)], seen=0)
        catalogue.replace([ONE.key], [compacted("1")], NOW_MS)
        catalogue.forget([ONE.key])

        assert {ONE.key: ALL} == catalogue.outcomes([ONE.key])

    def test_forgets_retired_files(self, catalogue: Catalogue) -> None:
        """Only those that are given; forgetting what is not retired is nothing."""
        catalogue.append([appended(ONE), appended(TWO), appended(THREE)], seen=0)
        catalogue.replace([ONE.key, TWO.key], [compacted("1")], NOW_MS)
        catalogue.forget([ONE.key, THREE.key])

        assert {TWO.key: NOW_MS} == catalogue.retired()
        assert {"log/1", THREE.key} == set(keys(catalogue))

    def test_keeps_the_contents_of_the_tail(self, open_catalogue: Callable[[], Catalogue]) -> None:
        """Batches get their places in the one sequence, and every handle reads their contents."""
        catalogue = open_catalogue()
        assert catalogue.append([appended(ONE), batch("b")], seen=0)
        assert catalogue.append([batch("c", "live-2")], seen=2)

        listing = open_catalogue().files()
        expected = [ONE.key, "tail/live-1/b", "tail/live-2/c"]
        assert expected == [entry.file.key for entry in listing.entries]
        assert [1, 2, 3] == [entry.sequence for entry in listing.entries]
        assert b"b" == open_catalogue().content("tail/live-1/b")
        with pytest.raises(ObjectMissing, match="tail/live-1/x"):
            catalogue.content("tail/live-1/x")

    def test_a_batch_is_refused_behind_one_of_its_own(self, catalogue: Catalogue) -> None:
        """A listener's batches may hold the same rows, unlike the parts of a file."""
        assert catalogue.append([batch("a")], seen=0)

        assert not catalogue.append([batch("b")], seen=0)
        assert not catalogue.append([appended(ONE)], seen=0)
        assert catalogue.append([batch("b", where=extent(first=101, last=102))], seen=0)
        assert [("tail/live-1/a", 1), ("tail/live-1/b", 2)] == [
            (entry.file.key, entry.sequence) for entry in catalogue.files().entries
        ]
        with pytest.raises(ObjectMissing):
            catalogue.content("tail/live-2/b")

    def test_a_folded_tail_is_gone_at_once(self, catalogue: Catalogue) -> None:
        """Its contents are removed, nothing is retired, and its outcomes are summed up."""
        for number in range(3):
            catalogue.append([batch(f"{number}", f"live-{number % 2}")], seen=number)
        part = evolve(fresh("x", ingestion="live-0"), origin=None)
        folded = [f"tail/live-0/{n}" for n in (0, 2)]
        assert catalogue.replace(folded, [part], NOW_MS)

        listing = catalogue.files()
        assert [(2, "tail/live-1/1"), (3, part.key)] == [
            (entry.sequence, entry.file.key) for entry in listing.entries
        ]
        assert {} == catalogue.retired()
        for key in folded:
            with pytest.raises(ObjectMissing):
                catalogue.content(key)
        assert {
            "tail/live-0": Recorded(sequence=3, outcome=ALL + ALL),
            "tail/live-1/1": Recorded(sequence=2, outcome=ALL),
        } == catalogue.recorded()
        assert not catalogue.replace(folded, [part], NOW_MS)

    def test_the_sum_of_outcomes_grows(self, catalogue: Catalogue) -> None:
        """One record an ingestion, whenever its batches are folded; the sequence goes on."""
        gone = StoreOutcome(stored=3, already_stored=2, conflicting=1, forgotten=4)
        for number in range(3):
            each = evolve(batch(f"{number}"), outcome=gone)
            catalogue.append([each], seen=number)
            part = evolve(fresh(f"p{number}", ingestion="live-1"), origin=None)
            catalogue.replace([each.origin], [part], NOW_MS)

        recorded = Recorded(sequence=3, outcome=gone + gone + gone)
        assert {"tail/live-1": recorded} == catalogue.recorded()
        assert recorded.outcome == catalogue.outcomes(["tail/live-1"])["tail/live-1"]
        catalogue.append([appended(ONE)], seen=3)
        assert 4 == catalogue.files().sequence

    def test_rows_of_folded_batches_are_forgotten(self, catalogue: Catalogue) -> None:
        """Their record says so; what a stream records of parts is not the catalogue's to change."""
        catalogue.append([batch("a"), appended(ONE)], seen=0)
        parts = [evolve(fresh(name, ingestion="live-1"), origin=None) for name in ("x", "y")]
        catalogue.replace(["tail/live-1/a"], [parts[0]], NOW_MS)
        lost = {"live-1": 1, "live-2": 3, ONE.key: 1}
        assert catalogue.replace([parts[0].key], [parts[1]], NOW_MS, lost)
        assert catalogue.replace([parts[1].key], [], NOW_MS, {"live-1": 2})

        assert {
            "tail/live-1": Recorded(sequence=1, outcome=StoreOutcome(forgotten=3)),
            ONE.key: Recorded(sequence=2, outcome=ALL),
        } == catalogue.recorded()

    def test_refuses_behind_a_forgotten_vehicle(self, catalogue: Catalogue) -> None:
        """Who appends has to know of every tombstone; the listing says how many there are."""
        assert 0 == catalogue.files().buried
        stones = [Tombstone(key=f"{n:064x}", leaf=n, forgotten_at_ms=n) for n in range(2)]
        catalogue.bury(stones)
        catalogue.bury([evolve(stones[0], forgotten_at_ms=9)])

        assert 2 == catalogue.files().buried
        assert tuple(stones) == catalogue.tombstones()
        assert not catalogue.append([batch("a")], seen=0, buried=1)
        assert not catalogue.append([Appended(origin="x", outcome=ALL, file=None)], seen=0)
        assert ([], {}) == (keys(catalogue), catalogue.recorded())
        assert catalogue.append([batch("a")], seen=0, buried=2)

    def test_keeps_what_it_was_told(self, open_catalogue: Callable[[], Catalogue]) -> None:
        """Another handle sees names, outcomes and retired files."""
        first = open_catalogue()
        first.append([appended(ONE), appended(TWO)], seen=0)
        first.replace([ONE.key], [compacted("1")], NOW_MS)
        second = open_catalogue()

        assert first.files() == second.files()
        assert {ONE.key: ALL, TWO.key: ALL} == second.outcomes([ONE.key, TWO.key])
        assert {ONE.key: NOW_MS} == second.retired()

    def test_one_of_racing_appends_wins(self, open_catalogue: Callable[[], Catalogue]) -> None:
        """Of parts that may hold siblings only one is appended by writers that saw the same."""
        handles = [open_catalogue() for _ in range(4)]
        files = [fresh(str(n)) for n in range(4)]

        done = raced(
            [
                partial(handle.append, [appended(file)], 0)
                for handle, file in zip(handles, files, strict=True)
            ]
        )

        assert [False, False, False, True] == sorted(done, key=bool)
        assert 1 == len(keys(handles[0]))

    def test_what_is_compared_under_the_lock_is_not_refused(
        self, open_catalogue: Callable[[], Catalogue]
    ) -> None:
        """Nobody else appends between a look and an append, however many try."""

        def append_ten(handle: Catalogue, name: str) -> list[bool]:
            done = []
            for number in range(10):
                with handle.locked():
                    seen = handle.files().sequence
                    done.append(handle.append([appended(fresh(f"{name}{number}"))], seen))
            return done

        handles = [open_catalogue() for _ in range(4)]
        done = raced([partial(append_ten, each, f"{n}/") for n, each in enumerate(handles)])

        assert [[True] * 10] * 4 == done
        assert 40 == handles[0].files().sequence
