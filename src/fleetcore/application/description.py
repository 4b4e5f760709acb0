"""What was understood of a file, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fleetcore.application.column_mapping import shortened
from fleetcore.domain.dialects import DELIMITERS
from fleetcore.domain.interpretation import Interpretation, TimeFormat
from fleetcore.domain.location import FIELDS

_TIME_FORMATS: Final[Mapping[TimeFormat, str]] = {
    "epoch-s": "seconds since 1970, UTC",
    "epoch-ms": "milliseconds since 1970, UTC",
    "iso": "ISO 8601",
}
_LISTED_COLUMNS: Final = 12


def described(interpretation: Interpretation, vehicle_id: str | None) -> list[str]:
    """How a file is read, in a few lines of the form `what: how`."""
    dialect, mapping = interpretation.dialect, interpretation.mapping
    form = [
        f"{len(dialect.columns):,} columns",
        f"delimiter {DELIMITERS.get(dialect.delimiter) or repr(dialect.delimiter)}",
        "header" if dialect.has_header else "no header",
        dialect.encoding,
        *([] if dialect.compression == "none" else [dialect.compression]),
    ]
    lines = [
        f"format: {', '.join(form)}",
        "mapping: "
        + ", ".join(
            f"{field} = {shortened(dialect.columns[mapping[field]])}"
            for field in FIELDS
            if field in mapping
        ),
    ]
    if interpretation.vehicle_from_name:
        lines.append(f"vehicle: {vehicle_id} (from the file's name)")
    time = _TIME_FORMATS[interpretation.time_format]
    if interpretation.time_format == "iso":
        time += f", {interpretation.zone} where a time has no offset"
    lines.append(f"time: {time}")
    if "speed_kmh" in mapping:
        lines.append(f"units: speed in {interpretation.speed_unit}")
    used = set(mapping.values())
    ignored = [name for index, name in enumerate(dialect.columns) if index not in used]
    if ignored:
        shown = ", ".join(shortened(name) or "(no name)" for name in ignored[:_LISTED_COLUMNS])
        more = len(ignored) - _LISTED_COLUMNS
        lines.append(f"ignored: {shown}" + (f" and {more:,} more" if more > 0 else ""))
    return lines
