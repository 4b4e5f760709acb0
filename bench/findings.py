"""What a benchmark run finds: figures beside their targets, checks, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import define, field, frozen

from bench.contest import Results, Spread

Unit: TypeAlias = Literal["x", "s", "ms", "us", "MB", "kB", "%", "/s"]

MB: Final = 1_000_000


@frozen(kw_only=True, slots=True)
class Figure:
    """One line of the table. `target` is the most it may be; None where nothing is promised."""

    name: str
    value: float
    unit: Unit
    target: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met, where there is one."""
        return None if self.target is None else self.value <= self.target


@frozen(kw_only=True, slots=True)
class Check:
    """Something that must be so, whatever the speed."""

    name: str
    passed: bool
    detail: str


@define(kw_only=True, slots=True)
class Findings:
    """Everything found so far. `runs` are the counted runs by file and contender."""

    figures: list[Figure] = field(factory=list)
    checks: list[Check] = field(factory=list)
    problems: list[str] = field(factory=list)
    runs: dict[str, Results] = field(factory=dict)
    facts: dict[str, Mapping[str, object]] = field(factory=dict)

    @property
    def sound(self) -> bool:
        """Whether everything could be measured and every check passed."""
        return not self.problems and all(check.passed for check in self.checks)

    def add(
        self,
        name: str,
        value: float | Spread,
        unit: Unit,
        target: float | None = None,
        note: str = "",
    ) -> None:
        """Note a figure; of a spread, its median."""
        if isinstance(value, Spread):
            figure = Figure(
                name=name,
                value=value.median,
                unit=unit,
                target=target,
                low=value.low,
                high=value.high,
                note=note,
            )
        else:
            figure = Figure(name=name, value=value, unit=unit, target=target, note=note)
        self.figures.append(figure)

    def check(self, name: str, passed: bool, detail: str) -> None:
        """Note a check."""
        self.checks.append(Check(name=name, passed=passed, detail=detail))
