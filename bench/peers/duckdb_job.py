"""The job in DuckDB: one statement, as many threads as the machine has."""

from __future__ import annotations

import sys

import duckdb

JOB = """
COPY (
    WITH accepted AS (
        SELECT DISTINCT * FROM read_csv($events)
        WHERE latitude BETWEEN -90 AND 90
            AND longitude BETWEEN -180 AND 180
            AND NOT (latitude = 0 AND longitude = 0)
            AND (speed_kmh IS NULL OR speed_kmh BETWEEN 0 AND 200)
    ),
    vehicles AS (
        SELECT vehicle_id, depot_latitude, depot_longitude FROM read_csv($vehicles)
    )
    SELECT
        accepted.*,
        2 * 6371008.8 * asin(least(1.0, sqrt(
            pow(sin(radians(depot_latitude - latitude) / 2), 2)
            + cos(radians(latitude)) * cos(radians(depot_latitude))
            * pow(sin(radians(depot_longitude - longitude) / 2), 2)
        ))) AS distance_from_depot_m
    FROM accepted LEFT JOIN vehicles USING (vehicle_id)
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""


def main(events: str, vehicles: str, out: str) -> None:
    """Do the job."""
    duckdb.execute(JOB.format(out=out), {"events": events, "vehicles": vehicles})


if __name__ == "__main__":
    main(*sys.argv[1:])
