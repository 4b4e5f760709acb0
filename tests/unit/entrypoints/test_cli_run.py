"""What `fleetcore run` says of its processes in a log."""

from __future__ import annotations

from fleetcore_entrypoints.cli.run import _line


def test_a_line_has_units_and_instants() -> None:
    """Names lose their unit, which stands behind the number; what is nested is left out."""
    told = {
        "rate_per_s": 5200.1,
        "tick_ms": 1_234,
        "max_m": 0.5,
        "taken_at_ms": 1_700_000_000_000,
        "outcome": "agreed",
        "problem": None,
        "by_reason": {"future": 1},
        "graph_behind": 0,
    }

    assert (
        "rate 5,200.1/s, tick 1,234 ms, max 0.5 m, taken at 2023-11-14T22:13:20.000Z, "
        "outcome agreed, graph behind 0"
    ) == _line(told)
