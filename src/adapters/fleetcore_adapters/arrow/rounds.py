"""Rounds of a look at the log, a comparison and an append, which is refused beside others'."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Final, TypeVar

from fleetcore.errors import StorageUnavailable
from fleetcore.ports.catalogue import Catalogue

T = TypeVar("T")

FREE_ROUNDS: Final = 3
"""Rounds beside which others may append."""


def in_rounds(catalogue: Catalogue, appended: Callable[[], T | None]) -> T:
    """What is appended in the first round that is not refused, which is None.

    Where others append all the time, the last round is one that nobody else appends beside.
    Raises `StorageUnavailable` if even that one is refused, for which there is no reason.
    """
    for held in (*[nullcontext[None]] * FREE_ROUNDS, catalogue.locked):
        with held():
            done = appended()
        if done is not None:
            return done
    raise StorageUnavailable(
        "the catalogue refuses what it lists no reason against; it is damaged: run fleetcore doctor"
    )
