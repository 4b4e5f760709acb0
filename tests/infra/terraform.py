"""Terraform over a copy of `infra/`, with the AWS provider that this machine has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from tests.standins.missing import Missing

REPOSITORY: Final = Path(__file__).parents[2]
INFRA: Final = REPOSITORY / "infra"

_PROVIDER: Final = Path("registry.terraform.io", "hashicorp", "aws")
_TOPS: Final = ("/opt", "/usr/local", "/usr/share", "/usr/lib", "~/.terraform.d", "~/.local/share")
_DEPTH: Final = 4
_INIT_WITHIN_S: Final = 300

_FILE_MIRROR: Final = """
disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path    = {path}
    include = ["registry.terraform.io/*/*"]
  }}
}}
"""
_REGISTRY: Final = "disable_checkpoint = true\n"

MINISTACK_DIFFERENCES: Final = frozenset(
    {
        "aws_cloudwatch_metric_alarm.actions_enabled",
        "aws_cloudwatch_metric_alarm.alarm_actions",
        "aws_cloudwatch_metric_alarm.alarm_description",
        "aws_cloudwatch_metric_alarm.dimensions",
        "aws_cloudwatch_metric_alarm.ok_actions",
        "aws_cloudwatch_metric_alarm.period",
        "aws_cloudwatch_metric_alarm.statistic",
        "aws_cloudwatch_metric_alarm.treat_missing_data",
        "aws_dynamodb_table.point_in_time_recovery",
        "aws_s3_object.tags_all",  # of an object that is put in parts
    }
)
"""What ministack forgets of what it is told, as `changed` says it of a second plan."""

_LOCAL_STATE: Final = 'terraform {\n  backend "local" {}\n}\n'


@frozen(slots=True)
class Terraform:
    """Terraform in a folder that is initialised; `environment` is all its processes see."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str, within_s: float = 600.0) -> subprocess.CompletedProcess[str]:
        """What a command prints, and how it ends."""
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=within_s,
        )

    def states(self, *files: str) -> Mapping[str, Mapping[str, Any]]:
        """What each run of these test files has built, as `terraform show -json` says it.

        Runs go by `<file>/<run>`. The tests must pass.
        """
        filters = [f"-filter=tests/{file}.tftest.hcl" for file in files]
        done = self.run("test", "-json", "-verbose", *filters)
        assert done.returncode == 0, done.stdout[-2_000:]
        lines = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
        return {
            f"{Path(line['@testfile']).name.split('.')[0]}/{line['@testrun']}": line["test_state"]
            for line in lines
            if line["type"] == "test_state"
        }


def changed(plan: Mapping[str, Any]) -> frozenset[str]:
    """What a plan, as `terraform show -json` says it, would change: types and attributes."""
    return frozenset(
        f"{resource['type']}.{name}"
        for resource in plan.get("resource_changes", ())
        for before, after in [
            (resource["change"]["before"] or {}, resource["change"]["after"] or {})
        ]
        if resource["change"]["actions"] not in (["no-op"], ["read"])
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    )


def initialised(folder: Path, *, keeps_state: bool = False) -> Terraform:
    """Terraform in a copy of `infra/` in this empty folder; the tree itself is never written to.

    With `keeps_state` it can be applied: its state is a file in the folder. Otherwise it can
    only be validated and tested. Raises `Missing`, which skips a test, without Terraform, or
    where the provider is neither on the machine nor to be had.
    """
    if shutil.which("terraform") is None:
        raise Missing("Terraform is not on this machine")
    copy = folder / "infra"
    shutil.copytree(INFRA, copy, ignore=shutil.ignore_patterns(".terraform*", "*_override.tf"))
    if keeps_state:
        (copy / "backend_override.tf").write_text(_LOCAL_STATE)
    mirror = provider_mirror()
    settings = folder / "terraform.rc"
    settings.write_text(
        _REGISTRY if mirror is None else _FILE_MIRROR.format(path=json.dumps(str(mirror)))
    )
    plugins = folder / "plugins"
    plugins.mkdir()
    terraform = Terraform(
        copy,
        {
            **{name: text for name, text in os.environ.items() if not name.startswith("TF_")},
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_PLUGIN_CACHE_DIR": str(plugins),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
        },
    )
    backend = [] if keeps_state else ["-backend=false"]
    done = terraform.run("init", "-no-color", *backend, within_s=_INIT_WITHIN_S)
    if done.returncode != 0:
        if mirror is None:
            raise Missing("the AWS provider is not on this machine, and its registry out of reach")
        raise AssertionError(done.stderr)
    return terraform


def provider_mirror() -> Path | None:
    """The folder in which this machine keeps Terraform's providers, laid out as a mirror."""
    for top in _TOPS:
        for folder in _folders(Path(top).expanduser(), _DEPTH):
            if (folder / _PROVIDER).is_dir():
                return folder
    return None


def _folders(top: Path, depth: int) -> Iterator[Path]:
    """A folder and those in it, the nearest first; what cannot be read is left out."""
    level = [top]
    for _ in range(depth):
        yield from level
        level = [each for folder in level for each in _inside(folder)]


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir() and not each.is_symlink())
    except OSError:
        return []
