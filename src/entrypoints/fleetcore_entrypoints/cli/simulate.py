"""`fleetcore simulate`: the application in worlds where everything goes wrong, seed after seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from fleetcore_entrypoints.cli.options import examples, json_option

if TYPE_CHECKING:
    from fleetcore.testing.simulation.running import Outcome, Summary

FAILURES_TOLD: Final = 3
"""Of so many seeds that failed the last steps are printed; with --json those of all."""


@click.command(
    epilog=examples(
        "fleetcore simulate --seeds 1000 --jobs 2",
        "fleetcore simulate --scenario live --seeds 1 --from 4711",
        "fleetcore simulate --scenario mycompany.stories:tides --seeds 100 --json",
    )
)
@click.option("--seeds", metavar="N", default=100, type=click.IntRange(min=1), help="So many.")
@click.option(
    "--from",
    "first",
    metavar="SEED",
    default=1,
    type=click.IntRange(min=0),
    help="The first seed; equal seeds go equal ways.",
)
@click.option(
    "--scenario",
    "names",
    metavar="NAME",
    multiple=True,
    help="files, live, or MODULE:FACTORY of your own (else files and live). May be repeated.",
)
@click.option(
    "--jobs", metavar="N", default=1, type=click.IntRange(min=1), help="So many processes."
)
@json_option
def simulate(*, seeds: int, first: int, names: tuple[str, ...], jobs: int, as_json: bool) -> None:
    """Run the application against simulated services that fail in every way they may.

    Each seed is another world of three regions: virtual time, workers that take turns at every
    port call, faults at rates of its own, and invariants that are checked throughout. A seed
    that breaks one is told with its last steps and the command that replays it, and the exit
    status is 1. Needs the extra `testing`.
    """
    from time import perf_counter

    from fleetcore.errors import InvalidConfiguration
    from fleetcore_entrypoints.cli.progress import lasting

    try:
        from fleetcore.testing.simulation.running import summed_up
        from fleetcore_entrypoints.cli.simulating import outcomes
        from fleetcore_entrypoints.wiring.simulated import scenarios
    except ModuleNotFoundError as error:
        raise InvalidConfiguration(
            f"{error.name} is not installed; pip install 'fleetcore[local,testing]'"
        ) from None

    is_broken = False
    for name in names or tuple(scenarios()):
        began_s = perf_counter()
        with lasting(f"simulating {name}") as tell:
            summary = summed_up(outcomes(name, range(first, first + seeds), jobs, tell))
        is_broken |= bool(summary.failed)
        _show(name, summary, perf_counter() - began_s, as_json=as_json)
    if is_broken:
        raise click.exceptions.Exit(1)


def _show(name: str, summary: Summary, seconds: float, *, as_json: bool) -> None:
    from fleetcore_entrypoints.cli.output import print_json, print_table

    if as_json:
        print_json(
            {
                "scenario": name,
                "seeds": summary.seeds,
                "seeds_without_faults": summary.without_faults,
                "port_calls": summary.calls,
                "fewest_port_calls": summary.fewest_calls,
                "invariants_checked": summary.checks,
                "faults": dict(summary.faults),
                "seeds_with_fault": dict(summary.faulted),
                "seconds": seconds,
                "failed": [_failed(name, each) for each in summary.failed],
            }
        )
        return
    print(
        f"{name}: {summary.seeds:,} seeds, {summary.calls:,} port calls "
        f"(at least {summary.fewest_calls:,} a seed), {summary.checks:,} invariants checked, "
        f"{seconds:,.1f} s, {summary.seeds / seconds:,.1f} seeds/s"
    )
    print_table(
        ("fault", "times", "in seeds"),
        [
            (fault, f"{times:,}", f"{summary.faulted[fault]:,}")
            for fault, times in sorted(summary.faults.items())
        ],
        "lrr",
    )
    print(f"{summary.without_faults:,} seeds had no fault; {len(summary.failed):,} seeds failed")
    for outcome in summary.failed[:FAILURES_TOLD]:
        _tell(name, outcome)


def _failed(name: str, outcome: Outcome) -> dict[str, object]:
    failure = outcome.failure
    return {
        "seed": outcome.seed,
        "invariant": failure and failure.invariant,
        "wrong": failure and failure.wrong,
        "trace": failure and failure.trace,
        "replay": _replay(name, outcome),
    }


def _tell(name: str, outcome: Outcome) -> None:
    from fleetcore_entrypoints.cli.output import shown

    if outcome.failure is not None:
        print(f"\nseed {outcome.seed}: {outcome.failure.invariant}")
        print(f"  {shown(outcome.failure.wrong)}")
        for step in outcome.failure.trace:
            print(f"  {step}")
        print(f"replay it: {_replay(name, outcome)}")


def _replay(name: str, outcome: Outcome) -> str:
    return f"fleetcore simulate --scenario {name} --seeds 1 --from {outcome.seed}"
