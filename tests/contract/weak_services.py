"""The memory adapters, made as weak as services: they fail half-way, and lose answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TypeVar

from fleetcore.domain.ingestion_events import IngestionEvent
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import DeadLetter, LaneMessage, Part, StoredEvent
from fleetcore.errors import StorageUnavailable
from fleetcore.ports.clock import Clock
from fleetcore.ports.lanes import Delivery
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.memory.dead_letters import MemoryDeadLetters
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore

T = TypeVar("T")


class Weather:
    """Says by chance what fails; nothing does when it is calm."""

    def __init__(self, seed: int, share: float = 0.3) -> None:
        self._random = Random(seed)
        self._share = share
        self.is_calm = False

    def is_bad(self) -> bool:
        """Whether a call fails."""
        return not self.is_calm and self._random.random() < self._share

    def half(self, batch: Sequence[T], do: Callable[[Sequence[T]], object]) -> None:
        """Do a batch, or the beginning of one and raise; also when the end was reached."""
        if self.is_bad():
            do(batch[: self._random.randint(0, len(batch))])
            raise StorageUnavailable("it stopped half-way")
        do(batch)

    def some(self, items: Sequence[T]) -> Sequence[T]:
        """All, or those of a while ago."""
        return items[: self._random.randint(0, len(items))] if self.is_bad() else items

    def whole(self, do: Callable[[], T]) -> T:
        """Do it, or raise before or after."""
        if not self.is_bad():
            return do()
        if self._random.random() < 0.5:
            do()
        raise StorageUnavailable("no answer")


class WeakLanes(MemoryLanes):
    """Leases, and batches of which a part is done."""

    def __init__(self, clock: Clock, weather: Weather) -> None:
        super().__init__(clock, lease_s=300)
        self._weather = weather

    def send(self, messages: Sequence[LaneMessage]) -> None:
        self._weather.half(messages, super().send)

    def receive(self, limit: int) -> tuple[Delivery, ...]:
        return self._weather.whole(lambda: super(WeakLanes, self).receive(limit))

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        self._weather.half(deliveries, super().settle)

    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        self._weather.half(deliveries, lambda some: super(WeakLanes, self).hide(some, seconds))


class WeakLetters(MemoryDeadLetters):
    """Keeps or removes some of a batch."""

    def __init__(self, weather: Weather) -> None:
        super().__init__()
        self._weather = weather

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        self._weather.half(letters, super().bury)

    def remove(self, letters: Sequence[DeadLetter]) -> None:
        self._weather.half(letters, super().remove)


class WeakLog(MemoryLog):
    """Appends a part after the other until it fails; a city's index is behind."""

    def __init__(self, objects: ObjectStore, weather: Weather) -> None:
        super().__init__(objects)
        self._weather = weather

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        outcomes: list[StoreOutcome] = []
        self._weather.half(parts, lambda some: outcomes.extend(super(WeakLog, self).append(some)))
        return tuple(outcomes)

    def read_city(self, city: str, start_ms: int, end_ms: int) -> Iterator[StoredEvent]:
        yield from self._weather.some([*super().read_city(city, start_ms, end_ms)])


class WeakEvents(MemoryEventStore[IngestionEvent]):
    """Appends all or nothing, but does not always say so."""

    def __init__(self, weather: Weather) -> None:
        super().__init__()
        self._weather = weather

    def append(self, stream: str, expected_version: int, events: Sequence[IngestionEvent]) -> int:
        return self._weather.whole(
            lambda: super(WeakEvents, self).append(stream, expected_version, events)
        )


class WeakObjects(MemoryObjectStore):
    """Puts and gets that fail."""

    def __init__(self, weather: Weather) -> None:
        super().__init__()
        self._weather = weather

    def put_if_absent(self, key: str, content: bytes) -> bool:
        return self._weather.whole(lambda: super(WeakObjects, self).put_if_absent(key, content))

    def get(self, key: str) -> bytes:
        return self._weather.whole(lambda: super(WeakObjects, self).get(key))
