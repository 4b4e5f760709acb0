"""The rows of a block or a chunk as columns, with their hashes, enrichment and lanes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from attrs import frozen

from fleetcore.domain.geodesy import EARTH_RADIUS_M
from fleetcore.domain.lanes import Lane
from fleetcore.domain.location import FIELDS
from fleetcore_adapters.arrow.columns import (
    Codes,
    Column,
    Floats,
    Ints,
    Mask,
    Numbers,
    Texts,
    Words,
    column_words,
    number_words,
)
from fleetcore_adapters.arrow.rules import Case
from fleetcore_adapters.vectors.splitmix import mixed


@frozen(kw_only=True, slots=True, eq=False)
class Rows:
    """Rows as columns; `accepted` are the indices of those that the rules let through.

    `columns` has every mapped field but vehicle and time, and the enrichment. `identity_words`
    hash vehicle and time, `fingerprints` all that was reported.
    """

    accepted: Ints
    vehicles: Codes
    times: Ints
    lines: Ints
    columns: dict[str, Column]
    identity_words: Words
    fingerprints: Words

    def take(self, order: Ints) -> Rows:
        """Some of the accepted rows, in another order; what is left out is gone."""
        return Rows(
            accepted=np.arange(len(order)),
            vehicles=self.vehicles[order],
            times=self.times[order],
            lines=self.lines[order],
            columns={name: column.take(order) for name, column in self.columns.items()},
            identity_words=self.identity_words[order],
            fingerprints=self.fingerprints[order],
        )


def rows_of(
    lines: Ints,
    vehicle_words: Words,
    case: Case,
    vehicles: Codes,
    refused: Mask,
) -> Rows:
    """Rows, hashed and enriched; refused rows stay in place and are never asked for."""
    times = cast("Numbers", case.fields["observed_at"])
    columns: dict[str, Column] = {
        name: case.fields[name]
        for name in FIELDS
        if name in case.fields and name not in ("vehicle_id", "observed_at")
    }
    words = vehicle_words if len(vehicle_words) else np.zeros(1, dtype=np.uint64)
    identity = words[vehicles] + number_words("observed_at", times)
    total = identity.copy()
    for name, column in columns.items():
        if name != "source":
            total += column_words(name, column)
    if case.metadata:
        columns["distance_from_depot_m"] = _distances_m(columns, case.metadata)
    return Rows(
        accepted=np.flatnonzero(~refused),
        vehicles=vehicles,
        times=times.values,
        lines=lines,
        columns=columns,
        identity_words=mixed(identity),
        fingerprints=mixed(total),
    )


def _distances_m(columns: Mapping[str, Column], metadata: Mapping[str, Column]) -> Numbers:
    """Great-circle metres between positions and depots; see `fleetcore.domain.geodesy`."""
    depot_phi = cast("Numbers", metadata["depot_phi"])
    depot_lambda = cast("Numbers", metadata["depot_lambda"])
    depot_cos_phi = cast("Numbers", metadata["depot_cos_phi"])
    degree = np.pi / 180
    with np.errstate(invalid="ignore"):  # refused rows may hold infinities
        phi: Floats = cast("Numbers", columns["latitude"]).values * degree
        half_phi = np.sin((depot_phi.values - phi) * 0.5)
        longitudes: Floats = cast("Numbers", columns["longitude"]).values * degree
        half_lambda = np.sin((depot_lambda.values - longitudes) * 0.5)
        half_lambda *= half_lambda
        half_lambda *= np.cos(phi)
        half_lambda *= depot_cos_phi.values
        half_phi *= half_phi
        half_phi += half_lambda
        metres = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half_phi, 1.0)))
    return Numbers(values=metres, valid=depot_phi.valid)


def lanes_of(rows: Rows) -> dict[Lane, Mask]:
    """Which rows go to which lane; see `fleetcore.domain.lanes.lane_of`."""
    speeds, statuses = rows.columns.get("speed_kmh"), rows.columns.get("status")
    moving: Mask = np.zeros(len(rows.times), dtype=np.bool_)
    if isinstance(speeds, Numbers):
        moving = speeds.values > 0
        if speeds.valid is not None:
            moving &= speeds.valid
    if isinstance(statuses, Texts):
        codes = {value: code for code, value in enumerate(statuses.values)}
        said_moving = statuses.codes == codes.get("moving", len(codes))
        said_idle = statuses.codes == codes.get("idle", len(codes))
        moving = said_moving | (moving & ~said_idle)
    return {"moving": moving, "idle": ~moving}
