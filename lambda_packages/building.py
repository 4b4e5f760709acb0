"""One package: distributions for a processor, modules of fleetcore, their bytecode, one zip."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import frozen

from lambda_packages.archive import write_zip
from lambda_packages.contents import trim
from lambda_packages.functions import Function, file_of, reach_of

ARCHITECTURES: Final = ("arm64", "x86_64")

MAX_UNZIPPED_BYTES: Final = 250 << 20
"""What Lambda takes, layers included."""

MAX_UPLOAD_BYTES: Final = 50 << 20
"""What Lambda takes in a request; a larger zip is deployed from a bucket."""

_MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
_PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
"""What the wheels may ask of the C library. Lambda's Python 3.12 has glibc 2.34; its Python 3.11
has 2.26, which is too old for Arrow and numpy: packages for that are for other machines."""

_ROOT: Final = "/var/task"
"""Where Lambda unpacks a package: what tracebacks say."""


class PackageTooLarge(Exception):
    """More than Lambda takes."""


@frozen(kw_only=True, slots=True)
class Target:
    """What a package is made for: a processor as Lambda names it, and Python's `3.x`."""

    architecture: str
    python: str


@frozen(kw_only=True, slots=True)
class Package:
    """A finished package. `has_bytecode`: nothing is compiled when it starts."""

    path: Path
    unzipped_bytes: int
    has_bytecode: bool


def build(function: Function, target: Target, folder: Path) -> Package:
    """Make the package of a function in a folder.

    Equal sources, pins and Python make equal bytes. Raises `PackageTooLarge`,
    `subprocess.CalledProcessError` where pip fails.
    """
    path = folder / f"{function.name}-{target.architecture}-python{target.python}.zip"
    with TemporaryDirectory() as temporary:
        content = Path(temporary) / "package"
        _install(function.requirements, target, content)
        trim(content)
        for module in reach_of(function).modules:
            source, inside = file_of(module)
            (content / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, content / inside)
        has_bytecode = _compile(content, target)
        size_bytes = sum(each.stat().st_size for each in content.rglob("*") if each.is_file())
        if size_bytes > MAX_UNZIPPED_BYTES:
            raise PackageTooLarge(
                f"{path.name} is {size_bytes:,} bytes unzipped; Lambda takes {MAX_UNZIPPED_BYTES:,}"
            )
        write_zip(content, path)
    return Package(path=path, unzipped_bytes=size_bytes, has_bytecode=has_bytecode)


def _install(requirements: Path, target: Target, folder: Path) -> None:
    machine = _MACHINES[target.architecture]
    platforms = [f"--platform={platform}_{machine}" for platform in _PLATFORMS]
    subprocess.run(  # noqa: S603 - pip, with our own words
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-input", "--no-deps", "--no-compile", "--only-binary=:all:", *platforms),
            *("--implementation=cp", f"--python-version={target.python}"),
            *("--target", str(folder), "--requirement", str(requirements)),
        ],
        check=True,
    )


def _compile(folder: Path, target: Target) -> bool:
    """Add the bytecode that this Python would make at every cold start; whether it is here.

    It is never checked against the source, so it depends on no times.
    """
    running = "{}.{}".format(*sys.version_info)
    python = sys.executable if target.python == running else shutil.which(f"python{target.python}")
    if python is None:
        return False
    compiling = (python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
    done = subprocess.run(  # noqa: S603 - Python, with our own words
        [*compiling, "-s", str(folder), "-p", _ROOT, str(folder)],
        check=False,
        capture_output=True,
        env={"PYTHONHASHSEED": "0"},
    )
    return done.returncode == 0
