"""A rule and a verdict."""

from __future__ import annotations

from attrs import frozen

from fleetcore.domain.location import FieldName
from fleetcore.domain.rules.conditions import Condition
from fleetcore.domain.rules.settings import Severity


@frozen(kw_only=True, slots=True)
class Rule:
    """A declared condition that every event should meet.

    A broken `reject` rule rejects the event; a broken `warn` rule is counted, and the cell named
    by `clears` becomes null.
    """

    code: str
    severity: Severity
    description: str
    condition: Condition
    clears: FieldName | None = None


@frozen(kw_only=True, slots=True)
class Verdict:
    """What the rules say of one reading: the codes it broke, in the order of the rules."""

    broken: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether no rejecting rule is broken."""
        return not self.broken
