"""Generated files: their truth, their bytes, and what they are made of."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetcore.application.generation.dirt import DIRT_DESCRIPTIONS
from fleetcore.application.generation.faults import EXCLUSIVE, FAULTS
from fleetcore.application.generation.generator import BATCH_ROWS, generate, generated_vehicles
from fleetcore.application.generation.spec import FleetSpec
from fleetcore.application.generation.times import TimeStyle
from fleetcore.application.generation.truth import Truth
from fleetcore.domain.ledger import RowCounts

Generated = Callable[[FleetSpec], tuple[bytes, Truth]]
Counted = Callable[..., RowCounts]

EVERYTHING = dict.fromkeys(DIRT_DESCRIPTIONS, 0.03)
READABLE_FAULTS = sorted(set(FAULTS) - {"truncated-gzip"})
BENCH_COLUMNS = (
    "vehicle_id",
    "observed_at",
    "latitude",
    "longitude",
    "speed_kmh",
    "heading_deg",
    "accuracy_m",
    "status",
)


@pytest.mark.parametrize("kind", DIRT_DESCRIPTIONS)
def test_truth_of_each_kind_of_dirt(kind: str, generated: Generated, counted: Counted) -> None:
    """Each kind of dirt leads to the counts the truth tells, and to some other than without."""
    spec = FleetSpec(vehicles=40, rows=1500, dirt={kind: 0.2})

    content, truth = generated(spec)

    assert truth.counts == counted(content, spec)
    if kind != "blank-line":
        assert truth.counts.accepted < 1500 or truth.counts.warned_by


@pytest.mark.parametrize("fault", READABLE_FAULTS)
def test_truth_under_each_file_fault(fault: str, generated: Generated, counted: Counted) -> None:
    """Each file fault leaves the counts what the truth tells, dirt of all kinds included."""
    spec = FleetSpec(vehicles=40, rows=1500, dirt=EVERYTHING, faults=frozenset({fault}))

    content, truth = generated(spec)

    assert truth.counts == counted(content, spec)


@pytest.mark.parametrize("fault", READABLE_FAULTS)
def test_file_fault_shows_in_the_bytes(fault: str, generated: Generated) -> None:
    """A file with a fault is not the file without."""
    assert (
        generated(FleetSpec(rows=100))[0]
        != (generated(FleetSpec(rows=100, faults=frozenset({fault})))[0])
    )


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1 << 32),
    rows=st.integers(1, 400),
    vehicles=st.integers(1, 30),
    dirt=st.dictionaries(
        st.sampled_from(sorted(DIRT_DESCRIPTIONS)), st.floats(0.0, 0.33), max_size=3
    ),
    faults=st.frozensets(st.sampled_from(READABLE_FAULTS), max_size=5).filter(
        lambda faults: not any(pair <= faults for pair in EXCLUSIVE)
    ),
    style=st.sampled_from(["iso", "epoch-ms"]),
    delimiter=st.sampled_from(",;\t|"),
)
def test_truth_of_any_spec(
    *,
    generated: Generated,
    counted: Counted,
    seed: int,
    rows: int,
    vehicles: int,
    dirt: Mapping[str, float],
    faults: frozenset[str],
    style: TimeStyle,
    delimiter: str,
) -> None:
    """Whatever is combined, the truth is what an independent count finds."""
    spec = FleetSpec(
        seed=seed,
        rows=rows,
        vehicles=vehicles,
        dirt=dirt,
        faults=faults,
        time_format=style,
        delimiter=delimiter,
    )

    content, truth = generated(spec)

    assert truth.counts == counted(content, spec)
    assert rows == truth.counts.read


def test_truth_holds_with_the_vehicles_file(generated: Generated, counted: Counted) -> None:
    """Judged by each vehicle's own limits, and with a directory, the counts are the same."""
    spec = FleetSpec(vehicles=40, rows=3000, dirt=EVERYTHING)

    content, truth = generated(spec)

    assert truth.counts == counted(content, spec, generated_vehicles(spec))


@pytest.mark.parametrize("interval_s", [1, 10, 60, 3600])
def test_clean_file_breaks_no_rule(interval_s: int, generated: Generated, counted: Counted) -> None:
    """Without dirt every row is accepted, and nothing is warned of."""
    spec = FleetSpec(vehicles=60, rows=6000, interval_s=interval_s)

    content, truth = generated(spec)

    assert RowCounts(read=6000, accepted=6000) == truth.counts
    assert truth.counts == counted(content, spec, generated_vehicles(spec))


def test_bench_shape(generated: Generated, counted: Counted) -> None:
    """Eight columns, many vehicles, bad latitudes and repeated identities can be said."""
    dirt = {"latitude-range": 0.01, "duplicate": 0.01, "conflicting": 0.01}
    spec = FleetSpec(vehicles=500, rows=13_000, columns=BENCH_COLUMNS, dirt=dirt)

    content, truth = generated(spec)

    assert ",".join(BENCH_COLUMNS).encode() == content.partition(b"\n")[0]
    assert truth.counts == counted(content, spec)
    assert 0.007 < truth.counts.rejected / 13_000 < 0.013
    assert 0.015 < (truth.counts.duplicate + truth.counts.conflicting) / 13_000 < 0.025


def test_share_of_all_rows(generated: Generated) -> None:
    """A share of 1 spoils every row."""
    _, truth = generated(FleetSpec(rows=200, dirt={"ragged": 1.0}))

    assert (
        RowCounts(read=200, malformed=200, malformed_by={"wrong-column-count": 200}) == truth.counts
    )


def test_share_next_to_nothing(generated: Generated) -> None:
    """The smallest share there is spoils no row of a small file."""
    _, truth = generated(FleetSpec(rows=200, dirt={"ragged": 5e-324}))

    assert RowCounts(read=200, accepted=200) == truth.counts


def test_dirt_leaves_the_drives_alone(generated: Generated) -> None:
    """The rows that dirt spares are rows of the clean file."""
    clean, _ = generated(FleetSpec(vehicles=20, rows=1000))
    dirty, truth = generated(FleetSpec(vehicles=20, rows=1000, dirt={"future": 0.1}))

    spared = set(dirty.splitlines()) & set(clean.splitlines())
    assert 1 + truth.counts.accepted == len(spared)


def test_rows_are_in_order_of_time(generated: Generated) -> None:
    """A clean file is written as a gateway would: by time, each vehicle once an interval."""
    content, _ = generated(FleetSpec(vehicles=50, rows=500, time_format="epoch-ms"))

    rows = [line.split(",") for line in content.decode().splitlines()[1:]]
    times = [int(row[1]) for row in rows]
    assert sorted(times) == times
    assert {10} == set(Counter(row[0] for row in rows).values())


def test_duplicates_are_near_and_far(generated: Generated) -> None:
    """Exact repeats follow their original closely as well as after a long way."""
    content, truth = generated(FleetSpec(vehicles=50, rows=20_000, dirt={"duplicate": 0.02}))

    first: dict[bytes, int] = {}
    distances = [
        number - first[line]
        for number, line in enumerate(content.splitlines())
        if first.setdefault(line, number) != number
    ]
    assert truth.counts.duplicate == len(distances)
    assert any(distance < 100 for distance in distances)
    assert any(distance > 5_000 for distance in distances)


def test_equal_specs_give_equal_bytes_in_any_process() -> None:
    """The bytes depend on the spec alone, not on the process's hash seed or a mapping's order."""
    program = (
        "import hashlib, io, json, sys\n"
        "from fleetcore.application.generation.dirt import DIRT_DESCRIPTIONS\n"
        "from fleetcore.application.generation.generator import generate, generated_vehicles\n"
        "from fleetcore.application.generation.metadata import vehicles_csv\n"
        "from fleetcore.application.generation.spec import FleetSpec\n"
        "kinds = list(DIRT_DESCRIPTIONS)[:: int(sys.argv[1])]\n"
        "faults = frozenset({'gzip', 'nul-bytes', 'invalid-utf-8', 'quoted-newlines', 'crlf'})\n"
        "spec = FleetSpec(rows=3000, dirt=dict.fromkeys(kinds, 0.02), faults=faults)\n"
        "sink = io.BytesIO()\n"
        "sink.write(generate(spec, sink).as_json().encode())\n"
        "sink.write(vehicles_csv(generated_vehicles(spec)).encode())\n"
        "print(hashlib.sha256(sink.getvalue()).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, step],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed, step in (("1", "1"), ("2", "-1"))
    }

    assert 1 == len(digests)


def test_seed_changes_the_file(generated: Generated) -> None:
    """Two seeds are two fleets."""
    assert generated(FleetSpec(rows=100, seed=1))[0] != generated(FleetSpec(rows=100, seed=2))[0]


def test_progress_counts_up_to_all_rows() -> None:
    """Progress is told every few thousand rows and ends with their number."""
    told: list[int] = []

    generate(FleetSpec(rows=3 * BATCH_ROWS, dirt={"future": 0.1}), io.BytesIO(), told.append)

    assert sorted(told) == told
    assert 3 * BATCH_ROWS == told[-1]
    assert len(told) >= 3


def test_truncated_gzip_cannot_be_read_to_its_end(generated: Generated) -> None:
    """A cut file starts as the whole one, does not decompress, and its truth says so."""
    whole, _ = generated(FleetSpec(rows=20_000, faults=frozenset({"gzip"})))
    cut, truth = generated(FleetSpec(rows=20_000, faults=frozenset({"truncated-gzip"})))

    assert whole.startswith(cut)
    with pytest.raises(EOFError):
        gzip.decompress(cut)
    assert len(zlib.decompressobj(31).decompress(cut)) > 0
    assert "unreadable-file" == json.loads(truth.as_json())["error"]


def test_truth_as_json_has_exactly_the_counts(generated: Generated) -> None:
    """The truth beside a readable file is the eight counts and nothing else."""
    _, truth = generated(FleetSpec(rows=500, dirt={"future": 0.1, "unknown-status": 0.1}))

    written = json.loads(truth.as_json())

    assert [
        "read",
        "accepted",
        "duplicate",
        "conflicting",
        "rejected",
        "malformed",
        "rejected_by",
        "warned_by",
    ] == list(written)
    assert {"future": truth.counts.rejected} == written["rejected_by"]


def test_renamed_headings_and_start(generated: Generated) -> None:
    """The header takes the names given, and times begin at the start."""
    spec = FleetSpec(
        rows=5, headings={"latitude": "Lat"}, start=datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    )

    header, first = generated(spec)[0].decode().splitlines()[:2]

    assert header.startswith("vehicle_id,observed_at,Lat,longitude")
    assert first.split(",")[1].startswith("2021-03-04T05:06:0")
