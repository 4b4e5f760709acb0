"""The job in Polars: one lazy query on the streaming engine, from scan to sink."""

from __future__ import annotations

import sys

import polars as pl

NUMBERS = ("latitude", "longitude", "speed_kmh", "heading_deg", "battery_pct")


def main(events: str, vehicles: str, out: str) -> None:
    """Do the job."""
    latitude, longitude = pl.col("latitude"), pl.col("longitude")
    depot_latitude, depot_longitude = pl.col("depot_latitude"), pl.col("depot_longitude")
    speed = pl.col("speed_kmh")
    chord = (
        ((depot_latitude - latitude).radians() / 2).sin() ** 2
        + latitude.radians().cos()
        * depot_latitude.radians().cos()
        * ((depot_longitude - longitude).radians() / 2).sin() ** 2
    ).sqrt()
    depots = pl.scan_csv(vehicles).select("vehicle_id", "depot_latitude", "depot_longitude")
    (
        pl.scan_csv(events, schema_overrides=dict.fromkeys(NUMBERS, pl.Float64))
        .filter(
            latitude.is_between(-90, 90)
            & longitude.is_between(-180, 180)
            & ~((latitude == 0) & (longitude == 0))
            & (speed.is_null() | speed.is_between(0, 200))
        )
        .with_columns(
            pl.col("observed_at").str.to_datetime(
                "%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms", time_zone="UTC"
            )
        )
        .unique()
        .join(depots, on="vehicle_id", how="left")
        .with_columns(
            distance_from_depot_m=2 * 6_371_008.8 * pl.min_horizontal(chord, 1.0).arcsin()
        )
        .drop("depot_latitude", "depot_longitude")
        .sink_parquet(out, compression="zstd", engine="streaming")
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
