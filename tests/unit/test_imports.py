"""What the core may import; `.importlinter` holds the layers and the homes of the libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import grimp
import pytest

PURE: Final = frozenset(
    {
        *("__future__", "abc", "collections", "enum", "functools", "itertools", "operator"),
        *("typing", "codecs", "math", "re", "string", "struct", "unicodedata", "attrs"),
        *("datetime", "zoneinfo"),  # values and zones; ruff (DTZ) keeps the clock out
        "bisect",
        "sys",  # the largest float
    }
)
"""Modules that compute: no clock, no chance, nothing outside the process."""

FORMATS: Final = PURE | {"cattrs", "contextlib", "csv", "gzip", "hashlib", "io", "json", "zlib"}
"""And modules that read and write formats in memory."""

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "fleetcore.errors": PURE,
    "fleetcore.domain": PURE | {"hashlib"},
    "fleetcore.codec": PURE | {"cattrs", "json"},
    "fleetcore.ports": PURE | {"contextlib"},
    "fleetcore.application": FORMATS | {"difflib", "tomllib", "random"},  # generators are seeded
    "fleetcore.testing": FORMATS
    | {"concurrent", "greenlet", "hypothesis", "pytest", "random", "threading"}
    | {"importlib", "inspect", "pathlib", "pkgutil"},  # suites are found, and run, by name
}
"""By part of the core; a part that is not here may import nothing from outside."""


@pytest.fixture(name="graph", scope="module")
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("fleetcore", include_external_packages=True, cache_dir=None)


def _outside(graph: grimp.ImportGraph) -> dict[str, set[str]]:
    """What each part of the core imports from elsewhere."""
    imported: dict[str, set[str]] = {}
    for module in graph.modules:
        if module.partition(".")[0] == "fleetcore":
            found = graph.find_modules_directly_imported_by(module)
            part = ".".join(module.split(".")[:2])
            imported.setdefault(part, set()).update(
                each for each in found if each.partition(".")[0] != "fleetcore"
            )
    return imported


def test_core_imports_nothing_but_what_is_allowed(graph: grimp.ImportGraph) -> None:
    """Whatever is not listed is forbidden: I/O, clocks, chance, threads, libraries."""
    outside = _outside(graph)

    assert {} == {
        part: excess
        for part, found in outside.items()
        if (excess := found - ALLOWED.get(part, frozenset()))
    }


def test_nothing_is_allowed_that_is_not_used(graph: grimp.ImportGraph) -> None:
    """The lists are no wider than the core."""
    assert set() == set().union(*ALLOWED.values()) - set().union(*_outside(graph).values())
