"""The steps that keep a region up."""

from __future__ import annotations

import threading

from fleetcore_entrypoints.cli.follow import taking_turns


def test_views_take_turns_and_peers_wait_for_nobody() -> None:
    """A view works while no other does; a peer that is slow to answer holds up no view."""
    turn = threading.Lock()
    names = ("registers", "geo", "graph", "region eu", "forgotten")

    steps = taking_turns(dict.fromkeys(names, turn.locked), turn)

    assert dict.fromkeys(names[:3], True) | dict.fromkeys(names[3:], False) == {
        name: step() for name, step in steps.items()
    }
    assert not turn.locked()
