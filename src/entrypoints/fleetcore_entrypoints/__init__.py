"""Entry points: the Python API, the command line, and the typed composition root.

    from fleetcore_entrypoints import open_local

    with open_local("data") as fleet:
        fleet.ingest("fleet.csv")
        fleet.track("vehicle-1")

Importing this package needs no extra; `open_local` needs `fleetcore[local]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleetcore_entrypoints.local import LocalFleet as LocalFleet
    from fleetcore_entrypoints.local import open_local as open_local

__all__ = ["LocalFleet", "open_local"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fleetcore_entrypoints import local

    return getattr(local, name)
