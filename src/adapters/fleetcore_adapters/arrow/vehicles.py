"""The vehicles of one file: a small code for each id, its hash word and its metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from fleetcore.domain.cells import UNREADABLE, id_in
from fleetcore.domain.location import MAX_VEHICLE_ID_BYTES
from fleetcore.domain.rules.settings import FleetSettings, judging_values
from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore_adapters.arrow.columns import (
    MISSING,
    UNREADABLE_CODE,
    Codes,
    Column,
    Mask,
    Numbers,
    Texts,
    Words,
    text_words,
)
from fleetcore_adapters.arrow.rules import Cells

_ORDINARY_ID: Final = rf"^[!-~]([ -~]{{0,{min(MAX_VEHICLE_ID_BYTES, 1000) - 2}}}[!-~])?$"
"""Ids that are their own normal form: printable ASCII without blanks around."""


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
        self._raw = pa.array([], type=pa.binary())
        self._code_of_raw = np.empty(0, dtype=np.int32)
        self._code_of: dict[str, int] = {}
        self.ids: list[str] = []
        self.words: Words = np.empty(0, dtype=np.uint64)
        self._metadata: dict[str, Column] = _metadata_columns([None])
        self._sorted = SortedIds(
            ranks=np.empty(0, dtype=np.int32), ids=pa.array([], type=pa.string())
        )

    def codes(self, column: pa.DictionaryArray) -> Codes:
        """The code of each row's vehicle; `MISSING` or `UNREADABLE_CODE` where it has none."""
        with self._lock:
            raw = column.dictionary
            found = pc.index_in(raw, value_set=self._raw)
            if found.null_count:
                self._learn(raw.filter(found.is_null()))
                found = pc.index_in(raw, value_set=self._raw)
            by_entry = self._code_of_raw[found.to_numpy(zero_copy_only=False)]
        indices = column.indices.to_numpy(zero_copy_only=False)
        return by_entry[indices] if len(by_entry) else np.empty(0, dtype=np.int32)

    def code(self, vehicle_id: str) -> int:
        """The code of one id that is in its normal form."""
        column = pa.array([vehicle_id.encode()], type=pa.binary()).dictionary_encode()
        return int(self.codes(column)[0])

    def _learn(self, raw: pa.Array) -> None:
        """Give codes to spellings not met before; two spellings of one id share its code."""
        first = len(self.ids)
        ordinary = pc.all(pc.match_substring_regex(raw, _ORDINARY_ID)).as_py()
        if ordinary and not self._code_of:
            fresh: list[str] = raw.cast(pa.string()).to_pylist()
            codes = np.arange(first, first + len(fresh), dtype=np.int32)
        else:
            if not self._code_of:
                self._code_of = {vehicle_id: code for code, vehicle_id in enumerate(self.ids)}
            codes = np.array([self._code(text) for text in raw.to_pylist()], dtype=np.int32)
            fresh = list(self._code_of)[first:]
        self.ids.extend(fresh)
        if fresh:
            words = text_words("vehicle_id", [vehicle_id.encode() for vehicle_id in fresh])
            self.words = np.concatenate((self.words, words))
            if self._directory is not None:
                found = self._directory.find(fresh)
                more = _metadata_columns([*(found.get(vehicle_id) for vehicle_id in fresh), None])
                self._metadata = {
                    name: _extended(column, more[name]) for name, column in self._metadata.items()
                }
        self._code_of_raw = np.concatenate((self._code_of_raw, codes))
        self._raw = pa.concat_arrays([self._raw, raw])

    def _code(self, raw: bytes) -> int:
        vehicle_id = _id_of(raw)
        if not isinstance(vehicle_id, str):
            return MISSING if vehicle_id is None else UNREADABLE_CODE
        return self._code_of.setdefault(vehicle_id, len(self._code_of))

    def sorted(self) -> SortedIds:
        """The ids met so far in the order of their UTF-8 bytes; a snapshot."""
        with self._lock:
            if len(self._sorted.ranks) != len(self.ids):
                ids = pa.array(self.ids, type=pa.string())
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


def _id_of(raw: bytes) -> str | object | None:
    try:
        return id_in(raw.decode())
    except UnicodeDecodeError:
        return UNREADABLE


def _metadata_columns(vehicles: Sequence[Vehicle | None]) -> dict[str, Column]:
    """What rules and enrichment ask of a directory, a row a vehicle."""
    known = [vehicle is not None for vehicle in vehicles]
    classes: dict[str, int] = {}
    codes = [
        MISSING
        if vehicle is None or vehicle.vehicle_class is None
        else classes.setdefault(vehicle.vehicle_class, len(classes))
        for vehicle in vehicles
    ]
    latitudes = _numbers([None if each is None else each.depot_latitude for each in vehicles])
    longitudes = _numbers([None if each is None else each.depot_longitude for each in vehicles])
    there = _validity(latitudes) & _validity(longitudes)
    phi, lambda_ = np.radians(latitudes.values), np.radians(longitudes.values)
    return {
        "vehicle_id": Numbers(values=np.zeros(len(known)), valid=np.array(known, dtype=np.bool_)),
        "vehicle_class": Texts(codes=np.array(codes, dtype=np.int32), values=tuple(classes)),
        "max_speed_kmh": _numbers(
            [None if each is None else each.max_speed_kmh for each in vehicles]
        ),
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


def _numbers(values: Sequence[float | None]) -> Numbers:
    found = np.array(values, dtype=np.float64)
    valid = ~np.isnan(found)
    return Numbers(values=np.where(valid, found, 0.0), valid=valid)


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
