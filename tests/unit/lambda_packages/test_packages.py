"""What goes into the deployment packages, and that equal contents are equal zips."""

from __future__ import annotations

import os
import re
import sys
import zipfile
from importlib.metadata import packages_distributions, requires
from pathlib import Path, PurePosixPath

import pytest
from lambda_packages.archive import write_zip
from lambda_packages.contents import is_needed, trim
from lambda_packages.functions import FUNCTIONS, Function, file_of, reach_of
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[3]
PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*")
UNSEEN = {
    "tzdata",  # zones, which Lambda's own system lacks: zoneinfo finds it by name
    "aws-xray-sdk",  # imported by Powertools' tracer
}
"""What is needed without an import that can be seen."""

every_function = pytest.mark.parametrize(
    "function", [pytest.param(each, id=each.name) for each in FUNCTIONS]
)


def pins(path: Path) -> dict[str, str]:
    """Versions by name; every line is an exact one."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert [] == [line for line in lines if not PIN.fullmatch(line)]
    return {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines}


@every_function
def test_versions_are_those_that_are_tested(function: Function) -> None:
    """What runs in Lambda is what the tests run on."""
    tested = pins(REPOSITORY / "requirements" / "dev.txt")
    packed = pins(function.requirements)

    assert {name: tested.get(name) for name in packed} == packed


@every_function
def test_everything_that_is_imported_is_packed_and_nothing_else(function: Function) -> None:
    """The distributions of what a function can import, and what those require."""
    distributions = packages_distributions()
    imported = reach_of(function).elsewhere - sys.stdlib_module_names
    wanted: set[str] = {
        canonicalize_name(name) for each in imported for name in distributions[each]
    }
    wanted |= UNSEEN & pins(function.requirements).keys()
    waiting = list(wanted)
    while waiting:
        needed = [Requirement(text) for text in requires(waiting.pop()) or []]
        more = {
            canonicalize_name(each.name)
            for each in needed
            if each.marker is None or each.marker.evaluate({"extra": ""})
        }
        waiting += more - wanted
        wanted |= more

    assert wanted == pins(function.requirements).keys()


@every_function
def test_a_package_holds_the_modules_that_are_reached(function: Function) -> None:
    """The function's own among them, and no other entry point."""
    modules = reach_of(function).modules
    others = {each.module for each in FUNCTIONS} - {function.module}

    assert function.module in modules
    assert all(file_of(each)[0].is_file() for each in modules)
    assert not modules & others
    assert not {each for each in modules if {"cli", "testing"} & {*each.split(".")}}


def test_storing_needs_no_way_to_fetch_vehicles() -> None:
    """Nothing that judges rows comes with `store_events`."""
    store = next(each for each in FUNCTIONS if each.name == "store_events")

    assert "httpx" not in reach_of(store).elsewhere
    assert not store.never & reach_of(store).modules


@pytest.mark.parametrize(
    "path",
    [
        *("pyarrow/lib.cpython-312-x86_64-linux-gnu.so", "pyarrow/libarrow.so.2600"),
        *("pyarrow/libarrow_substrait.so.2600", "pyarrow/_compute.cpython-312-x.so"),
        *("botocore/data/s3/2006-03-01/service-2.json.gz", "botocore/data/endpoints.json"),
        *("numpy.libs/libscipy_openblas64_-1.so", "attrs-26.1.0.dist-info/METADATA"),
        *("aws_lambda_powertools/utilities/jmespath_utils/__init__.py", "six.py"),
        *("aws_lambda_powertools/utilities/__init__.py", "boto3/docs/docstring.py"),
    ],
)
def test_what_runs_is_kept(path: str) -> None:
    """Libraries under the names that loaders ask for, descriptions of the services in use."""
    assert is_needed(PurePosixPath(path))


@pytest.mark.parametrize(
    "path",
    [
        *("pyarrow/libarrow_flight.so.2600", "pyarrow/libarrow_python.so"),
        *("pyarrow/libarrow_python.so.2600.1.0", "pyarrow/include/arrow/api.h"),
        *("botocore/data/ec2/2016-11-15/service-2.json.gz", "numpy/linalg/tests/test_linalg.py"),
        *("attrs/__init__.pyi", "six-1.17.0.dist-info/RECORD", "bin/f2py"),
        *("aws_lambda_powertools/utilities/batch/base.py", "wrapt/__pycache__/x.cpython-312.pyc"),
    ],
)
def test_what_never_runs_is_left_out(path: str) -> None:
    """Headers, tests, stubs, other services and formats."""
    assert not is_needed(PurePosixPath(path))


def test_trimming_leaves_no_empty_folder(tmp_path: Path) -> None:
    """What is left is what is needed."""
    for name in ("pyarrow/include/arrow/api.h", "pyarrow/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    trim(tmp_path)

    assert [tmp_path / "pyarrow", tmp_path / "pyarrow" / "__init__.py"] == sorted(
        tmp_path.rglob("*")
    )


def test_equal_folders_are_equal_zips(tmp_path: Path) -> None:
    """Neither times, modes nor the order of making leave a trace."""
    names = ["b/two.py", "a.py", "b/one.so"]
    for folder, order, mode in (("first", names, 0o600), ("second", names[::-1], 0o755)):
        for at, name in enumerate(order):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(mode)
            os.utime(path, (0, 1_600_000_000 + at * 86_400 + mode * 60))
        write_zip(tmp_path / folder, tmp_path / f"{folder}.zip")

    first, second = ((tmp_path / f"{each}.zip").read_bytes() for each in ("first", "second"))
    assert first == second
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert sorted(names) == archive.namelist()
