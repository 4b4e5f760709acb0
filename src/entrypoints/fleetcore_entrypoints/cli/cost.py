"""`fleetcore cost`: what a fleet costs on AWS in a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from attrs import asdict, fields

from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.cli.options import examples, json_option
from fleetcore_entrypoints.costs.assumptions import ABOUT, Assumptions

if TYPE_CHECKING:
    from fleetcore_entrypoints.costs.bill import Bill

_EXACT_BELOW: Final = 100
"""Smaller amounts are shown with two decimals."""


def _options() -> list[click.Parameter]:
    """An option for each assumption, in their order."""
    return [
        click.Option(
            [f"--{each.name.replace('_', '-')}"],
            type=type(each.default),
            default=each.default,
            metavar="NAME" if isinstance(each.default, str) else "N",
            help=ABOUT[each.name],
        )
        for each in fields(Assumptions)
    ]


@click.command(
    params=_options(),
    epilog=examples(
        "fleetcore cost",
        "fleetcore cost --vehicles 50000 --events-per-day 1000000 --city-share 0",
        "fleetcore cost --redis-nodes 0 --files-per-day 24 --json",
    ),
)
@json_option
def cost(*, as_json: bool, **assumed: float | str) -> None:
    """Reckon a month's bill on AWS, from the library's own batching and a dated list of prices.

    Needs no account. What is not in the code is an option; its default is an assumption.
    """
    from fleetcore.codec.converter import strict_converter

    try:
        from fleetcore_entrypoints.costs.bill import monthly_bill
    except ModuleNotFoundError as error:
        raise InvalidConfiguration(
            "the adapters of AWS need more packages: pip install 'fleetcore[aws]'"
        ) from error

    given = strict_converter().structure(assumed, Assumptions)
    bill = monthly_bill(given)
    if as_json:
        _print_json(given, bill)
    else:
        _print(given, bill)


def _print_json(given: Assumptions, bill: Bill) -> None:
    from fleetcore_entrypoints.cli.output import print_json
    from fleetcore_entrypoints.costs.prices import AS_OF, REGION

    print_json(
        {
            "prices": {"as_of": AS_OF, "region": REGION, "currency": "USD"},
            "assumptions": asdict(given),
            "file": {
                "rows": bill.file.rows,
                "size_bytes": bill.file.size_bytes,
                "chunks": len(bill.file.chunks),
                "parts": len(bill.file.parts),
            },
            "requests": {
                f"{service}:{operation}": count
                for (service, operation), count in sorted(bill.requests.items())
            },
            "seconds_a_run": {name: round(took, 3) for name, took in bill.seconds.items()},
            "too_long": bill.too_long,
            "lines": [{**asdict(line), "dollars": line.dollars} for line in bill.lines],
            "dollars_by_service": bill.dollars_by_service(),
            "dollars": bill.dollars,
        }
    )


def _print(given: Assumptions, bill: Bill) -> None:
    from fleetcore_entrypoints.cli.output import print_table
    from fleetcore_entrypoints.costs.bill import TIMEOUT_S
    from fleetcore_entrypoints.costs.prices import AS_OF, REGION

    file = bill.file
    print(
        f"A month of {given.vehicles:,} vehicles, {given.events_per_day:,} rows a day in "
        f"{given.files_per_day:,} files, {given.age_days:,} days after the first."
    )
    print(
        f"A file: {file.rows:,} rows, {len(file.chunks):,} chunks, {len(file.parts):,} parts. "
        "A run: " + ", ".join(f"{name} {took:.2f} s" for name, took in bill.seconds.items()) + "."
    )
    for name in bill.too_long:
        print(
            f"{name} is stopped after {TIMEOUT_S[name]} s: with less in a file, Redis, more memory "
            "or a longer time-out it ends in time."
        )
    print(f"Prices in dollars: list of {AS_OF}, {REGION}; check them.\n")
    print_table(
        ["requests of the functions", "operation", "a month"],
        [
            [service, operation, f"{count:,}"]
            for (service, operation), count in sorted(bill.requests.items())
        ],
        "llr",
    )
    print()
    rows = [
        [line.service, line.what, _amount(line.amount), _price(line.price), f"{line.dollars:,.2f}"]
        for line in bill.lines
    ]
    totals = [
        [service, f"{dollars:,.2f}"] for service, dollars in bill.dollars_by_service().items()
    ]
    print_table(["service", "what", "a month", "each", "dollars"], rows, "llrrr")
    print()
    total = ["all", f"{bill.dollars:,.2f}"]
    print_table(["service", "dollars"], [*totals, total], "lr")


def _amount(number: float) -> str:
    return f"{number:,.2f}" if number < _EXACT_BELOW else f"{number:,.0f}"


def _price(dollars: float) -> str:
    return f"{dollars:.10f}".rstrip("0").rstrip(".")
