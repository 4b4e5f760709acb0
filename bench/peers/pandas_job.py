"""The job in pandas with its own C parser; pyarrow only writes the Parquet file."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd


def main(events: str, vehicles: str, out: str) -> None:
    """Do the job."""
    rows = pd.read_csv(events, engine="c")
    speed = rows["speed_kmh"]
    rows = rows[
        rows["latitude"].between(-90, 90)
        & rows["longitude"].between(-180, 180)
        & ~((rows["latitude"] == 0) & (rows["longitude"] == 0))
        & (speed.isna() | speed.between(0, 200))
    ]
    rows = rows.drop_duplicates()
    rows["observed_at"] = pd.to_datetime(rows["observed_at"], format="ISO8601", utc=True)
    depots = pd.read_csv(vehicles, usecols=["vehicle_id", "depot_latitude", "depot_longitude"])
    rows = rows.merge(depots, on="vehicle_id", how="left")
    latitude, depot_latitude = np.radians(rows["latitude"]), np.radians(rows["depot_latitude"])
    turn = np.radians(rows["depot_longitude"] - rows["longitude"])
    chord = np.sqrt(
        np.sin((depot_latitude - latitude) / 2) ** 2
        + np.cos(latitude) * np.cos(depot_latitude) * np.sin(turn / 2) ** 2
    )
    rows["distance_from_depot_m"] = 2 * 6_371_008.8 * np.arcsin(np.minimum(1.0, chord))
    rows.drop(columns=["depot_latitude", "depot_longitude"]).to_parquet(
        out, engine="pyarrow", compression="zstd", index=False
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
