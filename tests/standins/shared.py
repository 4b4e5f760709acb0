"""Servers that the tests of one process share."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Final

from tests.standins.server import Endpoint

_running: Final[dict[Callable[[], AbstractContextManager[Endpoint]], Endpoint]] = {}
_stack: Final = ExitStack()


def shared(run: Callable[[], AbstractContextManager[Endpoint]]) -> Endpoint:
    """The one server of this process: started on first use, stopped when the process ends.

    Tests on it keep apart by fresh names. Raises what `run` raises, every time.
    """
    if run not in _running:
        if not _running:
            atexit.register(_stack.close)
        _running[run] = _stack.enter_context(run())
    return _running[run]
