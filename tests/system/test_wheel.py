"""The wheel, installed into clean environments: what each extra brings is enough, and no more."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PINS = REPOSITORY / "requirements" / "dev.txt"
PACKAGES = ("fleetcore", "fleetcore_adapters", "fleetcore_entrypoints")
TIMEOUT_S = 300
HANDLERS = ("fleetcore_entrypoints.lambdas", "fleetcore_entrypoints.wiring")
CLOUD = (
    "fleetcore_adapters.aws",
    "fleetcore_adapters.redis",
    "fleetcore_entrypoints.costs",
    "fleetcore_entrypoints.lambdas",
    "fleetcore_entrypoints.wiring.aws",
)
LIVE = (
    "fleetcore_entrypoints.wiring.forgetting",
    "fleetcore_entrypoints.wiring.listening",
    "fleetcore_entrypoints.wiring.live",
    "fleetcore_entrypoints.wiring.regions",
)
SIMULATOR = ("fleetcore_entrypoints.cli.simulating", "fleetcore_entrypoints.wiring.simulated")

IMPORT_ALL = """
import importlib, pkgutil, sys
roots, left_out = sys.argv[1].split(","), tuple(filter(None, sys.argv[2].split(",")))
names = []
for root in roots:
    package = importlib.import_module(root)
    names.append(root)
    if hasattr(package, "__path__"):
        names += [module.name for module in pkgutil.walk_packages(package.__path__, root + ".")
                  if not module.name.startswith(left_out)]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print("\\n".join(names))
"""

pytestmark = [pytest.mark.wheel, pytest.mark.system, pytest.mark.slow]
Environment = Callable[[str], Path]


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
    )


def _succeed(*command: str | Path, cwd: Path) -> str:
    done = _run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="wheel", scope="module")
def _wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _succeed(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", folder, REPOSITORY),
        cwd=folder,
    )
    (wheel,) = folder.glob("fleetcore-*.whl")
    return wheel


@pytest.fixture(name="environment", scope="module")
def _environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Makes a clean environment with the wheel and one extra, once; returns its `bin`."""
    made: dict[str, Path] = {}

    def make(extra: str) -> Path:
        if extra not in made:
            folder = tmp_path_factory.mktemp(f"environment-{extra or 'bare'}")
            _succeed(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
            _succeed(
                *(sys.executable, "-m", "pip", "--python", folder / "bin" / "python"),
                *("install", "--quiet", "--constraint", PINS),
                f"{wheel}[{extra}]" if extra else wheel,
                cwd=folder,
            )
            made[extra] = folder / "bin"
        return made[extra]

    return make


def _import_all(bin_folder: Path, roots: str, left_out: str = "") -> list[str]:
    program = (bin_folder / "python", "-I", "-W", "error", "-c", IMPORT_ALL, roots, left_out)
    return _succeed(*program, cwd=bin_folder).split()


def test_wheel_holds_what_the_source_holds(wheel: Path) -> None:
    """Every module of the source is in the wheel under its import name, with `py.typed`."""
    roots = {
        "fleetcore": REPOSITORY / "src",
        "fleetcore_adapters": REPOSITORY / "src" / "adapters",
        "fleetcore_entrypoints": REPOSITORY / "src" / "entrypoints",
    }
    expected = {
        str(path.relative_to(folder))
        for name, folder in roots.items()
        for path in (folder / name).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert expected == held
    assert {f"{package}/py.typed" for package in PACKAGES} <= held


def test_bare_install_imports_the_core(environment: Environment) -> None:
    """Without extras every module of the core but `fleetcore.testing` can be imported."""
    imported = _import_all(environment(""), "fleetcore", "fleetcore.testing")

    assert "fleetcore.domain.location" in imported


def test_local_install_imports_all_of_the_laptop(environment: Environment) -> None:
    """The extra `local` is all that a data folder and the command line need, but to simulate."""
    left_out = ("fleetcore.testing", *CLOUD, *SIMULATOR)
    imported = _import_all(environment("local"), ",".join(PACKAGES), ",".join(left_out))

    assert "fleetcore_adapters.arrow.part_file" in imported


@pytest.mark.parametrize(
    ("extra", "package"), [("aws", "fleetcore_adapters.aws"), ("redis", "fleetcore_adapters.redis")]
)
def test_each_service_has_its_extra(environment: Environment, extra: str, package: str) -> None:
    """The SDK of a service is all that its adapters need beside the core."""
    assert package in _import_all(environment(extra), package)


def test_the_handlers_have_their_extra(environment: Environment) -> None:
    """The extra `lambda` is all that the handlers and what they are wired of need."""
    left_out = (*LIVE, *SIMULATOR)
    imported = _import_all(environment("lambda"), ",".join(HANDLERS), ",".join(left_out))

    assert "fleetcore_entrypoints.wiring.aws" in imported


def test_testing_install_imports_the_public_test_tools(environment: Environment) -> None:
    """The extra `testing` is all that `fleetcore.testing` needs beside the core."""
    imported = _import_all(environment("testing"), "fleetcore")

    assert "fleetcore.testing" in imported


def test_full_install_imports_everything(environment: Environment) -> None:
    """The extra `all` is enough for every module."""
    assert _import_all(environment("all"), ",".join(PACKAGES))


def test_command_works_with_local(environment: Environment) -> None:
    """`fleetcore --help` answers where the extra `local` is installed."""
    bin_folder = environment("local")

    assert "ingest" in _succeed(bin_folder / "fleetcore", "--help", cwd=bin_folder)


def test_command_without_local_says_what_to_install(environment: Environment) -> None:
    """`fleetcore` in a bare install names the extra that is missing, without a traceback."""
    bin_folder = environment("")
    done = _run(bin_folder / "fleetcore", "--help", cwd=bin_folder)

    assert done.returncode != 0
    assert "fleetcore[local]" in done.stderr
    assert "Traceback" not in done.stderr
