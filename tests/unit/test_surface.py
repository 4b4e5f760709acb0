"""The shape every module keeps: packages, docstrings, size, and a light `import fleetcore`."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
ROOTS = (
    SOURCE / "fleetcore",
    SOURCE / "adapters" / "fleetcore_adapters",
    SOURCE / "entrypoints" / "fleetcore_entrypoints",
)
MODULES = sorted(module for root in ROOTS for module in root.rglob("*.py"))
LARGEST_MODULE_LINES = 400
MOST_MODULES_ABOVE_ATTRS = 10

every_module = pytest.mark.parametrize(
    "module", [pytest.param(path, id=str(path.relative_to(SOURCE))) for path in MODULES]
)


def _is_public(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return not node.name.startswith("_")


def _says_its_own(node: ast.ClassDef) -> bool:
    """Whether a class has no parent that may have documented its methods."""
    return all(ast.unparse(base).partition("[")[0] == "Protocol" for base in node.bases)


def _is_attribute(node: ast.AST) -> bool:
    """Whether this is an attribute that a Protocol asks for, written as a property without body."""
    match node:
        case ast.FunctionDef(
            decorator_list=[ast.Name(id="property")], body=[ast.Expr(value=ast.Constant(value=v))]
        ):
            return v is ...
        case _:
            return False


def _undocumented(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not _is_public(node) or _is_attribute(node):
            continue
        if not ast.get_docstring(node):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef) and _says_its_own(node):
            yield from _undocumented(node.body, f"{node.name}.")


@every_module
def test_module_is_documented(module: Path) -> None:
    """Modules, public classes, functions and methods say what they mean."""
    tree = ast.parse(module.read_text(encoding="utf-8"))

    assert ast.get_docstring(tree), "the module has no docstring"
    assert [] == list(_undocumented(tree.body))


@every_module
def test_module_is_small(module: Path) -> None:
    """No module is longer than one can keep in mind."""
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LARGEST_MODULE_LINES


@every_module
def test_module_lies_in_packages(module: Path) -> None:
    """Every folder of a module up to its root has an `__init__.py`, or tools overlook it."""
    root = next(root for root in ROOTS if root in module.parents)
    folders = [folder for folder in module.parents if folder == root or root in folder.parents]

    assert [] == [folder for folder in folders if not (folder / "__init__.py").is_file()]


def test_roots_are_typed() -> None:
    """Each distribution package says that it carries types."""
    assert [] == [root for root in ROOTS if not (root / "py.typed").is_file()]


def _modules_loaded_by(statement: str) -> set[str]:
    program = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return set(json.loads(done.stdout))


def test_importing_the_core_is_light() -> None:
    """`import fleetcore` loads no third party but attrs, and few modules above `import attrs`."""
    loaded = _modules_loaded_by("import fleetcore") - _modules_loaded_by("import attrs")
    foreign = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names - {"fleetcore"}

    assert set() == foreign
    assert len(loaded) <= MOST_MODULES_ABOVE_ATTRS
