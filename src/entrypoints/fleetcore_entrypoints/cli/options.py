"""Options that several commands share, and the fleet they name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from fleetcore.errors import InvalidConfiguration, InvalidInput, StorageUnavailable

if TYPE_CHECKING:
    from fleetcore.application.fleet_file import FleetConfig
    from fleetcore_entrypoints.wiring.app import App
    from fleetcore_entrypoints.wiring.aws import AwsApp
    from fleetcore_entrypoints.wiring.live import LiveApp
    from fleetcore_entrypoints.wiring.local import LocalApp

AppT = TypeVar("AppT", bound="App")

DEFAULT_DATA: Final = Path("fleetcore-data")
ON_AWS: Final = Path("aws:")
"""In the place of a folder: the fleet on AWS that the environment's variables name."""


_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+://|aws:", re.IGNORECASE)


def named(text: str) -> str:
    """What names something, which an empty text does not: a variable of the shell was not set."""
    if not text:
        raise click.BadParameter("it is empty")
    return text


def _folder(text: str | Path) -> Path:
    said = named(str(text))
    if _URL.match(said) and said != str(ON_AWS):
        raise click.BadParameter(f"{said!r} is no folder; a fleet on AWS is {ON_AWS}")
    return Path(said)


class FiniteRange(click.FloatRange):
    """As `click.FloatRange`, which takes NaN and infinity for numbers in any range."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value!r} is no number in the range {self._describe_range()}.", param, ctx)
        return found


data_option = click.option(
    "--data",
    type=_folder,
    metavar="DIR",
    envvar="FLEETCORE_DATA",
    show_envvar=True,
    default=DEFAULT_DATA,
    help="The folder that holds the data; aws: for the fleet in the cloud.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a line, for machines."
)
config_option = click.option(
    "--config",
    type=Path,
    metavar="FILE",
    help="A fleet.toml with limits, rules and how files are read.",
)
mapping_option = click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Which column (name or number) holds a field.",
)
timezone_option = click.option(
    "--timezone", metavar="ZONE", help="Of times without an offset (else UTC)."
)
speed_unit_option = click.option("--speed-unit", metavar="UNIT", help="km/h, mph, m/s or kn.")
vehicles_option = click.option(
    "--vehicles", metavar="FILE|URL", help="Vehicles' metadata, JSON or CSV."
)
region_option = click.option(
    "--region", metavar="NAME", help="What the region in this folder is called (else home)."
)
ingestion_argument = click.argument(
    "ingestion", metavar="ID", help="An ingestion, or how its id begins."
)


def pairs(texts: Sequence[str], option: str, form: str) -> dict[str, str]:
    """`NAME=VALUE` texts by name.

    Raises `InvalidConfiguration` for another form or a name given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not (name and mark and value):
            raise InvalidConfiguration(f"{option} {text!r} is not of the form {form}")
        if name.strip() in found:
            raise InvalidConfiguration(f"{option} names {name.strip()} twice; give it once")
        found[name.strip()] = value
    return found


def refuse_aws(data: Path) -> None:
    """Raise `InvalidInput` where no folder is named."""
    if data == ON_AWS:
        raise InvalidInput(
            "this command is for a data folder; on AWS files go in through S3: "
            "aws s3 cp FILE s3://$FLEETCORE_BUCKET/telemetry/"
        )


@contextmanager
def existing_app(data: Path) -> Iterator[App]:
    """The fleet that `--data` names, if it is there. Raises `InvalidInput` where none is."""
    if data == ON_AWS:
        with existing_aws(data) as app:
            yield app
    else:
        with existing_folder(data) as app:
            yield app


@contextmanager
def existing_aws(data: Path) -> Iterator[AwsApp]:
    """The fleet on AWS that the environment names. Raises `InvalidInput` for a data folder."""
    if data != ON_AWS:
        raise InvalidInput(f"--data {data}: this is for a fleet on AWS only: --data {ON_AWS}")
    from fleetcore_entrypoints.wiring.aws import wire_aws

    with _closed(wire_aws(metrics=StringIO())) as app:
        yield app


@contextmanager
def existing_folder(data: Path) -> Iterator[LocalApp]:
    """The fleet of a data folder that is there. Raises `InvalidInput` where none is."""
    _check_is_there(data)
    from fleetcore_entrypoints.wiring.local import wire_local

    with _closed(wire_local(data)) as app:
        yield app


def check_region(region: str | None, config: FleetConfig) -> None:
    """Raise `InvalidConfiguration` for a region that the config's regions lack."""
    if config.regions and region not in (None, *config.regions):
        raise InvalidConfiguration(
            f"--region {region}: the config has {', '.join(config.regions)}, and not this one"
        )


def _check_is_there(data: Path) -> None:
    from fleetcore_adapters.local.database import FILE_NAME

    refuse_aws(data)
    if not (data / FILE_NAME).is_file():
        raise InvalidInput(
            f"{data}: there is no fleetcore data here; say where it is with --data DIR, "
            "or make it: fleetcore ingest FILE, fleetcore run"
        )


@contextmanager
def existing_region(
    data: Path, region: str | None = None, config: FleetConfig | None = None
) -> Iterator[LiveApp]:
    """As `opened_region`, of a data folder that is there. Raises `InvalidInput` where none is."""
    if not (data / "snapshots").is_dir():  # a copy of these may be all there is
        _check_is_there(data)
    with opened_region(data, region, config) as app:
        yield app


@contextmanager
def opened_region(
    data: Path, region: str | None = None, config: FleetConfig | None = None
) -> Iterator[LiveApp]:
    """The region of a data folder, which is made if it does not exist; `region` is its name.

    Raises `InvalidInput` for a fleet on AWS, `InvalidConfiguration` for a name that the config's
    regions lack: a folder keeps its first one.
    """
    refuse_aws(data)
    if config is not None:
        check_region(region, config)
    from fleetcore_entrypoints.wiring.live import wire_live

    app = wire_live(data, region)
    try:
        yield app
    finally:
        app.close()


@contextmanager
def _closed(app: AppT) -> Iterator[AppT]:
    try:
        yield app
    finally:
        app.close()


@contextmanager
def resumed_app(data: Path) -> Iterator[App]:
    """As `existing_app`; what an interrupted ingestion committed but did not store is stored.

    Where the disk does not let it be stored, a note says so: reading needs no space.
    """
    with existing_app(data) as app:
        _resume(app)
        yield app


@contextmanager
def resumed_folder(data: Path) -> Iterator[LocalApp]:
    """As `resumed_app`, of a data folder."""
    with existing_folder(data) as app:
        _resume(app)
        yield app


def _resume(app: App) -> None:
    from fleetcore_entrypoints.cli.output import note

    try:
        app.resume()
    except StorageUnavailable as error:
        note(f"what an interrupted ingestion left is not stored yet: {error}")


def examples(*lines: str) -> str:
    """The end of a command's help: lines to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def instant(text: str, option: str) -> int:
    """Epoch ms of a time in ISO 8601; UTC without an offset. Raises `InvalidConfiguration`."""
    from fleetcore.domain.cells import time_in

    found = time_in(text, "iso", "UTC")
    if not isinstance(found, int):
        raise InvalidConfiguration(
            f"{option} {text!r} is no time in ISO 8601, such as 2024-05-01T13:45 (UTC) "
            "or 2024-05-01T13:45:00+02:00"
        )
    return found
