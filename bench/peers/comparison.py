"""Compares what fleetcore stored with what the peers wrote, row for row, in DuckDB.

`python comparison.py LISTING DUCKDB.parquet [OTHER.parquet ...]`; LISTING is what
`fleetcore files --json` printed. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

COLUMNS = """
    vehicle_id, epoch_ms(observed_at) AS observed_at, latitude, longitude, speed_kmh,
    heading_deg::DOUBLE AS heading_deg, battery_pct, status
"""

# No two rows of either side are equal, so this pairs each row with its like.
WORST_DISTANCE = """
SELECT count(*), max(CASE
    WHEN ours.distance_from_depot_m IS NULL AND theirs.distance_from_depot_m IS NULL THEN 0
    ELSE coalesce(
        abs(ours.distance_from_depot_m - theirs.distance_from_depot_m)
        / greatest(theirs.distance_from_depot_m, 1), 'inf')
    END)
FROM ours JOIN theirs ON
    ours.vehicle_id = theirs.vehicle_id AND ours.observed_at = theirs.observed_at
    AND ours.latitude = theirs.latitude AND ours.longitude = theirs.longitude
    AND ours.speed_kmh IS NOT DISTINCT FROM theirs.speed_kmh
    AND ours.heading_deg IS NOT DISTINCT FROM theirs.heading_deg
    AND ours.battery_pct IS NOT DISTINCT FROM theirs.battery_pct
    AND ours.status IS NOT DISTINCT FROM theirs.status
"""


def main(listing: str, theirs: str, *others: str) -> None:
    """Compare and print."""
    connection = duckdb.connect()
    stored = [json.loads(line)["path"] for line in Path(listing).read_text().splitlines()]
    for table, paths in (("ours", stored), ("theirs", [theirs])):
        connection.execute(
            f"CREATE TABLE {table} AS SELECT {COLUMNS}, distance_from_depot_m"
            " FROM read_parquet($paths)",
            {"paths": paths},
        )

    def number(query: str) -> int:
        found = connection.execute(query).fetchone()
        assert found is not None
        return int(found[0])

    plain = "(SELECT * EXCLUDE (distance_from_depot_m) FROM {})"
    ours, peers = plain.format("ours"), plain.format("theirs")
    paired = connection.execute(WORST_DISTANCE).fetchone()
    assert paired is not None
    print(
        json.dumps(
            {
                "rows": number("SELECT count(*) FROM ours"),
                "peer_rows": {
                    Path(path).stem: number(f"SELECT count(*) FROM read_parquet('{path}')")
                    for path in (theirs, *others)
                },
                "only_ours": number(f"SELECT count(*) FROM ({ours} EXCEPT ALL {peers})"),
                "only_theirs": number(f"SELECT count(*) FROM ({peers} EXCEPT ALL {ours})"),
                "pairs": int(paired[0]),
                "worst_distance_error": float(paired[1] or 0.0),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
