"""The functions, and which modules of fleetcore each needs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import grimp
from attrs import frozen

SOURCE: Final = Path(__file__).parents[1] / "src"

ROOTS: Final = {
    "fleetcore": SOURCE,
    "fleetcore_adapters": SOURCE / "adapters",
    "fleetcore_entrypoints": SOURCE / "entrypoints",
}
"""Where the packages of fleetcore lie, by name."""


@frozen(kw_only=True, slots=True)
class Function:
    """A Lambda function; its handler is `<module>.handler`.

    `never` are modules that its module could import by way of others, and does not.
    """

    name: str
    module: str
    never: frozenset[str] = frozenset()

    @property
    def requirements(self) -> Path:
        """The exact versions of what it imports from elsewhere, and of what that needs."""
        return Path(__file__).parent / "requirements" / f"{self.name}.txt"


FUNCTIONS: Final = (
    Function(name="ingest_file", module="fleetcore_entrypoints.lambdas.ingest_file"),
    Function(
        name="store_events",
        module="fleetcore_entrypoints.lambdas.store_events",
        # Only what judges rows asks for vehicles' metadata.
        never=frozenset({"fleetcore_adapters.http.documents", "fleetcore_adapters.redis.vehicles"}),
    ),
)


@frozen(slots=True)
class Reach:
    """What a function can import: modules of fleetcore, and top packages from elsewhere."""

    modules: frozenset[str]
    elsewhere: frozenset[str]


def reach_of(function: Function) -> Reach:
    """All that lies upstream of the function's module, imports inside of functions included."""
    graph = grimp.build_graph(
        *ROOTS, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    for module in function.never & graph.modules:
        graph.remove_module(module)
    upstream = graph.find_upstream_modules(function.module) | {function.module}
    ours = {each for each in upstream if each.partition(".")[0] in ROOTS}
    parents = {
        module.rsplit(".", depth)[0] for module in ours for depth in range(module.count("."))
    }
    return Reach(
        frozenset(ours | parents), frozenset(each.partition(".")[0] for each in upstream - ours)
    )


def file_of(module: str) -> tuple[Path, Path]:
    """Where a module of fleetcore lies, and where in a package."""
    root = ROOTS[module.partition(".")[0]]
    stem = Path(*module.split("."))
    inside = stem / "__init__.py" if (root / stem).is_dir() else stem.with_suffix(".py")
    return root / inside, inside
