"""The page on the functions names what they measure and read."""

from __future__ import annotations

import re
from pathlib import Path

from fleetcore_entrypoints.lambdas import ingest_file, store_events

PAGE = (Path(__file__).parents[4] / "docs" / "lambdas.md").read_text(encoding="utf-8")


def test_the_page_lists_every_metric_and_no_other() -> None:
    """By its name."""
    section = PAGE.split("Metrics are in the namespace")[1].split("\n\nA sampled trace")[0]
    listed = set(re.findall(r"`([a-z]+_[a-z_]+)`", section)) - {"ingest_file", "store_events"}

    assert {
        *ingest_file.METRICS,
        *store_events.METRICS,
        *("duration_ms", "memory_mb", "queue_age_s"),
    } == listed


def test_the_page_names_the_limit_of_a_file() -> None:
    """Where the environment is described."""
    assert "| `FLEETCORE_LARGEST_UPLOAD_BYTES` |" in PAGE
