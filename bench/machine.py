"""What the figures were measured on."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.commands import PEER_PYTHON, PEERS
from bench.processes import run

_OURS: Final = ("fleetcore", "attrs", "numpy", "pyarrow")
_THEIRS: Final = (*PEERS, "numpy", "pyarrow")
_CPU_INFO: Final = Path("/proc/cpuinfo")


def described(*, peers: bool = True) -> dict[str, object]:
    """The machine, its load when it was asked, and the versions of what is compared."""
    return {**_own(), "peers_with": _versions_of_peers() if peers else {}}


def _versions_of_peers() -> dict[str, str]:
    versions = (
        "import json; from importlib.metadata import version; "
        f"print(json.dumps({{name: version(name) for name in {_THEIRS!r}}}))"
    )
    found: dict[str, str] = json.loads(run([PEER_PYTHON, "-c", versions]).output)
    return found


def _own() -> dict[str, object]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": sys.version.split()[0],
        "fleetcore_with": {name: version(name) for name in _OURS},
    }


def _cpu() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
