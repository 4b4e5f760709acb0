"""One block, parsed and judged: its accepted rows as columns, and what became of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import frozen

from fleetcore.domain.blocks import Block
from fleetcore.domain.cells import UNREADABLE, status_in, text_in
from fleetcore.domain.chunks import RejectedRow, reject_text
from fleetcore.domain.location import REQUIRED_FIELDS, FieldName
from fleetcore.domain.rows import WRONG_COLUMN_COUNT, unreadable_code
from fleetcore.domain.rules.event_rules import rules_in_force
from fleetcore.ports.batch_engine import Work
from fleetcore_adapters.arrow.columns import (
    MISSING,
    UNREADABLE_CODE,
    Codes,
    Column,
    Mask,
    Texts,
)
from fleetcore_adapters.arrow.csv_block import CsvReader, ParsedBlock
from fleetcore_adapters.arrow.judgements import Judgement, case_of, judgement_of
from fleetcore_adapters.arrow.rows import Rows, rows_of
from fleetcore_adapters.arrow.vehicles import VehicleTable

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
        received = self._work.received
        parsed = self._reader.parse(block)
        codes, texts, unreadable = self._texts(parsed)
        unreadable.update(parsed.unreadable)
        fields: dict[str, Column] = {
            **texts,
            **{str(field): numbers for field, numbers in parsed.numbers.items()},
        }
        found = judgement_of(
            case_of(
                codes,
                fields,
                vehicles=self._vehicles,
                settings=received.settings,
                now_ms=received.now_ms,
            ),
            self._rules,
            faults={
                unreadable_code(field): unreadable[field]
                for field in REQUIRED_FIELDS
                if field in unreadable
            },
            losses={
                unreadable_code(field): mask
                for field, mask in unreadable.items()
                if field not in REQUIRED_FIELDS
            },
        )
        rejects = self._rejects(block, parsed, found)
        return JudgedBlock(
            rows=rows_of(parsed.lines, self._vehicles.words, found.case, codes, found.refused),
            tally=Counter(reject.kind for reject in rejects),
            rejected_by=found.rejected_by,
            malformed_by=Counter(
                code for each in rejects if each.kind == "malformed" for code in each.reasons
            ),
            warned_by=found.warned_by,
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

    def _rejects(
        self, block: Block, parsed: ParsedBlock, judgement: Judgement
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
        rows = np.flatnonzero(judgement.refused)
        if len(rows):
            found += [
                RejectedRow(
                    line=line,
                    kind="malformed" if bad else "rejected",
                    reasons=tuple(judgement.reasons[row]),
                    text=reject_text(text),
                )
                for row, line, bad, text in zip(
                    rows.tolist(),
                    parsed.lines[rows].tolist(),
                    judgement.malformed[rows].tolist(),
                    parsed.texts_of(rows),
                    strict=True,
                )
            ]
        return tuple(sorted(found, key=lambda reject: reject.line))


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
