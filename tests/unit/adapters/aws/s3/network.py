"""What lies between a client of S3 and the service, and what can happen there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

from attrs import define, field
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError

from fleetcore_adapters.resilience.policy import Limits, Policy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def patient() -> Policy:
    """A policy that takes no time."""
    return Policy("S3", Limits(attempts=4), sleep=lambda _s: None)


@define
class Network:
    """Notes each request, and lets some of them fail, the next ones first.

    `bodies` may change the body of each object that is got.
    """

    calls: list[tuple[str, Mapping[str, object]]] = field(factory=list)
    bodies: Callable[[object], object] | None = None
    _lost_answers: Counter[str] = field(factory=Counter)
    _lost_requests: Counter[str] = field(factory=Counter)
    _refusals: dict[str, list[tuple[int, str]]] = field(factory=dict)
    _before: dict[str, list[Callable[[], object]]] = field(factory=dict)

    @property
    def operations(self) -> list[str]:
        """The names of the requests, in order."""
        return [name for name, _ in self.calls]

    def lose_answers(self, operation: str, times: int = 1) -> None:
        """The service does it, and nobody hears of it."""
        self._lost_answers[operation] += times

    def lose_requests(self, operation: str, times: int = 1) -> None:
        """The service never hears of it."""
        self._lost_requests[operation] += times

    def refuse(self, operation: str, status: int, code: str, times: int = 1) -> None:
        """The service answers with an error."""
        self._refusals.setdefault(operation, []).extend([(status, code)] * times)

    def before(self, operation: str, action: Callable[[], object]) -> None:
        """Somebody else is faster, once: just before a request that is not lost."""
        self._before.setdefault(operation, []).append(action)

    @contextmanager
    def around(self, client: S3Client) -> Iterator[None]:
        """While the block runs, the client's requests go through here."""
        handlers: Mapping[str, Callable[..., None]] = {
            "provide-client-params.s3": self._noted,
            "before-send.s3": self._sent,
            "after-call.s3": self._answered,
        }
        ids = {name: uuid4().hex for name in handlers}
        for name, handler in handlers.items():
            client.meta.events.register_first(name, handler, unique_id=ids[name])
        yield
        for name in handlers:
            client.meta.events.unregister(name, unique_id=ids[name])

    def _noted(self, params: Mapping[str, object], model: object, **_more: object) -> None:
        self.calls.append((_name(model), dict(params)))

    def _sent(self, event_name: str, **_more: object) -> None:
        operation = event_name.rpartition(".")[2]
        if self._lost_requests[operation]:
            self._lost_requests[operation] -= 1
            raise ConnectionClosedError(endpoint_url="here")
        if actions := self._before.get(operation):
            actions.pop(0)()
        if refusals := self._refusals.get(operation):
            status, code = refusals.pop(0)
            # As an answer it would come behind moto's own work.
            raise ClientError(
                {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # as short as may be
                operation,
            )

    def _answered(
        self, model: object, parsed: dict[str, object], http_response: AWSResponse, **_more: object
    ) -> None:
        operation = _name(model)
        if http_response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            return
        if operation == "GetObject" and "Body" in parsed and self.bodies is not None:
            parsed["Body"] = self.bodies(parsed["Body"])
        if self._lost_answers[operation]:
            self._lost_answers[operation] -= 1
            raise ConnectionClosedError(endpoint_url="here")


def _name(model: object) -> str:
    name = getattr(model, "name", "")
    assert isinstance(name, str)
    return name
