"""The contract of dead messages, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.dead_messages import DeadMessagesContract


class TestDeadMessages(DeadMessagesContract):
    """Runs the suite on what the fixture `open_dead_messages` opens."""
