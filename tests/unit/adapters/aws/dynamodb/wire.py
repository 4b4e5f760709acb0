"""A wire to DynamoDB that counts requests and can be disturbed, and hostile events."""

from __future__ import annotations

import json
import math
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias, cast

from attrs import evolve, field, frozen
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from fleetcore.domain.fingerprint import MASK, salt, word_of
from fleetcore.domain.location import LocationEvent
from fleetcore.ports.seen_window import SeenWindow
from fleetcore.testing.contracts.log_rig import LogRig
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.dynamodb.location_log import DynamoLog, LogSettings
from fleetcore_adapters.aws.dynamodb.requests import Requests
from fleetcore_adapters.memory import part_file
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.resilience.policy import Policy

NOW_MS: Final = 1_700_000_000_000

Fault: TypeAlias = Callable[[AWSPreparedRequest], AWSResponse]
"""What the wire does with one request instead of delivering it."""


def delivered(request: AWSPreparedRequest) -> AWSResponse:
    """DynamoDB's answer."""
    response = botocore_stubber("before-send.dynamodb", request)
    assert response is not None
    return response


def answered(request: AWSPreparedRequest, status: int, body: object) -> AWSResponse:
    """Another answer."""
    headers = HTTPHeaders()
    headers["content-type"] = "application/x-amz-json-1.0"
    return AWSResponse(request.url, status, headers, MockRawResponse(json.dumps(body)))


def throttled(request: AWSPreparedRequest) -> AWSResponse:
    """Nothing is done."""
    kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    return answered(request, 400, {"__type": kind, "message": "slow down"})


def conflicting(request: AWSPreparedRequest) -> AWSResponse:
    """Another transaction is at the last item of this one; nothing is done."""
    items = len(_body(request)["TransactItems"])
    codes = [*["None"] * (items - 1), "TransactionConflict"]
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    reasons = [{"Code": code} for code in codes]
    body = {
        "__type": kind,
        "Message": f"Transaction cancelled [{', '.join(codes)}]",
        "CancellationReasons": reasons,
    }
    return answered(request, 400, body)


def answer_lost(request: AWSPreparedRequest) -> AWSResponse:
    """What was asked for is done, and nobody hears of it."""
    delivered(request)
    raise ConnectionClosedError(endpoint_url=request.url)


def unsent(request: AWSPreparedRequest) -> AWSResponse:
    """Nothing arrives."""
    raise ConnectionClosedError(endpoint_url=request.url)


def half_written(request: AWSPreparedRequest) -> AWSResponse:
    """A batch of writes that stops half-way."""
    ((table, writes),) = _body(request)["RequestItems"].items()
    half = len(writes) // 2
    if half:
        request.body = json.dumps({"RequestItems": {table: writes[:half]}})
        delivered(request)
    return answered(request, 200, {"UnprocessedItems": {table: writes[half:]}})


def half_read(request: AWSPreparedRequest) -> AWSResponse:
    """A batch of reads that stops half-way."""
    ((table, wanted),) = _body(request)["RequestItems"].items()
    half = len(wanted["Keys"]) // 2
    some = {**wanted, "Keys": wanted["Keys"][:half]}
    request.body = json.dumps({"RequestItems": {table: some}})
    answer = json.loads(delivered(request).content)
    rest = {**wanted, "Keys": wanted["Keys"][half:]}
    return answered(request, 200, {**answer, "UnprocessedKeys": {table: rest}})


def _body(request: AWSPreparedRequest) -> dict[str, Any]:
    assert isinstance(request.body, str | bytes)
    body: dict[str, Any] = json.loads(request.body)
    return body


def as_handler(handler: Callable[..., object]) -> Callable[..., None]:
    """What the SDK's event system takes, by its types: it does hear what a handler returns."""
    return cast("Callable[..., None]", handler)


class Wire:
    """Counts requests by operation, and does to the next ones of an operation what is planned."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self._faults: dict[str, deque[Fault]] = {}
        self._lock = threading.Lock()

    def plan(self, operation: str, *faults: Fault) -> None:
        """Disturb the next requests of an operation."""
        self._faults.setdefault(operation, deque()).extend(faults)

    def plan_after(self, operation: str, count: int, faults: Sequence[Fault]) -> None:
        """Deliver so many requests of an operation before disturbing those that follow."""
        self.plan(operation, *[delivered] * count, *faults)

    def heal(self) -> None:
        """Deliver all."""
        self._faults.clear()

    def __call__(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        with self._lock:
            self.sent[operation] += 1
            planned = self._faults.get(operation)
            fault = planned.popleft() if planned else delivered
        return fault(request)

    def counted(self, work: Callable[[], object]) -> Counter[str]:
        """How many requests some work takes, by operation."""
        before = Counter(self.sent)
        work()
        return self.sent - before


@frozen(kw_only=True, slots=True)
class Service:
    """A DynamoDB with the project's tables. `pauses` are those of the policies, in seconds."""

    wire: Wire
    clients: Clients
    streams: str
    views: str
    log: str
    parts: str
    pauses: list[float] = field(factory=list)

    def requests(self) -> Requests:
        """Requests with a policy of their own, in virtual time."""
        policy = Policy("DynamoDB", sleep=self.pauses.append, random=lambda: 0.5)
        return Requests(self.clients.dynamodb, policy)

    def open_log(
        self,
        objects: MemoryObjectStore,
        seen: SeenWindow | None = None,
        keep_days: int | None = None,
    ) -> LogRig:
        """A log of plain parts."""
        log = DynamoLog(
            self.requests(),
            self.log,
            self.parts,
            objects=objects,
            read_rows=part_file.decode,
            clock=MemoryClock(NOW_MS),
            seen=seen,
            settings=LogSettings(keep_days=keep_days),
        )
        return LogRig(log=log, objects=objects, encode=part_file.encode, compact=lambda: None)


def colliding(event: LocationEvent, many: int) -> list[LocationEvent]:
    """Other payloads of an event's identity with the event's own fingerprint."""
    total = sum(word_of(name, getattr(event, name)) for name in ("latitude", "speed_kmh"))
    found: list[LocationEvent] = []
    for latitude in range(1, 1000):
        word = (total - word_of("latitude", float(latitude))) & MASK
        bits = (_unmixed(word) - salt("speed_kmh")) & MASK
        (speed_kmh,) = struct.unpack("<d", struct.pack("<Q", bits))
        if math.isfinite(speed_kmh):
            found.append(evolve(event, latitude=float(latitude), speed_kmh=speed_kmh))
        if len(found) == many:
            break
    assert {each.fingerprint for each in found} == {event.fingerprint}
    return found


def _unmixed(word: int) -> int:
    """What the splitmix64 finaliser makes the word of."""
    word = word ^ (word >> 31) ^ (word >> 62)
    word = (word * pow(0x94D0_49BB_1331_11EB, -1, 2**64)) & MASK
    word = word ^ (word >> 27) ^ (word >> 54)
    word = (word * pow(0xBF58_476D_1CE4_E5B9, -1, 2**64)) & MASK
    return word ^ (word >> 30) ^ (word >> 60)
