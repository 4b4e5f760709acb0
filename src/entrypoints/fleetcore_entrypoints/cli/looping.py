"""Steps that are taken again and again, side by side, until a command is to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from fleetcore.errors import FleetcoreError
from fleetcore_entrypoints.cli.output import note

RETRY_S: Final = 1.0
"""How long a step is left alone behind one that failed."""


@contextmanager
def looping(
    steps: Mapping[str, Callable[[], object]], stopped: threading.Event, every_s: float
) -> Iterator[None]:
    """Take each step about every `every_s` seconds, in a thread of its own, inside the block.

    What a step cannot read or write, or finds damaged, is told, and tried again. Another error
    sets `stopped` and is raised by the end of the block. When it ends, the steps in hand are
    waited for.
    """
    errors: list[BaseException] = []

    def loop(name: str, step: Callable[[], object]) -> None:
        told = ""
        while not stopped.is_set():
            wait_s = every_s
            try:
                step()
                told = ""
            except FleetcoreError as error:
                wait_s = RETRY_S
                if str(error) != told:
                    told = str(error)
                    note(f"{name}: {told}")
            except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
                errors.append(error)
                stopped.set()
            stopped.wait(wait_s)

    threads = [
        threading.Thread(target=loop, args=(name, step), name=name) for name, step in steps.items()
    ]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        stopped.set()
        for each in threads:
            each.join()
    if errors:
        raise errors[0]
