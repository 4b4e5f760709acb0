"""Following the log: what is new in it goes into the views, each at its own pace.

    log --changes since the view's cursor--> view   (facts and cursor in one step)

A view owns its cursor, so one that is new, lost or cleared catches up by itself: it stands at 0.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.tombstones import key_of
from fleetcore.ports.live_log import LiveLog
from fleetcore.ports.registers import Registers


class View(Protocol):
    """What is made of the winners of a log, and can be made again."""

    @abstractmethod
    def cursor(self) -> int:
        """How far it has followed the log; 0 if it never did."""
        raise NotImplementedError

    @abstractmethod
    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> object:
        """Take facts in, in whatever order, and save the cursor: not before them.

        `since` is the cursor that the facts came behind. A view that stands before it was cleared
        meanwhile, and keeps its own: what lies between is still to come.
        """
        raise NotImplementedError

    @abstractmethod
    def clear(self) -> None:
        """Forget all, the cursor too."""
        raise NotImplementedError


@frozen(slots=True)
class After(View):
    """A view that takes facts in when another one, that it asks, is brought up to them."""

    view: View
    bring_up_other: Callable[[], object]

    def cursor(self) -> int:
        return self.view.cursor()

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
        self.bring_up_other()
        self.view.merge(facts, cursor, since)

    def clear(self) -> None:
        self.view.clear()


@frozen(kw_only=True, slots=True)
class Followed:
    """What a view was given: so many facts, and the cursor behind them."""

    facts: int
    cursor: int


def follow(log: LiveLog, view: View) -> Followed:
    """Bring a view up to where the log is now. Raises `StorageUnavailable`; nothing is skipped.

    Several may do it at once, and it may be interrupted anywhere. A view that is beyond the log
    followed another one, of which this is what was restored, or began anew: it is made again.
    """
    # The view first: who follows it meanwhile does not lead a log that is looked at later.
    cursor = view.cursor()
    reached = log.reached()
    if cursor == reached:
        return Followed(facts=0, cursor=cursor)
    if cursor > reached:
        return rebuild(log, view)
    return _follow_from(cursor, log, view)


def _follow_from(cursor: int, log: LiveLog, view: View) -> Followed:
    changes = log.changes_since(cursor)
    # Asked behind the changes: who was forgotten since the log was read is not put in any more.
    gone = {each.key for each in log.tombstones()}
    facts = changes.facts
    if gone:
        facts = [each for each in facts if key_of(each.vehicle_id) not in gone]
    view.merge(facts, changes.cursor, cursor)
    return Followed(facts=len(facts), cursor=changes.cursor)


def follow_registers(log: LiveLog, registers: Registers) -> Followed:
    """As `follow`; whom the log has forgotten is forgotten in the registers, before facts come."""
    if registers.cursor() > log.reached():
        return rebuild_registers(log, registers)
    _bury(log, registers)
    return follow(log, registers)


def rebuild(log: LiveLog, view: View) -> Followed:
    """Make a view anew from the whole log, beside whoever follows it meanwhile."""
    view.clear()
    return _follow_from(0, log, view)


def rebuild_registers(log: LiveLog, registers: Registers) -> Followed:
    """Make registers anew from the whole log, and whom it has forgotten."""
    registers.clear()
    _bury(log, registers)
    return _follow_from(0, log, registers)


def _bury(log: LiveLog, registers: Registers) -> None:
    if tombstones := log.tombstones():
        known = {each.key for each in registers.tombstones()}
        if new := [each for each in tombstones if each.key not in known]:
            registers.bury(new)
