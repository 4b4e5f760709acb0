"""What storing a batch came to; the use case itself need not tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve

from fleetcore.application.fleet import Fleet
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import DeadLetter, Part, StoredEvent
from fleetcore.ports.dead_letters import DeadLetters
from fleetcore.ports.location_log import LocationLog


class TalliedLog(LocationLog):
    """A log; `outcome` is what it said of all parts that were appended through this."""

    def __init__(self, log: LocationLog) -> None:
        self._log = log
        self.outcome = StoreOutcome()

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        outcomes = self._log.append(parts)
        self.outcome = sum(outcomes, self.outcome)
        return outcomes

    def read_vehicle(self, vehicle_id: str, start_ms: int, end_ms: int) -> tuple[StoredEvent, ...]:
        return self._log.read_vehicle(vehicle_id, start_ms, end_ms)

    def read_city(self, city: str, start_ms: int, end_ms: int) -> Iterator[StoredEvent]:
        return self._log.read_city(city, start_ms, end_ms)

    def scan(self) -> Iterator[StoredEvent]:
        return self._log.scan()

    def winners_since(self, cursor: int) -> tuple[Iterable[StoredEvent], int]:
        return self._log.winners_since(cursor)


class TalliedLetters(DeadLetters):
    """A place for dead letters; `buried` are those that came through this."""

    def __init__(self, letters: DeadLetters) -> None:
        self._letters = letters
        self.buried: list[DeadLetter] = []

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        self._letters.bury(letters)
        self.buried += letters

    def read(self) -> tuple[DeadLetter, ...]:
        return self._letters.read()

    def remove(self, letters: Sequence[DeadLetter]) -> None:
        self._letters.remove(letters)


def tallied(fleet: Fleet) -> tuple[Fleet, TalliedLog, TalliedLetters]:
    """A fleet that counts what goes to its log and its dead letters."""
    log, letters = TalliedLog(fleet.log), TalliedLetters(fleet.dead_letters)
    return evolve(fleet, log=log, dead_letters=letters), log, letters
