"""One block, parsed and judged: its accepted rows as columns, and what became of the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import evolve, frozen

from fleetcore.domain.blocks import Block
from fleetcore.domain.cells import UNREADABLE, status_in, text_in
from fleetcore.domain.chunks import RejectedRow, reject_text
from fleetcore.domain.location import REQUIRED_FIELDS, STATUSES, FieldName
from fleetcore.domain.rows import WRONG_COLUMN_COUNT, unreadable_code
from fleetcore.domain.rules.event_rules import rules_in_force
from fleetcore.ports.batch_engine import Work
from fleetcore_adapters.arrow import rules
from fleetcore_adapters.arrow.columns import (
    MISSING,
    UNREADABLE_CODE,
    Codes,
    Column,
    Mask,
    Numbers,
    Texts,
)
from fleetcore_adapters.arrow.csv_block import CsvReader, ParsedBlock
from fleetcore_adapters.arrow.rows import Rows, rows_of
from fleetcore_adapters.arrow.vehicles import VehicleTable, settings_by_row

_TEXT_READERS: Final[Mapping[FieldName, Callable[[str], object]]] = {
    "status": status_in,
    "city": text_in,
    "source": text_in,
}


@frozen(kw_only=True, slots=True, eq=False)
class JudgedBlock:
    """The outcome of one block, before deduplication."""

    rows: Rows
    tally: Counter[str]
    rejected_by: Counter[str]
    malformed_by: Counter[str]
    warned_by: Counter[str]
    rejects: tuple[RejectedRow, ...]
    end: int
    last: bool


class BlockJudge:
    """Judges the blocks of one file; blocks may be judged by several threads at once."""

    def __init__(self, work: Work, vehicles: VehicleTable) -> None:
        received = work.received
        self._work = work
        self._vehicles = vehicles
        self._reader = CsvReader(received.interpretation)
        self._rules = rules_in_force(received.settings, with_directory=work.directory is not None)
        self._own_code = None if work.vehicle_id is None else vehicles.code(work.vehicle_id)

    def judge(self, block: Block) -> JudgedBlock:
        """Parse, judge and enrich a block's rows."""
        parsed = self._reader.parse(block)
        codes, texts, unreadable = self._texts(parsed)
        unreadable.update(parsed.unreadable)
        reasons: defaultdict[int, list[str]] = defaultdict(list)
        malformed = np.zeros(parsed.rows, dtype=np.bool_)
        for field in REQUIRED_FIELDS:
            if (mask := unreadable.get(field)) is not None:
                malformed |= mask
                _note(reasons, mask, unreadable_code(field))
        fields: dict[str, Column] = {
            **texts,
            **{str(field): numbers for field, numbers in parsed.numbers.items()},
        }
        case = self._case(parsed.rows, codes, fields)
        rejected = np.zeros(parsed.rows, dtype=np.bool_)
        rejected_by: Counter[str] = Counter()
        warned_by: Counter[str] = Counter()
        cleared: dict[str, Column] = {}
        for field, mask in unreadable.items():
            if field not in REQUIRED_FIELDS and (count := int((mask & ~malformed).sum())):
                warned_by[unreadable_code(field)] = count
        for rule, mask in rules.broken(self._rules, case):
            judged = mask & ~malformed
            if not (count := int(judged.sum())):
                continue
            if rule.severity == "reject":
                rejected |= judged
                rejected_by[rule.code] = count
                _note(reasons, judged, rule.code)
            else:
                warned_by[rule.code] = count
                if rule.clears is not None and rule.clears in fields:
                    cleared[rule.clears] = fields[rule.clears].without(judged)
        case = evolve(case, fields=_storable({**case.fields, **cleared}))
        refused = malformed | rejected
        rejects = self._rejects(block, parsed, refused, malformed, reasons)
        return JudgedBlock(
            rows=rows_of(parsed, self._vehicles.words, case, codes, refused),
            tally=Counter(reject.kind for reject in rejects),
            rejected_by=rejected_by,
            malformed_by=Counter(
                code for each in rejects if each.kind == "malformed" for code in each.reasons
            ),
            warned_by=warned_by,
            rejects=rejects,
            end=block.end,
            last=block.last,
        )

    def _texts(self, parsed: ParsedBlock) -> tuple[Codes, dict[str, Column], dict[FieldName, Mask]]:
        """Vehicle codes, text columns, and the cells of both that are unreadable."""
        texts: dict[str, Column] = {}
        unreadable: dict[FieldName, Mask] = {}
        codes = np.full(parsed.rows, MISSING, dtype=np.int32)
        if self._own_code is not None:
            codes = np.full(parsed.rows, self._own_code, dtype=np.int32)
        for field, raw in parsed.texts.items():
            if field == "vehicle_id":
                codes = self._vehicles.codes(raw)
                lost = codes == UNREADABLE_CODE
                codes = np.maximum(codes, MISSING)
            else:
                texts[field], lost = _read_texts(raw, _TEXT_READERS[field])
            if lost.any():
                unreadable[field] = lost
        return codes, texts, unreadable

    def _case(self, rows: int, codes: Codes, fields: Mapping[str, Column]) -> rules.Case:
        received = self._work.received
        metadata = {name: column.take(codes) for name, column in self._vehicles.metadata().items()}
        classes = metadata.get("vehicle_class")
        return rules.Case(
            rows=rows,
            fields={**fields, "vehicle_id": Numbers(values=codes, valid=codes >= 0)},
            metadata=metadata,
            settings=settings_by_row(
                received.settings,
                received.now_ms,
                classes if isinstance(classes, Texts) else None,
            ),
        )

    def _rejects(
        self,
        block: Block,
        parsed: ParsedBlock,
        refused: Mask,
        malformed: Mask,
        reasons: Mapping[int, list[str]],
    ) -> tuple[RejectedRow, ...]:
        found = [
            RejectedRow(
                line=row.line,
                kind="malformed",
                reasons=(row.code,),
                text=reject_text(row.text, cut=True),
            )
            for row in block.unending
        ]
        found += [
            RejectedRow(
                line=line, kind="malformed", reasons=(WRONG_COLUMN_COUNT,), text=reject_text(text)
            )
            for line, text in parsed.ragged
        ]
        rows = np.flatnonzero(refused)
        if len(rows):
            found += [
                RejectedRow(
                    line=line,
                    kind="malformed" if bad else "rejected",
                    reasons=tuple(reasons[row]),
                    text=reject_text(text),
                )
                for row, line, bad, text in zip(
                    rows.tolist(),
                    parsed.lines[rows].tolist(),
                    malformed[rows].tolist(),
                    parsed.texts_of(rows),
                    strict=True,
                )
            ]
        return tuple(sorted(found, key=lambda reject: reject.line))


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


def _read_texts(raw: pa.DictionaryArray, read: Callable[[str], object]) -> tuple[Texts, Mask]:
    """A text column through the scalar reader, once for each distinct text."""
    values: dict[str, int] = {}
    codes = []
    for text in raw.dictionary.to_pylist():
        try:
            value = read(text.decode())
        except UnicodeDecodeError:
            value = UNREADABLE
        if isinstance(value, str):
            codes.append(values.setdefault(value, len(values)))
        else:
            codes.append(UNREADABLE_CODE if value is UNREADABLE else MISSING)
    by_entry = np.array(codes or [MISSING], dtype=np.int32)
    indices = raw.indices.to_numpy(zero_copy_only=False)
    found = by_entry[indices]
    return Texts(codes=np.maximum(found, MISSING), values=tuple(values)), found == UNREADABLE_CODE
