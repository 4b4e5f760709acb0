"""The entry points of the handlers: log, trace, deadline, environment."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError
from tests.unit.entrypoints.lambdas.conftest import Context, MemoryApp, event_of, rows

from fleetcore.errors import InvalidConfiguration, StorageUnavailable, UnbalancedLedger
from fleetcore_entrypoints.lambdas import app as app_module
from fleetcore_entrypoints.lambdas import ingest_file, store_events, telling
from fleetcore_entrypoints.lambdas.app import DEADLINE, KEPT_BACK_S, Deadline, upload_limit
from fleetcore_entrypoints.lambdas.records import Answer, Event, answer
from fleetcore_entrypoints.lambdas.telling import why

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """The log writes to what standard output is now."""
    telling.logger.cache_clear()
    yield
    telling.logger.cache_clear()


def test_the_handler_takes_in_what_an_event_names(
    app: MemoryApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the fleet that was wired; each line of its log is JSON and names the invocation."""
    monkeypatch.setattr(ingest_file, "wired", lambda: app)
    app.bucket["telemetry/monday.csv", "096fKKXTRTtl3on89fVO.nfljtsv6qko"] = rows(0, 60)
    done = ingest_file.handler(event_of("arrived"), Context())
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())

    assert {"batchItemFailures": []} == done
    assert "file taken in" == line["message"]
    assert ("fleetcore", Context.aws_request_id, "INFO") == (
        line["service"],
        line["function_request_id"],
        line["level"],
    )


@pytest.mark.parametrize("module", [ingest_file, store_events])
def test_an_invocation_sets_the_deadline(
    app: MemoryApp, monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    """Calls of services end before the invocation does."""
    monkeypatch.setattr(module, "wired", lambda: app)
    handler: Callable[[Event, Context], Answer] = getattr(module, "handler")  # noqa: B009
    handler({"Records": []}, Context(left_ms=60_000))
    deadline_s = DEADLINE()

    assert deadline_s is not None
    assert 50 < deadline_s - time.monotonic() <= 60 - KEPT_BACK_S


def test_there_is_no_deadline_before_the_first_invocation() -> None:
    """While the process starts nothing is running out."""
    assert Deadline()() is None


def test_the_fleet_is_wired_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cold start, and never again."""
    from fleetcore_entrypoints.wiring import aws

    app_module.wired.cache_clear()
    made = object()
    monkeypatch.setattr(aws, "wire_aws", lambda deadline_s: made if deadline_s is DEADLINE else 0)
    assert app_module.wired() is app_module.wired() is made
    app_module.wired.cache_clear()


@pytest.mark.parametrize(("text", "limit"), [("", None), (" ", None), ("1073741824", 1 << 30)])
def test_the_limit_of_a_file_comes_from_the_environment(text: str, limit: int | None) -> None:
    """A number of bytes, or none."""
    assert limit == upload_limit({"FLEETCORE_LARGEST_UPLOAD_BYTES": text})


@pytest.mark.parametrize("text", ["1 GB", "-1", "1e9", "\u0663"])
def test_a_limit_that_is_no_number_is_refused(text: str) -> None:
    """It names the variable."""
    with pytest.raises(InvalidConfiguration, match="FLEETCORE_LARGEST_UPLOAD_BYTES"):
        upload_limit({"FLEETCORE_LARGEST_UPLOAD_BYTES": text})


def test_an_error_is_told_by_service_and_codes() -> None:
    """What the services' answers say stays; their texts do not."""
    sdk = ClientError({"Error": {"Code": "AccessDenied", "Message": "a.csv"}}, "PutObject")
    error = StorageUnavailable("the streams table: AccessDenied: a.csv")
    error.__cause__ = sdk

    assert {
        "code": "storage-unavailable",
        "dependency": "the streams table",
        "reason": "StorageUnavailable < ClientError AccessDenied",
    } == why(error)
    assert "" == why(UnbalancedLedger("a.csv: read 2"))["dependency"]
    assert "" == why(StorageUnavailable("a.csv"))["dependency"]


def test_an_answer_names_each_message_once() -> None:
    """Lambda takes a batch with an unknown or doubled id as failed as a whole."""
    assert {"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "a"}]} == answer(
        ["b", "a", "b"]
    )


TRACED = """
import os, sys, json
os.environ.update({"AWS_LAMBDA_FUNCTION_NAME": "store_events", "LAMBDA_TASK_ROOT": "/nowhere",
    "_X_AMZN_TRACE_ID": sys.argv[1], "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
import boto3
import botocore.client
from botocore.awsrequest import AWSResponse
from fleetcore_entrypoints.lambdas.telling import told
from tests.unit.entrypoints.lambdas.conftest import Context
sent = []
def record(request, **_):
    sent.append(request.headers.get("X-Amzn-Trace-Id", b"").decode())
    return AWSResponse(request.url, 400, {}, None)
def work(event, context):
    client = boto3.client("sqs", endpoint_url="http://127.0.0.1:9")
    client.meta.events.register("before-send", record)
    try:
        client.send_message_batch(QueueUrl="q", Entries=[])
    except Exception as error:
        pass
    return {"batchItemFailures": []}
told(work)({}, Context())
patched = type(vars(botocore.client.BaseClient)["_make_api_call"]).__name__ != "function"
print(json.dumps([sent, "aws_xray_sdk" in sys.modules, patched]))
"""


@pytest.mark.parametrize("sampled", [True, False])
def test_the_trace_goes_with_what_is_sent(sampled: bool) -> None:
    """The SDK itself sends the header to SQS; X-Ray's is imported only for sampled traces."""
    trace = TRACE if sampled else TRACE.replace("Sampled=1", "Sampled=0")
    done = subprocess.run(
        [sys.executable, "-c", TRACED, trace], check=True, capture_output=True, text=True
    )
    sent, is_traced, notes_calls = json.loads(done.stdout.splitlines()[-1])

    assert 1 == len(sent)
    assert sent[0].startswith("Root=1-5759e988-bd862e3fe1be46a994272793")
    assert (sampled, False) == (is_traced, notes_calls), "keys of objects would be in the trace"
