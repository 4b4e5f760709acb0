"""The steps that keep a region up."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

from tests.regions import fact

from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_entrypoints.cli.follow import Progress, slow_steps_of, taking_turns
from fleetcore_entrypoints.wiring.live import wire_live


def test_views_take_turns_and_peers_wait_for_nobody() -> None:
    """A view works while no other does; a peer that is slow to answer holds up no view."""
    turn = threading.Lock()
    names = ("registers", "geo", "graph", "region eu", "forgotten")

    steps = taking_turns(dict.fromkeys(names, turn.locked), turn)

    assert dict.fromkeys(names[:3], True) | dict.fromkeys(names[3:], False) == {
        name: step() for name, step in steps.items()
    }
    assert not turn.locked()


def test_the_graph_brings_its_index_up_first(tmp_path: Path) -> None:
    """Both are where the log is then, and both are told of."""
    with closing(wire_live(tmp_path, "home")) as app:
        app.log.append_batches(ArrowLiveEngine().encoded([fact("cab-1", 1)], "live-1"))
        progress = Progress()

        slow_steps_of(app, progress)["graph"]()

        assert app.log.reached() == app.geo.cursor() == app.graph.cursor()
        assert {"geo", "graph"} == progress._views.keys()
