"""Alarms and charts watch metrics that are measured, and the docs name every alarm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from tests.infra.terraform import REPOSITORY

from fleetcore_adapters.aws.cloudwatch.telemeter import NAMESPACE
from fleetcore_entrypoints.costs.bill import ALARM_METRICS, REDIS_ALARM_METRICS

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

MEASURING: Final = (
    REPOSITORY / "src" / "entrypoints" / "fleetcore_entrypoints" / "lambdas",
    REPOSITORY / "src" / "adapters" / "fleetcore_adapters" / "redis",
)
PAGE: Final = REPOSITORY / "docs" / "infrastructure.md"


def _resources(
    built: Mapping[str, Mapping[str, Any]], run: str, kind: str
) -> Iterator[Mapping[str, Any]]:
    for each in built[f"observability/{run}"]["root_module"]["resources"]:
        if each["type"] == kind:
            yield each["values"]


def _own_metrics(built: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Metrics of the project's own namespace, in alarms and charts."""
    [dashboard] = _resources(built, "what_people_look_at", "aws_cloudwatch_dashboard")
    charts = json.loads(dashboard["dashboard_body"])["widgets"]
    return {
        *(
            line[1]
            for chart in charts
            for line in chart["properties"]["metrics"]
            if line[0] == NAMESPACE
        ),
        *(
            alarm["metric_name"]
            for alarm in _resources(built, "alarms", "aws_cloudwatch_metric_alarm")
            if alarm["namespace"] == NAMESPACE
        ),
    }


def test_what_is_watched_is_measured(built: Mapping[str, Mapping[str, Any]]) -> None:
    """Every metric of the project's own is one that a handler measures, or Redis's adapter."""
    measured = "".join(path.read_text() for each in MEASURING for path in each.glob("*.py"))
    watched = _own_metrics(built)

    assert {"messages_failed", "memory_mb", "rows_read", "SeenWindowUnavailable"} <= watched
    assert set() == {each for each in watched if f'"{each}"' not in measured}


def test_every_alarm_is_in_the_docs(built: Mapping[str, Mapping[str, Any]]) -> None:
    """The table of promises names each kind of alarm, and no other."""
    names = ("ingest-file", "store-events", "idle-dead", "idle", "log", "fleetcore-test")
    kinds = {
        next(
            alarm["alarm_name"].removeprefix(f"{each}-")
            for each in names
            if alarm["alarm_name"].startswith(f"{each}-")
        )
        for alarm in _resources(built, "alarms", "aws_cloudwatch_metric_alarm")
    }
    section = PAGE.read_text().split("\n## Promises and alarms\n")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| ")][1:]

    assert kinds == {row[2].strip(" `").removeprefix("*-") for row in rows}


def test_the_bill_has_every_metric_of_an_alarm(built: Mapping[str, Mapping[str, Any]]) -> None:
    """An alarm is paid for by the metrics it watches."""
    watched = [
        sum(len(query["metric"]) for query in alarm["metric_query"]) or 1
        for alarm in _resources(built, "a_fleet", "aws_cloudwatch_metric_alarm")
    ]

    assert ALARM_METRICS + REDIS_ALARM_METRICS == sum(watched)
