"""The verdict on rows held as columns: what is malformed, what is rejected, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve, frozen

from fleetcore.domain.location import STATUSES
from fleetcore.domain.rules.rule import Rule
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore_adapters.arrow import rules as columnar
from fleetcore_adapters.arrow.columns import Codes, Column, Mask, Numbers, Texts
from fleetcore_adapters.arrow.rules import Case
from fleetcore_adapters.arrow.vehicles import VehicleTable, settings_by_row


@frozen(kw_only=True, slots=True, eq=False)
class Judgement:
    """What the rules say of a case; `case` is it without the cells that rules clear.

    `reasons` are those of refused rows, by row.
    """

    case: Case
    malformed: Mask
    rejected: Mask
    rejected_by: Counter[str]
    warned_by: Counter[str]
    reasons: Mapping[int, list[str]]

    @property
    def refused(self) -> Mask:
        """Rows that are not taken in."""
        return self.malformed | self.rejected


def case_of(
    codes: Codes,
    fields: Mapping[str, Column],
    *,
    vehicles: VehicleTable,
    settings: FleetSettings,
    now_ms: int,
) -> Case:
    """Rows with what is known of their vehicles; `codes` are these, by the table."""
    metadata = {name: column.take(codes) for name, column in vehicles.metadata().items()}
    classes = metadata.get("vehicle_class")
    return Case(
        rows=len(codes),
        fields={**fields, "vehicle_id": Numbers(values=codes, valid=codes >= 0)},
        metadata=metadata,
        settings=settings_by_row(settings, now_ms, classes if isinstance(classes, Texts) else None),
    )


def judgement_of(
    case: Case, rules: Sequence[Rule], faults: Mapping[str, Mask], losses: Mapping[str, Mask]
) -> Judgement:
    """Judge the rows that have no fault.

    `faults` and `losses` are the rows whose required and optional cells cannot be read, by code.
    """
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    malformed = np.zeros(case.rows, dtype=np.bool_)
    for code, mask in faults.items():
        malformed |= mask
        _note(reasons, mask, code)
    warned_by: Counter[str] = Counter()
    for code, mask in losses.items():
        if count := int((mask & ~malformed).sum()):
            warned_by[code] = count
    rejected = np.zeros(case.rows, dtype=np.bool_)
    rejected_by: Counter[str] = Counter()
    cleared: dict[str, Column] = {}
    for rule, mask in columnar.broken(rules, case):
        judged = mask & ~malformed
        if not (count := int(judged.sum())):
            continue
        if rule.severity == "reject":
            rejected |= judged
            rejected_by[rule.code] = count
            _note(reasons, judged, rule.code)
        else:
            warned_by[rule.code] = count
            if rule.clears is not None and rule.clears in case.fields:
                cleared[rule.clears] = case.fields[rule.clears].without(judged)
    return Judgement(
        case=evolve(case, fields=_storable({**case.fields, **cleared})),
        malformed=malformed,
        rejected=rejected,
        rejected_by=rejected_by,
        warned_by=warned_by,
        reasons=reasons,
    )


def _storable(fields: dict[str, Column]) -> dict[str, Column]:
    """The fields without texts that are no status, which no rule need have asked for."""
    if isinstance(statuses := fields.get("status"), Texts):
        strange = np.array([*(value not in STATUSES for value in statuses.values), False])
        if strange.any():
            fields["status"] = statuses.without(strange[statuses.codes])
    return fields


def _note(reasons: defaultdict[int, list[str]], rows: Mask, code: str) -> None:
    for row in np.flatnonzero(rows).tolist():
        reasons[row].append(code)
