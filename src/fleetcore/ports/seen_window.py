"""Which identities were met before: the log's cost saver."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol


class SeenWindow(Protocol):
    """A test-and-set filter over identities, one generation a window of event time.

    It may forget all of a generation at once, and says so; it never forgets some. It only saves
    the log requests: a wrong "maybe" costs a look, and nothing else is ever wrong.
    """

    @abstractmethod
    def begin(self, window: str, expected: int) -> str | None:
        """Make an empty filter for about `expected` identities; the token of this generation.

        Beginning again makes another generation and leaves the first as it is: which of them
        counts is for the caller to decide, once, durably. None where no filter can be made now.
        """
        raise NotImplementedError

    @abstractmethod
    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        """Mark vehicle and instant; for each, whether it may have been marked before.

        False is certain: in this generation it never was, by anyone, and of callers at once
        exactly one is told so; also of equal identities in one call. None where the generation
        is lost, evicted, failed over to a replica, or cannot be asked: then not all of these are
        marked, so before they are written it must be given up, durably, by all. Never raises.
        """
        raise NotImplementedError
