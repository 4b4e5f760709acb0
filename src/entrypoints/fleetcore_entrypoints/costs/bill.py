"""A month's bill, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from fleetcore_adapters.aws.dynamodb.location_log import LogSettings
from fleetcore_entrypoints.costs import prices
from fleetcore_entrypoints.costs.assumptions import Assumptions, check
from fleetcore_entrypoints.costs.calls import QUEUES, Call, Service, counted, storing, taking_in
from fleetcore_entrypoints.costs.day import FileShape, item_sizes, typical_file
from fleetcore_entrypoints.wiring.aws_config import SIZES

GB: Final = 2**30
MB_A_VCPU: Final = 1769
"""Lambda's documentation of memory: a function of so much has one whole vCPU."""
LONG_POLL_S: Final = 20
ITEM_OVERHEAD_BYTES: Final = 100
"""What DynamoDB adds to each stored item of a table or index."""
GLACIER_AFTER_DAYS: Final = 7
ENDPOINTS: Final = 5
KEYS: Final = 2
TIMEOUT_S: Final = {"ingest_file": 300, "store_events": 300}
METRICS: Final = 28
ALARM_METRICS: Final = 28
REDIS_ALARM_METRICS: Final = 1
"""As `infra/` makes them: endpoints in a zone, KMS keys, how long a run of each function may take,
metrics of functions, of alarms, and of alarms that are made only with Redis."""

_READS: Final = frozenset({"BatchGetItem", "GetItem", "Query"})
_GETS: Final = frozenset({"GetObject", "HeadObject"})
_SIDE_BY_SIDE: Final = frozenset({"BatchWriteItem", "PutItem", "Query"})


@frozen(slots=True)
class Line:
    """So much of something, each at a price in dollars."""

    service: str
    what: str
    amount: float
    price: float

    @property
    def dollars(self) -> float:
        """In whole cents, so that what is shown adds up."""
        return round(self.amount * self.price, 2)


@frozen(kw_only=True, slots=True)
class Bill:
    """A month of a fleet.

    `requests` are those of the functions, `seconds` how long a run of each takes on average.
    """

    file: FileShape
    requests: Mapping[tuple[Service, str], int]
    seconds: Mapping[str, float]
    lines: Sequence[Line]

    @property
    def dollars(self) -> float:
        """Of all lines."""
        return round(sum(line.dollars for line in self.lines), 2)

    @property
    def too_long(self) -> list[str]:
        """Functions that would not be done within `TIMEOUT_S`."""
        return [name for name, took in self.seconds.items() if took > TIMEOUT_S[name]]

    def dollars_by_service(self) -> Mapping[str, float]:
        """Of the lines of each."""
        total: dict[str, float] = {}
        for line in self.lines:
            total[line.service] = round(total.get(line.service, 0.0) + line.dollars, 2)
        return total


@frozen(kw_only=True, slots=True)
class _File:
    """A file, the calls of its run of `ingest_file`, and those of each run of `store_events`."""

    shape: FileShape
    taken: Sequence[Call]
    stored: Sequence[Sequence[Call]]

    @property
    def calls(self) -> list[Call]:
        return [*self.taken, *(call for calls in self.stored for call in calls)]


def monthly_bill(given: Assumptions) -> Bill:
    """What a month costs, without faults: nothing is asked for twice.

    Raises `InvalidConfiguration` for assumptions that cannot be.
    """
    check(given)
    shape, sizes = typical_file(given, SIZES), item_sizes(given)
    stream_bytes = shape.stream_bytes(sizes)
    runs = list(shape.runs(given.parts_a_run))
    file = _File(
        shape=shape,
        taken=list(taking_in(shape.chunks, sizes)),
        stored=[list(storing(run, sizes, stream_bytes=stream_bytes)) for run in runs],
    )
    seconds = {
        "ingest_file": _seconds(given, shape.rows * given.ingest_us, file.taken),
        "store_events": _storing_seconds(given, file) / max(1, len(runs)),
    }
    files = given.files_per_day * prices.DAYS_A_MONTH
    lines = [
        *_dynamodb(given, file, files),
        *_s3(given, file, files),
        *_sqs(given, file, files),
        *_lambda(given, seconds["ingest_file"], _storing_seconds(given, file), len(runs), files),
        *_standing(given),
        *_watching(given, (1 + len(runs)) * files),
    ]
    return Bill(
        file=shape,
        requests={key: round(count * files) for key, count in counted(file.calls).items()},
        seconds=seconds,
        lines=[line for line in lines if line.amount],
    )


def _storing_seconds(given: Assumptions, file: _File) -> float:
    """Of all runs that store a file."""
    calls = [call for calls in file.stored for call in calls]
    cpu_us = file.shape.stored_rows * given.store_us
    return _seconds(given, cpu_us, calls)


def _seconds(given: Assumptions, rows_us: float, calls: Sequence[Call]) -> float:
    """Computing, and then waiting; what the log asks for side by side waits together."""
    cpu_us = rows_us + sum(call.count for call in calls) * given.request_us
    cpu_s = cpu_us / prices.MILLION * MB_A_VCPU / min(given.memory_mb, MB_A_VCPU)
    threads = LogSettings().threads
    waits = sum(call.count / (threads if call.operation in _SIDE_BY_SIDE else 1) for call in calls)
    return cpu_s + waits * given.request_ms / 1000


def _dynamodb(given: Assumptions, file: _File, files: float) -> Iterator[Line]:
    calls = [call for call in file.calls if call.service == "dynamodb"]
    reads = sum(call.units for call in calls if call.operation in _READS)
    writes = sum(call.units for call in calls) - reads
    yield Line("DynamoDB", "write units", writes * files, prices.DYNAMODB_WRITE_UNIT)
    yield Line("DynamoDB", "read units", reads * files, prices.DYNAMODB_READ_UNIT)
    tables = _table_bytes(given, file.shape) * given.files_per_day / GB
    index = _log_bytes(given, file.shape) * given.city_share * given.files_per_day / GB
    yield Line("DynamoDB", "GB-months stored", tables + index, prices.DYNAMODB_GB_MONTH)
    yield Line("DynamoDB", "GB-months recoverable", tables, prices.DYNAMODB_RECOVERY_GB_MONTH)


def _table_bytes(given: Assumptions, file: FileShape) -> float:
    """What the tables hold because of one file a day, apart from the index."""
    sizes = item_sizes(given)
    notes_bytes = file.stream_bytes(sizes) + len(file.parts) * (sizes.record + sizes.outcome)
    return _log_bytes(given, file) + notes_bytes * given.age_days


def _log_bytes(given: Assumptions, file: FileShape) -> float:
    """What the log holds of one file a day."""
    new_rows = file.stored_rows * (1 - given.known_share)
    kept_days = min(given.ttl_days or given.age_days, given.age_days)
    return new_rows * (given.item_bytes + ITEM_OVERHEAD_BYTES) * kept_days


def _s3(given: Assumptions, file: _File, files: float) -> Iterator[Line]:
    asked = counted(call for call in file.calls if call.service == "s3")
    gets = sum(count for (_, name), count in asked.items() if name in _GETS)
    puts = asked.total() - gets + 1  # the upload's own
    yield Line("S3", "puts", puts * files, prices.S3_PUT)
    yield Line("S3", "gets", gets * files, prices.S3_GET)
    shape = file.shape
    kept_bytes = sum(part.size_bytes for part in shape.parts)
    kept_bytes += sum(chunk.rejects_bytes or 0 for chunk in shape.chunks)
    warm_days = min(GLACIER_AFTER_DAYS, given.age_days)
    warm_bytes = kept_bytes * given.age_days + shape.size_bytes * warm_days
    cold_bytes = shape.size_bytes * (given.age_days - warm_days)
    gb = given.files_per_day / GB
    yield Line("S3", "GB-months stored", warm_bytes * gb, prices.S3_GB_MONTH)
    yield Line("S3", "uploads moved to Glacier", files, prices.S3_GLACIER_TRANSITION)
    yield Line("S3", "GB-months in Glacier", cold_bytes * gb, prices.S3_GLACIER_GB_MONTH)


def _sqs(given: Assumptions, file: _File, files: float) -> Iterator[Line]:
    """Sends; S3's notification; a receive and a delete for each run; polls that find nothing."""
    requests = Counter({"sqs-standard": 3})
    for (service, _), count in counted(file.calls).items():
        requests[service] += count
    for run in file.shape.runs(given.parts_a_run):
        requests[QUEUES[run[0].lane]] += 2
    polls = given.pollers * prices.SECONDS_A_MONTH / LONG_POLL_S
    standard, fifo = requests["sqs-standard"] * files, requests["sqs-fifo"] * files
    # The uploads' queue is a standard one too.
    yield Line("SQS", "standard requests", standard + 2 * polls, prices.SQS_STANDARD_REQUEST)
    yield Line("SQS", "FIFO requests", fifo + polls, prices.SQS_FIFO_REQUEST)


def _lambda(
    given: Assumptions, taking_s: float, storing_s: float, runs: int, files: float
) -> Iterator[Line]:
    """`storing_s` is of all runs that store a file."""
    gb, price = given.memory_mb / 1024, prices.LAMBDA_GB_SECOND[given.architecture]
    yield Line("Lambda", "runs", (1 + runs) * files, prices.LAMBDA_REQUEST)
    yield Line("Lambda", "GB-s of ingest_file", taking_s * gb * files, price)
    yield Line("Lambda", "GB-s of store_events", storing_s * gb * files, price)


def _standing(given: Assumptions) -> Iterator[Line]:
    hours = prices.HOURS_A_MONTH
    yield Line("KMS", "keys", KEYS, prices.KMS_KEY_MONTH)
    yield Line("KMS", "requests", given.kms_requests_per_hour * hours, prices.KMS_REQUEST)
    if given.redis_nodes:
        node = prices.CACHE_NODE_HOUR[given.redis_node]
        yield Line("ElastiCache", "node hours", given.redis_nodes * hours, node)
        endpoints = ENDPOINTS * given.zones
        yield Line("VPC", "endpoint hours", endpoints * hours, prices.ENDPOINT_HOUR)


def _watching(given: Assumptions, runs: float) -> Iterator[Line]:
    yield Line("CloudWatch", "metrics", METRICS, prices.METRIC_MONTH)
    alarms = ALARM_METRICS + (REDIS_ALARM_METRICS if given.redis_nodes else 0)
    yield Line("CloudWatch", "metrics of alarms", alarms, prices.ALARM_METRIC_MONTH)
    yield Line("CloudWatch", "dashboards", 1, prices.DASHBOARD_MONTH)
    yield Line("CloudWatch", "GB of logs", runs * given.log_bytes / GB, prices.LOGS_GB)
    yield Line("X-Ray", "traces", runs, prices.TRACE)
