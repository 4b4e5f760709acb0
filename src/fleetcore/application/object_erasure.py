"""Forgetting vehicles in objects that are no part of the log: parts, and rejects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.application import rejects
from fleetcore.application.dead_letters import dead_letters, redrive
from fleetcore.application.fleet import Fleet
from fleetcore.application.mentions import Mentions
from fleetcore.application.streams import IngestionStream, readable_states
from fleetcore.application.sweeping import owner
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import EraseRejects, Fail
from fleetcore.errors import CorruptObject, ObjectMissing
from fleetcore.ports.catalogue import Catalogue

CODE: Final = "vehicle-forgotten"
"""Why an unfinished ingestion was given up: it had rows of a forgotten vehicle."""

_PARTS: Final = ("fresh/", "log/")
_REJECTS: Final = "rejects/"

VehiclesIn: TypeAlias = Callable[[bytes], Iterable[str]]
"""The ids of the vehicles that a file of rows holds. Raises `CorruptObject`."""


@frozen(kw_only=True, slots=True)
class ObjectErasure:
    """Finds vehicles in objects, and takes them out."""

    fleet: Fleet
    catalogue: Catalogue
    vehicles_in: VehiclesIn
    mentions: Mentions
    of_one: Collection[str]
    """The ingestions of files whose only vehicle, named by the file, is forgotten."""

    def close_unfinished(self) -> tuple[str, ...]:
        """Give up ingestions that hold the vehicle and may go on: which.

        Going on they would need the parts that are to go. The next attempt at the file takes in
        what is left of it.
        """
        closed: list[str] = []
        for ingestion, state in readable_states(self.fleet.events).items():
            if state.open and self._is_held_by(ingestion):
                stream = IngestionStream(self.fleet.events, ingestion)
                stream.carry_out(
                    Fail(
                        code=CODE,
                        message="a vehicle in it was forgotten while it was read; ingest it again",
                    )
                )
                closed.append(ingestion)
        return tuple(closed)

    def _is_held_by(self, ingestion: str) -> bool:
        if ingestion in self.of_one:
            return True
        objects = self.fleet.objects
        return any(map(self._is_in_part, objects.keys(f"fresh/{ingestion}/"))) or any(
            map(self._is_in_rejects, objects.keys(f"{_REJECTS}{ingestion}/"))
        )

    def redrive(self) -> None:
        """Send dead parts again that hold the vehicle and can be read: the log counts its rows."""
        redrive(
            self.fleet,
            [
                letter
                for letter in dead_letters(self.fleet)
                if self._is_sound(letter.message.part.key, letter.message.part.sha256)
                and self._is_in_part(letter.message.part.key)
            ],
        )

    def _is_sound(self, key: str, sha256: str) -> bool:
        try:
            return hashlib.sha256(self.fleet.objects.get(key)).hexdigest() == sha256
        except ObjectMissing:
            return False

    def erase_parts(self) -> int:
        """Remove parts that hold the vehicle, or cannot be read, and are no file of the log.

        How many; those that are still to be stored stay, and so do those of unfinished files.
        """
        named = {entry.file.key for entry in self.catalogue.files().entries}
        states = readable_states(self.fleet.events)
        removed = 0
        for prefix in _PARTS:
            for key in self.fleet.objects.keys(prefix):
                if key in named or _is_needed(key, states) or not self._is_in_part(key):
                    continue
                self.fleet.objects.remove(key)
                removed += 1
        return removed

    def _is_in_part(self, key: str) -> bool:
        """Whether a part holds the vehicle, or nobody can tell."""
        try:
            content = self.fleet.objects.get(key)
            return any(map(self.mentions.is_one, self.vehicles_in(content)))
        except ObjectMissing:
            return False
        except CorruptObject:
            return True

    def erase_rejects(self) -> int:
        """Take out the texts of rejected rows that name the vehicle; how many.

        New rejects are durable and named before the old ones go. Those that nothing names, or
        that cannot be read, go as a whole; those of unfinished files stay.
        """
        states = readable_states(self.fleet.events)
        erased = 0
        for key in list(self.fleet.objects.keys(_REJECTS)):
            state = states.get(owner(key))
            if not (state is not None and state.open) and self._is_in_rejects(key):
                if state is not None and any(chunk.rejects == key for chunk in state.chunks):
                    erased += self._rewritten(key)
                self.fleet.objects.remove(key)
        return erased

    def _is_in_rejects(self, key: str) -> bool:
        """Whether rejects name the vehicle, or nobody can tell."""
        try:
            rows = rejects.decoded(self.fleet.objects.get(key), key)
            return any(row.text and self._names(key)(row.text) for row in rows)
        except ObjectMissing:
            return False
        except CorruptObject:
            return True

    def _names(self, key: str) -> Callable[[str], bool]:
        return (lambda _: True) if owner(key) in self.of_one else self.mentions.are_in

    def _rewritten(self, key: str) -> int:
        """Put rejects without texts that name the vehicle in the place of others."""
        try:
            rows = tuple(rejects.decoded(self.fleet.objects.get(key), key))
        except CorruptObject:
            return 0
        left = rejects.without(rows, self._names(key))
        content = rejects.encoded(left)
        number = int(key.rpartition("/")[2].partition("-")[0])
        by = rejects.key_of(owner(key), number, content)
        self.fleet.objects.put_if_absent(by, content)
        stream = IngestionStream(self.fleet.events, owner(key))
        stream.carry_out(EraseRejects(key=key, by=by))
        return sum(before != after for before, after in zip(rows, left, strict=True))


def _is_needed(key: str, states: Mapping[str, Ingestion]) -> bool:
    state = states.get(owner(key))
    if state is None:
        return False
    part = next((part for part in state.parts if part.key == key), None)
    return state.open or (part is not None and state.pending(part) > 0)
