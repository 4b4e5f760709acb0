"""A ledger that does not balance cannot exist."""

from __future__ import annotations

import pytest
from attrs import asdict, evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.ledger import Ledger, RowCounts, StoreOutcome
from fleetcore.errors import UnbalancedLedger
from fleetcore.testing.histories import row_counts, store_outcomes

ROWS = RowCounts(
    read=15,
    accepted=5,
    duplicate=4,
    conflicting=3,
    rejected=2,
    malformed=1,
    rejected_by={"latitude-range": 2},
    malformed_by={"wrong-column-count": 1},
    warned_by={"heading-range": 1},
)
LEDGER = Ledger(
    rows=ROWS,
    store=StoreOutcome(stored=3, already_stored=2, conflicting=1),
    dead_lettered=1,
    pending=1,
)
COUNTS = [each.name for each in fields(RowCounts) if not each.name.endswith("_by")]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("by", [-1, 1])
def test_a_row_miscounted_while_reading_is_no_count(name: str, by: int) -> None:
    """Each count alone, one off, breaks the first equation."""
    counts = asdict(ROWS) | {name: getattr(ROWS, name) + by}

    with pytest.raises(UnbalancedLedger, match=r"^read \d+ is not"):
        RowCounts(**counts)


@pytest.mark.parametrize("name", ["dead_lettered", "pending"])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_row_miscounted_while_storing_is_no_ledger(name: str, by: int) -> None:
    """Each count alone, one off, breaks the second equation."""
    with pytest.raises(UnbalancedLedger, match="is not stored"):
        evolve(LEDGER, **{name: getattr(LEDGER, name) + by})


@pytest.mark.parametrize("name", ["stored", "already_stored", "conflicting"])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_row_miscounted_by_the_log_is_no_ledger(name: str, by: int) -> None:
    """Each of the log's counts alone, one off, breaks the second equation."""
    store = evolve(LEDGER.store, **{name: getattr(LEDGER.store, name) + by})

    with pytest.raises(UnbalancedLedger, match="is not stored"):
        evolve(LEDGER, store=store)


def test_negative_counts_do_not_balance() -> None:
    """Counts below zero that add up are refused all the same."""
    with pytest.raises(UnbalancedLedger):
        RowCounts(read=0, accepted=1, duplicate=-1)
    with pytest.raises(UnbalancedLedger):
        Ledger(rows=RowCounts(), store=StoreOutcome(stored=1), pending=-1)
    with pytest.raises(UnbalancedLedger):
        Ledger(rows=RowCounts(), store=StoreOutcome(stored=1, conflicting=-1))


def test_counts_by_rule_add_up_by_code() -> None:
    """Codes that only one side has are kept, those of both are added."""
    other = RowCounts(
        read=5,
        rejected=3,
        malformed=2,
        rejected_by={"latitude-range": 1, "speed-limit": 2},
        malformed_by={"wrong-column-count": 1, "line-too-long": 1},
    )

    total = ROWS + other

    assert (20, 5, 3) == (total.read, total.rejected, total.malformed)
    assert {"latitude-range": 3, "speed-limit": 2} == total.rejected_by
    assert {"wrong-column-count": 2, "line-too-long": 1} == total.malformed_by
    assert {"heading-range": 1} == total.warned_by


@given(one=row_counts(), two=row_counts(), three=row_counts())
def test_adding_counts_is_order_free(one: RowCounts, two: RowCounts, three: RowCounts) -> None:
    """Chunks may be added in any grouping and any order, and nothing is the neutral count."""
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one
    assert one == one + RowCounts()


@given(rows=row_counts(), data=st.data())
def test_what_the_log_said_and_what_pends_make_the_rows(
    rows: RowCounts, data: st.DataObject
) -> None:
    """Any split of the rows to store into outcomes and pending ones is a ledger."""
    answered = data.draw(st.integers(0, rows.to_store))
    store = data.draw(store_outcomes(answered))

    ledger = Ledger(rows=rows, store=store, pending=rows.to_store - answered)

    assert ledger.store.rows + ledger.pending == ledger.rows.accepted + ledger.rows.conflicting
