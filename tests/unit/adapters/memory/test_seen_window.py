"""The exact filter."""

from __future__ import annotations

from fleetcore_adapters.memory.seen_window import MemorySeenWindow


def test_forgetting_loses_every_generation_of_the_window() -> None:
    """What began before is lost, in that window alone."""
    window = MemorySeenWindow()
    tokens = [window.begin("day", 9), window.begin("day", 9), window.begin("other", 9)]
    window.forget("day")

    assert [None, None, (False,)] == [
        window.mark(name, str(token), [("cab", 1)])
        for name, token in zip(("day", "day", "other"), tokens, strict=True)
    ]
