"""A fleet on a stand-in, wired in this process, and files for it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from attrs import evolve, frozen
from aws_lambda_powertools.logging import Logger
from tests.standins.ministack import running_ministack
from tests.standins.redis_server import running_redis
from tests.standins.shared import shared
from tests.system.cloud import QUEUES, Cloud, cloud_at, handlers_on
from tests.system.outcomes import Outcome, outcome

from fleetcore.application.generation.dirt import DIRT_DESCRIPTIONS
from fleetcore.application.generation.spec import FleetSpec
from fleetcore_entrypoints.cli.generating import write_fleet
from fleetcore_entrypoints.wiring.aws import AwsApp, wire_aws

START_MS: Final = 1_715_000_000_000
CITY_ROWS: Final = ((0, 300), (150, 400))
"""From which row to which each of the files of cities goes: they overlap."""


@frozen(kw_only=True)
class Deployed:
    """A fleet on a stand-in, wired, and what it logged."""

    cloud: Cloud
    app: AwsApp
    metrics: io.StringIO
    log: io.StringIO

    def run(self) -> None:
        """Deliver until nothing waits."""
        self.cloud.run(*handlers_on(self.app, self.logger()))

    def outcome(self) -> Outcome:
        """What it says; no message and no letter is left."""
        for queue in QUEUES:
            assert 0 == self.cloud.held(queue) == self.cloud.held(f"{queue}_DEAD")
        return outcome(self.app.fleet)

    def logger(self) -> Logger:
        """A log of its own."""
        return Logger(service=uuid4().hex, stream=self.log)


def deployed(
    monkeypatch: pytest.MonkeyPatch, *, with_redis: bool = True, **files: Path
) -> Deployed:
    """A fleet with resources of its own, which this process's environment names from then on.

    `files` go into the bucket of settings, each named by its variable.
    """
    cloud = cloud_at(shared(running_ministack).http)
    named = {f"FLEETCORE_{name.upper()}": cloud.set(path) for name, path in files.items()}
    if with_redis:
        named["FLEETCORE_REDIS_URL"] = shared(running_redis).redis
    cloud = evolve(cloud, environment={**cloud.environment, **named})
    for name, text in cloud.environment.items():
        monkeypatch.setenv(name, text)
    metrics = io.StringIO()
    return Deployed(cloud=cloud, app=wire_aws(metrics=metrics), metrics=metrics, log=io.StringIO())


def city_rows(start: int, stop: int) -> str:
    """Rows of five vehicles in two cities; of some instants there are other payloads."""
    lines = ["vehicle_id,observed_at,latitude,longitude,speed_kmh,city\n"]
    for number in range(start, stop):
        city = ("Berlin", "Łódź")[number % 2]
        row = f"cab {number % 5},{START_MS + number * 60_000},52.5,13.{number},{number % 3 * 20}"
        lines.append(f"{row},{city}\n")
        if number % 31 == 0:
            lines.append(f"{row.replace('52.5', f'5{start % 7}.25')},{city}\n")
    return "".join(lines)


def large_row(number: int, speed_kmh: int = 0) -> str:
    """A row that is larger than an item of DynamoDB."""
    return f"cab 0,{START_MS + number * 60_000},52.5,13.4,{speed_kmh},{'x' * 500_000}\n"


def written_files(folder: Path) -> list[Path]:
    """A generated file with every kind of dirt, and two with cities that overlap."""
    spec = FleetSpec(vehicles=12, rows=900, seed=5, dirt=dict.fromkeys(DIRT_DESCRIPTIONS, 0.02))
    paths = [write_fleet(spec, folder / "fleet.csv").file]
    for number, (start, stop) in enumerate(CITY_ROWS):
        paths.append(folder / f"cities {number}.csv")
        paths[-1].write_text(city_rows(start, stop), encoding="utf-8")
    return paths
