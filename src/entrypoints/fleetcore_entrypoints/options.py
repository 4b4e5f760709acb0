"""From what a user says about an ingestion to the request the use case takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from fleetcore.application.fleet_file import FleetConfig, fleet_config
from fleetcore.application.ingesting import Metadata, Request
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.application.tracks import JudgeOf, judges
from fleetcore.domain.interpretation import SpeedUnit
from fleetcore.domain.location import normalised_id
from fleetcore.errors import InvalidConfiguration, InvalidInput

if TYPE_CHECKING:
    from fleetcore_adapters.arrow.vehicles_file import VehiclesFile

PathText: TypeAlias = str | PathLike[str]

_URL: Final = re.compile(r"(https?|s3)://", re.IGNORECASE)


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

    `vehicles` may be a URL. Raises `InvalidConfiguration` for an option that is not allowed,
    `InvalidInput` where `vehicles` cannot be read, `StorageUnavailable` where its server fails.
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
        metadata=None if vehicles is None else metadata_at(vehicles),
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


def judges_at(config: PathText | None, vehicles: PathText | None) -> JudgeOf:
    """The judges of tracks by a `fleet.toml` and vehicles' metadata; raises as `request_of`."""
    directory = None if vehicles is None else metadata_at(vehicles).directory
    return judges(config_at(config).track, directory)


def metadata_at(where: PathText, fetch_s3: Callable[[str], bytes] | None = None) -> Metadata:
    """Vehicles' metadata in a file, or behind an http://, https:// or s3:// URL.

    `fetch_s3` gets the content of an s3:// URL; without it there is no S3. Raises `InvalidInput`
    where there is no list of vehicles, `StorageUnavailable` where a server fails.
    """
    url = where if isinstance(where, str) else ""
    scheme = _URL.match(url)
    if scheme is None:
        # Here, because most commands need no columns.
        from fleetcore_adapters.arrow.vehicles_file import VehiclesFile

        return _metadata(VehiclesFile.at(Path(where)))
    return metadata_in(content_at(url, fetch_s3), url.partition("?")[0])


def content_at(url: str, fetch_s3: Callable[[str], bytes] | None) -> bytes:
    """The document behind a URL; see `metadata_at`."""
    if url.lower().startswith("s3:"):
        if fetch_s3 is None:
            raise InvalidInput(
                f"{url}: a fleet in a folder reads nothing from S3; copy the file, or give a "
                "signed https:// URL of it"
            )
        return fetch_s3(url)

    from fleetcore_adapters.http.documents import fetched

    return fetched(url)


def metadata_in(content: bytes, name: str) -> Metadata:
    """Vehicles' metadata in a document called `name`. Raises `InvalidInput`."""
    from fleetcore_adapters.arrow.vehicles_file import VehiclesFile

    return _metadata(VehiclesFile(content, name))


def _metadata(file: VehiclesFile) -> Metadata:
    digest = hashlib.sha256(file.content).hexdigest()
    return Metadata(content_id=f"sha256:{digest}", directory=file)
