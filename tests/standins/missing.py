"""What this machine lacks."""

from __future__ import annotations

from _pytest.outcomes import Skipped  # pytest.skip.Exception, as type checkers follow it


class Missing(Skipped):
    """A tool that a stand-in needs is not on this machine: the test it is raised in skips."""
