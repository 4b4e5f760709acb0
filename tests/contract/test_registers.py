"""The contract of registers, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.registers import RegistersContract


class TestRegisters(RegistersContract):
    """Runs the suite on what the fixture `open_registers` opens."""
