"""What to generate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import field, frozen

from fleetcore.application.generation.dirt import DIRT, DIRT_DESCRIPTIONS
from fleetcore.application.generation.faults import EXCLUSIVE, FAULTS
from fleetcore.application.generation.times import TIME_STYLES, TimeStyle
from fleetcore.domain.location import OPTIONAL_NUMBERS, REQUIRED_FIELDS
from fleetcore.errors import InvalidConfiguration

COLUMNS: Final[tuple[str, ...]] = (*REQUIRED_FIELDS, *OPTIONAL_NUMBERS, "status")
DELIMITERS: Final = ",;\t|"
MAX_INTERVAL_S: Final = 3600
_DEFAULT_START: Final = datetime(2024, 5, 6, 6, tzinfo=UTC)
_EARLIEST_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_END: Final = datetime(2200, 1, 1, tzinfo=UTC)


@frozen(kw_only=True, slots=True)
class FleetSpec:
    """A file of so many rows, reported by so many vehicles, one report each `interval_s` seconds.

    `dirt` gives the share of rows, 0 to 1, of each kind in `DIRT_DESCRIPTIONS`; a row gets at most
    one kind, so the shares sum to at most 1. `faults` are kinds in `FAULTS`. `headings` renames
    columns in the header. `rows` counts every row, the repeated and the malformed included.
    Raises `InvalidConfiguration` for what is not allowed.
    """

    vehicles: int = 500
    rows: int = 100_000
    seed: int = 1
    start: datetime = _DEFAULT_START
    interval_s: int = 10
    dirt: Mapping[str, float] = field(factory=dict)
    faults: frozenset[str] = frozenset()
    time_format: TimeStyle = "iso"
    columns: tuple[str, ...] = COLUMNS
    delimiter: str = ","
    headings: Mapping[str, str] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for name in ("vehicles", "rows", "interval_s"):
            if getattr(self, name) < 1:
                raise InvalidConfiguration(f"{name} is {getattr(self, name)}; use 1 or more")
        if self.interval_s > MAX_INTERVAL_S:
            raise InvalidConfiguration(
                f"interval_s is {self.interval_s}; use {MAX_INTERVAL_S} or less"
            )
        if self.time_format not in TIME_STYLES:
            raise InvalidConfiguration(
                f"time_format is {self.time_format!r}; use one of {', '.join(TIME_STYLES)}"
            )
        if len(self.delimiter) != 1 or self.delimiter not in DELIMITERS:
            raise InvalidConfiguration(
                f"delimiter is {self.delimiter!r}; use one of "
                f"{', '.join(repr(each) for each in DELIMITERS)}"
            )
        self._check_span()
        self._check_columns()
        self._check_dirt()
        self._check_faults()

    @property
    def end(self) -> datetime:
        """No clean row is as late as this. A truth holds only where it is past."""
        return self.start + timedelta(seconds=self.interval_s * -(-self.rows // self.vehicles))

    def _check_span(self) -> None:
        if self.start.utcoffset() is None or self.start.microsecond:
            raise InvalidConfiguration(
                f"start is {self.start.isoformat()}; use a whole second with an offset from UTC"
            )
        try:
            allowed = self.start >= _EARLIEST_START and self.end <= _LATEST_END
        except OverflowError:
            allowed = False
        if not allowed:
            raise InvalidConfiguration(
                f"from {self.start.isoformat()} on, {self.rows} rows of {self.vehicles} vehicles "
                f"every {self.interval_s} s leave the years 1970 to 2199; "
                "use another start, more vehicles or a shorter interval"
            )

    def _check_columns(self) -> None:
        _check_known("columns", (*self.columns, *self.headings), COLUMNS)
        if len(set(self.columns)) != len(self.columns):
            raise InvalidConfiguration("columns names a column twice; name each once")
        missing = [name for name in REQUIRED_FIELDS if name not in self.columns]
        if missing:
            raise InvalidConfiguration(f"columns lacks {', '.join(missing)}; add them")
        for heading in self.headings.values():
            if any(char in heading for char in '"\r\n;' + self.delimiter):
                raise InvalidConfiguration(
                    f"heading {heading!r} holds a quote, a delimiter or a line break; use another"
                )

    def _check_dirt(self) -> None:
        _check_known("kinds of dirt", self.dirt, DIRT_DESCRIPTIONS)
        for kind, share in self.dirt.items():
            if not 0.0 <= share <= 1.0:
                raise InvalidConfiguration(f"share of {kind} is {share}; use 0 to 1")
            needed = DIRT[kind].columns if kind in DIRT else ()
            if share and needed and not set(needed) & set(self.columns):
                raise InvalidConfiguration(
                    f"dirt {kind} needs a column {' or '.join(needed)}; add it to columns"
                )
        if sum(self.dirt.values()) > 1.0 + 1e-9:
            raise InvalidConfiguration(
                f"shares of dirt sum to {sum(self.dirt.values()):g}; use at most 1 in all"
            )

    def _check_faults(self) -> None:
        _check_known("kinds of file faults", self.faults, FAULTS)
        for pair in EXCLUSIVE:
            if pair <= self.faults:
                raise InvalidConfiguration(f"{' and '.join(sorted(pair))} exclude each other")


def _check_known(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidConfiguration(f"no {what}: {', '.join(unknown)}; there are {', '.join(known)}")
