"""What every place for metrics and alerts does."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import pytest
from attrs import frozen

from fleetcore.ports.telemeter import Telemeter, Unit

Metrics: TypeAlias = Mapping[str, tuple[float, Unit]]

ROWS: Final[Metrics] = {"rows_read": (1200, "Count"), "duration_ms": (12.5, "Milliseconds")}
FUNCTION: Final = {"function": "ingest_file"}
HOSTILE: Final = 'a "part" \\ of ünknown\norigin \x00\x1b\U0001f69a\ud800'


@frozen(kw_only=True, slots=True)
class TelemeterRig:
    """A telemeter, what arrived where it sends, and what breaks all it stands on.

    `measured` gives metrics with their dimensions, `alerts` messages with their subjects.
    """

    telemeter: Telemeter
    measured: Callable[[], Sequence[tuple[Metrics, Mapping[str, str]]]]
    alerts: Callable[[], Sequence[tuple[str, str]]]
    break_: Callable[[], object]


class TelemeterContract:
    """Needs the fixture `open_telemeter`, which opens a `TelemeterRig`."""

    @pytest.fixture
    def rig(self, open_telemeter: Callable[[], TelemeterRig]) -> TelemeterRig:
        """The telemeter under test, and what it reaches."""
        return open_telemeter()

    def test_measures_values_with_units_and_dimensions(self, rig: TelemeterRig) -> None:
        """Each call arrives as it was made, in order."""
        rig.telemeter.measure(ROWS, FUNCTION)
        rig.telemeter.measure({"queue_age_s": (0, "Seconds")}, {"function": "store_events"})

        assert [
            (ROWS, FUNCTION),
            ({"queue_age_s": (0, "Seconds")}, {"function": "store_events"}),
        ] == list(rig.measured())

    def test_measures_without_dimensions(self, rig: TelemeterRig) -> None:
        """What belongs to the whole fleet has none."""
        rig.telemeter.measure(ROWS, {})

        assert [(ROWS, {})] == list(rig.measured())

    def test_measures_more_than_a_line_holds(self, rig: TelemeterRig) -> None:
        """However many metrics there are, each arrives, under the same dimensions."""
        many: Metrics = {f"m{number}": (number, "Count") for number in range(250)}
        rig.telemeter.measure(many, FUNCTION)

        assert many == dict(ChainMap(*(dict(metrics) for metrics, _ in rig.measured())))
        assert all(dimensions == FUNCTION for _, dimensions in rig.measured())

    def test_measuring_nothing_is_nothing(self, rig: TelemeterRig) -> None:
        """No metric, no line that is worth a thing."""
        rig.telemeter.measure({}, FUNCTION)

        assert [] == [metrics for metrics, _ in rig.measured() if metrics]

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_a_value_that_is_not_finite_spoils_no_other(
        self, rig: TelemeterRig, value: float
    ) -> None:
        """A division by nothing costs its own metric only."""
        rig.telemeter.measure({"share": (value, "Percent"), **ROWS}, FUNCTION)
        ((metrics, dimensions),) = rig.measured()

        assert ROWS == {name: metrics[name] for name in ROWS}
        assert FUNCTION == dimensions

    def test_hostile_dimensions_spoil_no_metric(self, rig: TelemeterRig) -> None:
        """Empty, long and many dimensions, and odd characters in them."""
        dimensions = {"empty": "", "long": "x" * 5000, "odd": HOSTILE}
        more = {f"d{number}": "value" for number in range(40)}
        rig.telemeter.measure(ROWS, {**FUNCTION, **dimensions, **more})
        ((metrics, told),) = rig.measured()

        assert ROWS == metrics
        assert "ingest_file" == told["function"]

    def test_alerts_people(self, rig: TelemeterRig) -> None:
        """Subject and message arrive."""
        rig.telemeter.alert("2 parts are dead letters", "Ingestion 1a#1.\nüber 30 tries")

        assert [("2 parts are dead letters", "Ingestion 1a#1.\nüber 30 tries")] == list(
            rig.alerts()
        )

    def test_alerts_whatever_the_subject_is(self, rig: TelemeterRig) -> None:
        """A subject that is too long, or has characters mail does not take, loses no message."""
        rig.telemeter.alert("file failed\n" + HOSTILE + "x" * 300, "look at it")
        ((subject, message),) = rig.alerts()

        assert subject.startswith("file failed")
        assert "look at it" == message

    def test_alerts_without_words(self, rig: TelemeterRig) -> None:
        """An alert whose texts are empty is an alert."""
        rig.telemeter.alert("", "")

        assert 1 == len(rig.alerts())

    def test_never_raises(self, rig: TelemeterRig) -> None:
        """Where nothing it stands on works, the work goes on."""
        rig.break_()

        rig.telemeter.measure(ROWS, FUNCTION)
        rig.telemeter.alert("subject", "message")
