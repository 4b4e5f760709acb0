"""The deployment packages as Lambda unpacks them: alone, in a Python that knows nothing else."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from lambda_packages.building import MAX_UNZIPPED_BYTES, Package, Target, build
from lambda_packages.functions import FUNCTIONS, Function, reach_of
from tests.standins.ministack import running_ministack
from tests.standins.shared import shared
from tests.system.cloud import Cloud, cloud_at

from fleetcore.application.generation.generator import generate
from fleetcore.application.generation.spec import FleetSpec

# Python's own library, then the package, and no other path.
INVOKE = """
import sys
package, name = sys.argv[1:]
sys.path = [path for path in sys.path if "site-packages" not in path] + [package]
import importlib, json
module = importlib.import_module("fleetcore_entrypoints.lambdas." + name)
class Context:
    function_name, memory_limit_in_mb, aws_request_id = name, 512, "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:" + name
    def get_remaining_time_in_millis(self): return 60_000
event = json.load(sys.stdin)
answer = module.handler(event, Context())
elsewhere = [getattr(each, "__file__", None) or "" for each in list(sys.modules.values())]
foreign = [each for each in elsewhere if "site-packages" in each]
print(json.dumps({"answer": answer, "foreign": foreign}), file=sys.stderr)
"""
PYTHON = "{}.{}".format(*sys.version_info)
HERE = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="a package for Linux on x86_64 runs nowhere else",
)

pytestmark = [pytest.mark.wheel, pytest.mark.system, pytest.mark.slow]


@pytest.fixture(name="packages", scope="module")
def _packages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Package]:
    """Each function's package for this machine's processor and Python."""
    folder = tmp_path_factory.mktemp("packages")
    target = Target(architecture="x86_64", python=PYTHON)
    return {each.name: build(each, target, folder) for each in FUNCTIONS}


@pytest.fixture(name="unpacked", scope="module")
def _unpacked(
    packages: Mapping[str, Package], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    folders = {name: tmp_path_factory.mktemp(name) for name in packages}
    for name, package in packages.items():
        with zipfile.ZipFile(package.path) as archive:
            archive.extractall(folders[name])
    return folders


def _invoking(
    name: str, package: Path, cloud: Cloud
) -> Callable[[dict[str, Any], object], Mapping[str, Any]]:
    def invoke(event: dict[str, Any], _context: object) -> Mapping[str, Any]:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", INVOKE, str(package), name],
            input=json.dumps(event),
            env=dict(cloud.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
        assert [] == said["foreign"]
        answer: Mapping[str, Any] = said["answer"]
        return answer

    return invoke


@HERE
def test_the_packages_alone_take_a_file_in_and_store_it(
    unpacked: Mapping[str, Path], tmp_path: Path
) -> None:
    """From the upload to the log, by what is in the zips and Python's own library."""
    file = tmp_path / "fleet.csv"
    with file.open("wb") as sink:
        truth = generate(FleetSpec(vehicles=20, rows=400), sink)
    cloud = cloud_at(shared(running_ministack).http)
    cloud.upload(file, "fleet.csv")
    handlers = {name: _invoking(name, folder, cloud) for name, folder in unpacked.items()}
    cloud.run(handlers["ingest_file"], handlers["store_events"])
    table = cloud.environment["FLEETCORE_LOG_TABLE"]
    stored = cloud.dynamodb.scan(TableName=table, Select="COUNT")

    assert truth.counts.to_store == stored["Count"]


IMPORT = """
import sys
package, *names = sys.argv[1:]
sys.path = [path for path in sys.path if "site-packages" not in path] + [package]
import importlib
for name in names:
    importlib.import_module(name)
from aws_lambda_powertools.tracing import Tracer
Tracer(service="fleetcore", patch_modules=["botocore"], disabled=False)
"""


@HERE
@pytest.mark.parametrize("function", [pytest.param(each, id=each.name) for each in FUNCTIONS])
def test_every_module_of_a_package_can_be_imported(
    unpacked: Mapping[str, Path], function: Function
) -> None:
    """Those too that wait for Redis, a URL of vehicles or a sampled trace."""
    modules = sorted(reach_of(function).modules)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT, str(unpacked[function.name]), *modules],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"AWS_DEFAULT_REGION": "us-east-1"},
    )

    assert done.returncode == 0, done.stderr


def test_a_package_is_within_what_lambda_takes(packages: Mapping[str, Package]) -> None:
    """Unzipped; the zip itself is deployed from a bucket."""
    assert max(each.unzipped_bytes for each in packages.values()) < MAX_UNZIPPED_BYTES


def test_a_package_brings_its_bytecode(packages: Mapping[str, Package]) -> None:
    """A cold start compiles nothing."""
    for package in packages.values():
        assert package.has_bytecode
        names = set(zipfile.ZipFile(package.path).namelist())
        sources = {each for each in names if each.endswith(".py")}
        tag = sys.implementation.cache_tag
        compiled = {
            str(Path(each).parent / "__pycache__" / f"{Path(each).stem}.{tag}.pyc")
            for each in sources
        }
        assert compiled <= names


def test_a_package_made_again_is_the_same_to_the_byte(
    packages: Mapping[str, Package], tmp_path: Path
) -> None:
    """Whenever it is made."""
    function = next(each for each in FUNCTIONS if each.name == "store_events")
    again = build(function, Target(architecture="x86_64", python=PYTHON), tmp_path)

    assert packages["store_events"].path.read_bytes() == again.path.read_bytes()
