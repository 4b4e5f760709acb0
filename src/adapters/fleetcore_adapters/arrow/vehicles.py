"""The vehicles of one file: a small code for each id, its hash word and its metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from fleetcore.domain.cells import NULLS, UNREADABLE, id_in
from fleetcore.domain.location import MAX_VEHICLE_ID_BYTES
from fleetcore.domain.rules.settings import FleetSettings, judging_values
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore_adapters.arrow.cells import numbers_of
from fleetcore_adapters.arrow.columns import (
    MISSING,
    UNREADABLE_CODE,
    Codes,
    Column,
    Mask,
    Numbers,
    Texts,
    Words,
)
from fleetcore_adapters.arrow.rules import Cells
from fleetcore_adapters.arrow.texts import EMPTY_INDEX, UNKNOWN, are_plain_ids, text_words
from fleetcore_adapters.arrow.vehicles_file import VehiclesFile, vehicle_columns

_NULLS: Final = pa.array(map(str.encode, NULLS), type=pa.binary())


@frozen(kw_only=True, slots=True, eq=False)
class SortedIds:
    """The place of each code among the sorted ids, and the sorted ids."""

    ranks: Codes
    ids: pa.Array


class VehicleTable:
    """Codes count from 0 in the order of first sight; they are used inside one file only."""

    def __init__(self, directory: VehicleDirectory | None) -> None:
        self._lock = Lock()
        self._directory = directory
        self._spellings = EMPTY_INDEX
        self._code_of_spelling = np.empty(0, dtype=np.int32)
        self._code_of: dict[str, int] = {}
        self._ids = pa.array([], type=pa.string())
        self.words: Words = np.empty(0, dtype=np.uint64)
        self._metadata = _metadata_columns(vehicle_columns([None]))
        self._sorted = SortedIds(ranks=np.empty(0, dtype=np.int32), ids=self._ids)

    def codes(self, column: pa.Array) -> Codes:
        """The code of each row's vehicle; `MISSING` or `UNREADABLE_CODE` where it has none.

        `column` is binary, without nulls.
        """
        numbers = self._spellings.find(column)
        if len(unknown := np.flatnonzero(numbers == UNKNOWN)):
            fresh = column.take(pa.array(unknown))
            with self._lock:
                # Another thread may have learned some of them meanwhile.
                found = self._spellings.find(fresh)
                if (unmet := found == UNKNOWN).any():
                    self._learn(fresh.filter(pa.array(unmet)).unique())
                    found = self._spellings.find(fresh)
            numbers[unknown] = found
        return self._code_of_spelling[numbers] if len(numbers) else np.empty(0, dtype=np.int32)

    def code(self, vehicle_id: str) -> int:
        """The code of one id that is in its normal form."""
        return int(self.codes(pa.array([vehicle_id.encode()], type=pa.binary()))[0])

    def _learn(self, spellings: pa.Array) -> None:
        """Give codes to spellings not met before; two spellings of one id share its code."""
        first = len(self._ids)
        plain = _are_ids(spellings)
        odd = [_id_of(text) for text in spellings.filter(pa.array(~plain)).to_pylist()]
        if not self._code_of and not any(isinstance(each, str) for each in odd):
            fresh = spellings.filter(pa.array(plain)).cast(pa.string())
            codes = np.empty(len(spellings), dtype=np.int32)
            codes[plain] = np.arange(first, first + len(fresh))
            codes[~plain] = [MISSING if each is None else UNREADABLE_CODE for each in odd]
        else:
            if not self._code_of:
                self._code_of = {each: code for code, each in enumerate(self._ids.to_pylist())}
            codes = np.array([self._code(text) for text in spellings.to_pylist()], dtype=np.int32)
            fresh = pa.array(list(self._code_of)[first:], type=pa.string())
        if len(fresh):
            if self._directory is not None:
                # First: where it cannot be reached, nothing may be learned by halves.
                more = _metadata_columns(_looked_up(self._directory, fresh))
                self._metadata = {
                    name: _extended(column, more[name]) for name, column in self._metadata.items()
                }
            self._ids = pa.concat_arrays([self._ids, fresh])
            self.words = np.concatenate((self.words, text_words("vehicle_id", fresh)))
        self._code_of_spelling = np.concatenate((self._code_of_spelling, codes))
        # Last: who finds a spelling without the lock finds all that belongs to it.
        self._spellings = self._spellings.extended(spellings)

    def _code(self, raw: bytes) -> int:
        vehicle_id = _id_of(raw)
        if not isinstance(vehicle_id, str):
            return MISSING if vehicle_id is None else UNREADABLE_CODE
        return self._code_of.setdefault(vehicle_id, len(self._code_of))

    def sorted(self) -> SortedIds:
        """The ids met so far in the order of their UTF-8 bytes; a snapshot."""
        with self._lock:
            if len(self._sorted.ranks) != len(self._ids):
                ids = self._ids
                order = pc.array_sort_indices(ids)
                ranks = np.empty(len(order), dtype=np.int32)
                ranks[order.to_numpy(zero_copy_only=False)] = np.arange(len(order), dtype=np.int32)
                self._sorted = SortedIds(ranks=ranks, ids=ids.take(order))
            return self._sorted

    def metadata(self) -> Mapping[str, Column]:
        """The directory's columns by code, with one missing row behind for no code.

        Depots are in radians, as `depot_phi`, `depot_lambda` and `depot_cos_phi`.
        """
        with self._lock:
            return {} if self._directory is None else self._metadata


def _are_ids(spellings: pa.Array) -> Mask:
    """Which spellings are ids as they are, in plain ASCII."""
    nulls = pc.is_in(spellings, value_set=_NULLS).to_numpy(zero_copy_only=False)
    return are_plain_ids(spellings, MAX_VEHICLE_ID_BYTES) & ~nulls


def _id_of(raw: bytes) -> str | object | None:
    try:
        return id_in(raw.decode())
    except UnicodeDecodeError:
        return UNREADABLE


def _looked_up(directory: VehicleDirectory, ids: pa.Array) -> pa.Table:
    """What a directory knows of vehicles, a row an id, and one empty row behind."""
    if isinstance(directory, VehiclesFile):
        return directory.columns(pa.concat_arrays([ids, pa.nulls(1, ids.type)]))
    asked = ids.to_pylist()
    found = directory.find(asked)
    return vehicle_columns([*(found.get(vehicle_id) for vehicle_id in asked), None])


def _metadata_columns(vehicles: pa.Table) -> dict[str, Column]:
    """What rules and enrichment ask of a directory, a row a vehicle."""
    ids, classes, speeds, latitudes, longitudes = (
        column.combine_chunks() for column in vehicles.unify_dictionaries().columns
    )
    depots = numbers_of(latitudes), numbers_of(longitudes)
    there = latitudes.is_valid().to_numpy(zero_copy_only=False)
    phi, lambda_ = (np.radians(each.values) for each in depots)
    return {
        "vehicle_id": Numbers(
            values=np.zeros(len(ids)), valid=ids.is_valid().to_numpy(zero_copy_only=False)
        ),
        "vehicle_class": Texts(
            codes=classes.indices.fill_null(MISSING).to_numpy(),
            values=tuple(classes.dictionary.to_pylist()),
        ),
        "max_speed_kmh": numbers_of(speeds),
        "depot_phi": Numbers(values=phi, valid=there),
        "depot_lambda": Numbers(values=lambda_, valid=there),
        "depot_cos_phi": Numbers(values=np.cos(phi), valid=there),
    }


def _extended(column: Column, more: Column) -> Column:
    """A column of vehicles without its last, missing row, and more rows behind it."""
    if isinstance(column, Texts) and isinstance(more, Texts):
        values = dict.fromkeys((*column.values, *more.values))
        places = {value: code for code, value in enumerate(values)}
        moved = np.array([*(places[value] for value in more.values), MISSING], dtype=np.int32)
        codes = np.concatenate((column.codes[:-1], moved[more.codes]))
        return Texts(codes=codes, values=tuple(values))
    if isinstance(column, Numbers) and isinstance(more, Numbers):
        return Numbers(
            values=np.concatenate((column.values[:-1], more.values)),
            valid=np.concatenate((_validity(column)[:-1], _validity(more))),
        )
    raise TypeError("columns of two kinds")


def _validity(column: Numbers) -> Mask:
    return np.ones(len(column.values), dtype=np.bool_) if column.valid is None else column.valid


def settings_by_row(
    settings: FleetSettings, now_ms: int, classes: Texts | None
) -> Mapping[str, Cells]:
    """The value of every `Setting` for rows whose vehicles have these classes."""
    fleet = judging_values(settings, None, now_ms)
    if classes is None or not settings.classes:
        return fleet
    by_class = [judging_values(settings, each, now_ms) for each in (*classes.values, None)]
    return {
        name: fleet[name]
        if all(values[name] == fleet[name] for values in by_class)
        else _numbers_of_class([values[name] for values in by_class]).take(classes.codes)
        for name in fleet
    }


def _numbers_of_class(values: Sequence[float | int | None]) -> Numbers:
    valid = np.array([value is not None for value in values], dtype=np.bool_)
    found = np.array([value or 0 for value in values])
    return Numbers(values=found, valid=None if valid.all() else valid)
