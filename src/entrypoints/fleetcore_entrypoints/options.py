"""From what a user says about an ingestion to the request the use case takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias, cast

from fleetcore.application.fleet_file import FleetConfig, fleet_config
from fleetcore.application.ingesting import Metadata, Request
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.domain.interpretation import SpeedUnit
from fleetcore.domain.location import normalised_id
from fleetcore.errors import InvalidConfiguration

PathText: TypeAlias = str | PathLike[str]


def request_of(
    *,
    mapping: Mapping[str, str | int] | None = None,
    columns: Sequence[str] = (),
    delimiter: str | None = None,
    encoding: str | None = None,
    timezone: str | None = None,
    vehicle_from_filename: str | None = None,
    speed_unit: str | None = None,
    vehicles: PathText | None = None,
    config: PathText | None = None,
    again: bool = False,
) -> Request:
    """What is said here, over what the file `config` (a `fleet.toml`) says.

    Raises `InvalidConfiguration` for an option that is not allowed, `InvalidInput` where the
    file `vehicles` cannot be read.
    """
    configured = config_at(config)
    said = ReadingOptions(
        mapping={field: str(column) for field, column in (mapping or {}).items()},
        columns=tuple(columns),
        delimiter=delimiter,
        encoding=encoding,
        zone=timezone,
        vehicle_from_filename=vehicle_from_filename,
        speed_unit=cast("SpeedUnit | None", speed_unit),
    )
    return Request(
        reading=said.over(configured.reading),
        settings=configured.settings,
        metadata=None if vehicles is None else _metadata_at(Path(vehicles)),
        again=again,
    )


def id_asked_for(text: str) -> str:
    """A vehicle id as events hold it; a text that is no id stays, and is found nowhere."""
    return normalised_id(text) or text


def config_at(path: PathText | None) -> FleetConfig:
    """The settings in a file; the defaults for None. Raises `InvalidConfiguration`."""
    if path is None:
        return FleetConfig()
    try:
        return fleet_config(Path(path).read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise InvalidConfiguration(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(f"{path}: the file is not UTF-8: {error}") from None


def _metadata_at(path: Path) -> Metadata:
    # Here, because most commands need no columns.
    from fleetcore_adapters.arrow.vehicles_file import VehiclesFile

    file = VehiclesFile.at(path)
    digest = hashlib.sha256(file.content).hexdigest()
    return Metadata(content_id=f"sha256:{digest}", directory=file)
