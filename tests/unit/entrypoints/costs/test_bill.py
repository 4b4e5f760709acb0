"""A month's bill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import evolve

from fleetcore.domain.ingestion_events import Sizes
from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.costs.assumptions import ABOUT, Assumptions
from fleetcore_entrypoints.costs.bill import ENDPOINTS, METRICS, TIMEOUT_S, Bill, Line, monthly_bill
from fleetcore_entrypoints.costs.day import typical_file
from fleetcore_entrypoints.costs.prices import DAYS_A_MONTH
from fleetcore_entrypoints.lambdas import ingest_file, store_events
from fleetcore_entrypoints.wiring.aws_config import SIZES

GIVEN = Assumptions()


def line(bill: Bill, service: str, what: str) -> Line:
    """The one of that name."""
    (found,) = [each for each in bill.lines if (each.service, each.what) == (service, what)]
    return found


def test_what_is_shown_adds_up() -> None:
    """Lines make services, and services make the bill, to the cent."""
    bill = monthly_bill(GIVEN)

    lines = sum(round(100 * each.dollars) for each in bill.lines)
    services = sum(round(100 * each) for each in bill.dollars_by_service().values())

    assert lines == services == round(100 * bill.dollars)


def test_every_row_is_in_a_file() -> None:
    """Files hold all rows of a day, and their parts what is not rejected."""
    given = evolve(GIVEN, events_per_day=1_000_000, files_per_day=10, reject_share=0.01)

    file = typical_file(given, SIZES)

    chunks = -(-file.size_bytes // (SIZES.block_bytes * SIZES.blocks_per_chunk))
    assert 100_000 == file.rows
    assert file.stored_rows == pytest.approx(99_000, abs=chunks)
    assert chunks == len(file.chunks)


def test_a_long_file_has_the_chunks_that_the_reader_cuts() -> None:
    """Of blocks a chunk and bytes a block, as pinned for an ingestion."""
    given = evolve(GIVEN, events_per_day=1_000_000, files_per_day=1, row_bytes=100)

    file = typical_file(given, Sizes(block_bytes=1_000_000, blocks_per_chunk=4))

    assert 25 == len(file.chunks)
    assert 1_000_000 == file.rows


def test_a_row_costs_a_write_unit_in_the_table_and_one_in_the_index() -> None:
    """Rows are most of what is written."""
    rows = typical_file(GIVEN, SIZES).stored_rows * GIVEN.files_per_day * DAYS_A_MONTH

    units = [
        line(monthly_bill(evolve(GIVEN, city_share=share)), "DynamoDB", "write units").amount
        for share in (0.0, 1.0)
    ]

    assert rows == pytest.approx(units[1] - units[0])
    assert rows <= units[0] < 1.02 * rows


def test_without_redis_every_row_is_a_maybe_row() -> None:
    """No node, no network, no batch; a put a row."""
    bill = monthly_bill(evolve(GIVEN, redis_nodes=0))

    assert not {"ElastiCache", "VPC"} & bill.dollars_by_service().keys()
    assert ("dynamodb", "BatchWriteItem") not in bill.requests
    assert 0.98e6 * DAYS_A_MONTH < bill.requests["dynamodb", "PutItem"] < 1e6 * DAYS_A_MONTH


def test_known_rows_are_not_written() -> None:
    """They are read, and take no space."""
    some = monthly_bill(evolve(GIVEN, maybe_share=0.5, known_share=0.5))
    all_new = monthly_bill(GIVEN)

    def amount(bill: Bill, what: str) -> float:
        return line(bill, "DynamoDB", what).amount

    assert amount(some, "write units") < 0.51 * amount(all_new, "write units")
    assert amount(some, "read units") > amount(all_new, "read units")
    assert amount(some, "GB-months stored") < 0.52 * amount(all_new, "GB-months stored")


def test_what_expires_takes_no_space() -> None:
    """A log with an end holds so many days, one without all of them."""

    def stored(ttl_days: int) -> float:
        bill = monthly_bill(evolve(GIVEN, ttl_days=ttl_days, age_days=360))
        return line(bill, "DynamoDB", "GB-months stored").amount

    assert stored(0) == stored(360) == stored(720)
    assert stored(90) == pytest.approx(stored(0) / 4, rel=0.02)


def test_memory_buys_speed() -> None:
    """What computes is as dear with twice the memory and takes half as long; waiting is dearer."""
    given = evolve(GIVEN, request_ms=0.0)

    one, two = (monthly_bill(evolve(given, memory_mb=mb)) for mb in (512, 1024))

    name = "GB-s of store_events"
    assert line(one, "Lambda", name).amount == pytest.approx(line(two, "Lambda", name).amount)
    assert one.seconds["store_events"] == pytest.approx(2 * two.seconds["store_events"])


def test_what_does_not_end_in_time_is_told() -> None:
    """Without Redis every row of a long part is a request and more."""
    given = evolve(GIVEN, files_per_day=1, redis_nodes=0)

    assert ["store_events"] == monthly_bill(evolve(given, parts_a_run=10)).too_long
    assert [] == monthly_bill(given).too_long


def test_a_second_run_of_a_file_is_a_run_more() -> None:
    """Parts that are handed out together share a run."""
    given = evolve(GIVEN, files_per_day=1)
    parts = len(typical_file(given, SIZES).parts)

    alone, together = (monthly_bill(evolve(given, parts_a_run=some)) for some in (1, 10))

    runs = [round(line(each, "Lambda", "runs").amount / DAYS_A_MONTH) for each in (alone, together)]
    assert [1 + parts, 1 + 2 * -(-parts // 2 // 10)] == runs


def test_metrics_are_those_that_the_functions_measure() -> None:
    """What each counts, and three more: duration, memory and age of the queue."""
    assert METRICS == len(ingest_file.METRICS) + len(store_events.METRICS) + 2 * 3


def test_what_the_infrastructure_says_is_so() -> None:
    """Of endpoints, time-outs, and what the defaults are."""
    infra = Path(__file__).parents[4] / "infra"
    network = (infra / "modules/network/main.tf").read_text()
    (services,) = re.findall(r"services = \[(.*)\]", network)
    variables = (infra / "variables.tf").read_text()

    timeouts = ", ".join(f"{name} = {seconds}" for name, seconds in TIMEOUT_S.items())

    assert ENDPOINTS == len(services.split(","))
    assert f"default = {{ {timeouts} }}" in variables
    assert f'default     = "{GIVEN.architecture}"' in variables
    assert f'default     = "{GIVEN.redis_node}"' in variables


def test_every_assumption_is_explained() -> None:
    """In the order in which they are listed."""
    names = [name for name in Assumptions.__slots__ if not name.startswith("__")]

    assert names == list(ABOUT)


@pytest.mark.parametrize(
    "wrong",
    [
        evolve(GIVEN, city_share=1.5),
        evolve(GIVEN, files_per_day=0),
        evolve(GIVEN, request_ms=float("nan")),
        evolve(GIVEN, age_days=-1),
        evolve(GIVEN, redis_node="cache.huge"),
        evolve(GIVEN, architecture="sparc"),
        evolve(GIVEN, known_share=0.2),
    ],
)
def test_impossible_assumptions_are_refused(wrong: Assumptions) -> None:
    """Each names its option."""
    (option,) = [name for name in ABOUT if getattr(wrong, name) is not getattr(GIVEN, name)]

    with pytest.raises(InvalidConfiguration, match=f"--{option.replace('_', '-')}"):
        monthly_bill(wrong)
