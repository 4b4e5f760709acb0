"""What the doctor finds, and what it compares everything with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import field, frozen

from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part
from fleetcore.ports.catalogue import Listing, Recorded
from fleetcore.ports.origins import Origin

Level: TypeAlias = Literal["fault", "note"]

AFRESH: Final = "ingest the source files again into an empty folder"
RESTORE: Final = f"restore the data folder from a backup, or {AFRESH}"
"""What to do about faults that nothing in the folder can mend."""


@frozen(kw_only=True, slots=True)
class Finding:
    """Something found: a fault, or a note of what is no damage but worth knowing."""

    code: str
    level: Level
    message: str


def fault(code: str, message: str) -> Finding:
    """Something is damaged."""
    return Finding(code=code, level="fault", message=message)


def note(code: str, message: str) -> Finding:
    """Something is unfinished, or in nobody's way."""
    return Finding(code=code, level="note", message=message)


@frozen(kw_only=True, slots=True)
class Told:
    """What the streams and the catalogue say.

    `unreadable` are the ingestions whose streams say nothing; `recorded` and `origins` are the
    appends by the key of their part and the origins by ingestion.
    """

    listing: Listing
    recorded: Mapping[str, Recorded]
    origins: Mapping[str, Origin]
    states: dict[str, Ingestion] = field(factory=dict)
    unreadable: set[str] = field(factory=set)

    def parts(self) -> dict[str, tuple[str, Part]]:
        """Every part that a chunk names, and its ingestion, by key."""
        return {
            part.key: (ingestion, part)
            for ingestion, state in self.states.items()
            for part in state.parts
        }

    def outcomes(self, ingestion: str) -> dict[str, StoreOutcome]:
        """The outcomes of an ingestion's parts, also where its stream does not know them yet."""
        state = self.states[ingestion]
        unsettled = {message.part.key for message in state.unsettled}
        late = {key: self.recorded[key].outcome for key in unsettled & self.recorded.keys()}
        return {**state.outcomes, **late}

    def who(self, ingestion: str) -> str:
        """An ingestion and the file it came from."""
        origin = self.origins.get(ingestion)
        return f"ingestion {ingestion}" + (f" (from {origin.name!r})" if origin else "")
