"""`ingest_file` within Lambda's limits, on a stand-in: time, memory, the first lane message."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from tests.standins.ministack import running_ministack
from tests.standins.shared import shared
from tests.system.cloud import Cloud, Context, cloud_at

from fleetcore.application.generation.generator import generate
from fleetcore.application.generation.spec import FleetSpec
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ledger import RowCounts
from fleetcore_entrypoints.wiring.aws import wire_aws

LIMIT_S: Final = 10
MEMORY_MIB: Final = 512
SLOWNESS: Final = 3
"""How much faster than the clock an invocation's time passes: Lambda's processors are shared."""

MALLOC: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
}
"""What docs/lambdas.md says of the environment: memory goes back to the system at once."""

# One process, as a warm Lambda is one: events on standard input, what came of each on standard
# error. An invocation's time runs out from its first look at it.
WORKER = r"""
import json, re, sys, time
from fleetcore_entrypoints.lambdas.app import wired
from fleetcore_entrypoints.lambdas.ingest_file import handler
limit_s, slowness = map(float, sys.argv[1:])
wired()
class Context:
    function_name, memory_limit_in_mb, aws_request_id = "ingest_file", 512, "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:ingest_file"
    def __init__(self): self.began_s = time.monotonic()
    def get_remaining_time_in_millis(self):
        return max(int((limit_s - (time.monotonic() - self.began_s) * slowness) * 1000), 0)
for line in sys.stdin:
    began_s = time.monotonic()
    answer = handler(json.loads(line), Context())
    # Not getrusage's, which begins with what the process that started this one held.
    peak_mib = int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) / 1024
    took_s = time.monotonic() - began_s
    print(json.dumps({"answer": answer, "took_s": took_s, "peak_mib": peak_mib}), file=sys.stderr)
    sys.stderr.flush()
"""

pytestmark = [pytest.mark.system, pytest.mark.slow]


class Worker:
    """A warm Lambda: invocations of one process, and what each said of itself."""

    def __init__(self, cloud: Cloud, limit_s: float, slowness: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(limit_s), str(slowness)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**cloud.environment, **MALLOC},
        )
        self.runs: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], _context: object) -> Mapping[str, Any]:
        """Invoke it, as `Cloud.deliver` does."""
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        self.runs.append(json.loads(self._process.stderr.readline()))
        answer: Mapping[str, Any] = self.runs[-1]["answer"]
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


@pytest.fixture(name="cloud")
def _cloud() -> Cloud:
    return cloud_at(shared(running_ministack).http)


def _generated(path: Path, spec: FleetSpec) -> RowCounts:
    with path.open("wb") as sink:
        return generate(spec, sink).counts


def _committed(cloud: Cloud) -> RowCounts:
    """What the ledgers of the fleet count, all together."""
    counts = RowCounts()
    for state in _states(cloud):
        counts += state.ledger.rows
        assert state.chunks[-1].last
    return counts


def _states(cloud: Cloud) -> list[Ingestion]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in cloud.environment.items():
            environment.setenv(name, value)
        events = wire_aws().fleet.events
        return [IngestionStream(events, each).state for each in ingestions(events)]


def test_a_file_of_90_mb_goes_on_from_run_to_run(cloud: Cloud, tmp_path: Path) -> None:
    """Ten seconds a run are too few; each goes on behind the last, none needs 512 MB."""
    file = tmp_path / "day.csv"
    truth = _generated(file, FleetSpec(vehicles=50_000, rows=1_300_000, interval_s=3600))
    assert file.stat().st_size > 90_000_000
    cloud.upload(file, "day.csv")
    worker = Worker(cloud, LIMIT_S, SLOWNESS)
    while cloud.deliver("UPLOADS", worker, Context()):
        pass
    worker.close()

    assert len(worker.runs) > 1
    assert all(run["answer"] == {"batchItemFailures": []} for run in worker.runs)
    assert max(run["peak_mib"] for run in worker.runs) < MEMORY_MIB
    assert truth == _committed(cloud)


def test_the_first_lane_message_is_out_within_a_second(cloud: Cloud, tmp_path: Path) -> None:
    """Warm, of a file of 1 MB: its messages are on the lanes when the run ends."""
    worker = Worker(cloud, 900, 1)
    for name in ("warming.csv", "file.csv"):
        _generated(tmp_path / name, FleetSpec(vehicles=100, rows=11_000))
        assert (tmp_path / name).stat().st_size < 1_100_000
        cloud.upload(tmp_path / name, name)
        while cloud.deliver("UPLOADS", worker, Context()):
            pass
    worker.close()
    sent = cloud.sqs.receive_message(QueueUrl=cloud.environment["FLEETCORE_MOVING_QUEUE"])

    assert sent.get("Messages")
    assert worker.runs[-1]["took_s"] < 1
