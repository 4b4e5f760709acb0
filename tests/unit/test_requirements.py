"""The pinned requirements: exact, complete, and free of any index address."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
FILES = sorted((REPOSITORY / "requirements").glob("*.txt"))
PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*")


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line and not line.startswith("#")]


def _pins(file: Path) -> dict[str, str]:
    pairs = (line.split("==") for line in _lines(file))
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("file", [pytest.param(file, id=file.name) for file in FILES])
def test_every_line_is_an_exact_version(file: Path) -> None:
    """A requirements file holds `name==version` lines and nothing else, each name once."""
    lines = _lines(file)

    assert [] == [line for line in lines if not PIN.fullmatch(line)]
    assert len(lines) == len(_pins(file))


def test_pins_meet_what_the_package_declares() -> None:
    """Every dependency of the package and its extras is pinned to a version it allows."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    declared = [
        Requirement(text)
        for group in (project["dependencies"], *project["optional-dependencies"].values())
        for text in group
    ]
    pins = _pins(REPOSITORY / "requirements" / "dev.txt")

    assert [] == [
        str(wanted)
        for wanted in declared
        if wanted.name != project["name"]
        and not wanted.specifier.contains(pins.get(canonicalize_name(wanted.name), "0"))
    ]


def test_the_benchmark_uses_the_same_versions() -> None:
    """What both environments install, they install alike, or ratios compare two things."""
    dev, bench = (_pins(REPOSITORY / "requirements" / name) for name in ("dev.txt", "bench.txt"))

    assert {name: dev[name] for name in dev.keys() & bench.keys()} == {
        name: bench[name] for name in dev.keys() & bench.keys()
    }
