"""What messages of the uploads queue say."""

from __future__ import annotations

from typing import Final

import pytest
from attrs import evolve
from tests.unit.entrypoints.lambdas.conftest import EVENTS, event_of

from fleetcore_entrypoints.lambdas.notices import (
    Arrived,
    Elsewhere,
    Empty,
    Malformed,
    Notice,
    OtherEvent,
    Oversized,
    Removed,
    Trial,
    Upload,
    continuation,
    notices_in,
)
from fleetcore_entrypoints.lambdas.records import records_of

LIMIT_BYTES: Final = 1 << 30
UPLOAD: Final = Upload(
    bucket="fleet",
    key="telemetry/monday.csv",
    version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
    size_bytes=2048,
    request_id="C3D13FE58DE4C810",
)
REMOVED: Final = evolve(UPLOAD, size_bytes=None)

EXPECTED: Final[dict[str, list[Notice]]] = {
    "arrived": [Arrived(UPLOAD)],
    "test_notification": [Trial()],
    "versioned_url_encoded_key": [
        Arrived(
            evolve(
                UPLOAD,
                key="telemetry/depot north/café +100%!.csv",
                version_id="L4kqtJlcpXroDTDmpUMLUo",
            )
        )
    ],
    "unversioned": [Arrived(evolve(UPLOAD, version_id=None))],
    "deleted_object": [Removed(REMOVED), Removed(REMOVED)],
    "other_event": [OtherEvent(UPLOAD, "ObjectTagging:Put")],
    "wrong_type": [Arrived(evolve(UPLOAD, key="telemetry/photo.png"))],
    "elsewhere": [Elsewhere(evolve(UPLOAD, key="fresh/3f2a/00000-moving-00.parquet"))],
    "empty_object": [Empty(evolve(UPLOAD, key="telemetry/", size_bytes=0))],
    "oversized": [Oversized(evolve(UPLOAD, size_bytes=5368709120), LIMIT_BYTES)],
    "duplicate": [Arrived(UPLOAD), Arrived(UPLOAD)],
    "reordered": [
        Arrived(evolve(UPLOAD, key="telemetry/file.csv", version_id="second")),
        Arrived(evolve(UPLOAD, key="telemetry/file.csv", version_id="first")),
    ],
    "several_records": [
        Arrived(UPLOAD),
        Arrived(evolve(UPLOAD, key="telemetry/tuesday.csv", version_id="t1")),
        Elsewhere(evolve(UPLOAD, key="exports/a.csv")),
    ],
    "continuation": [Arrived(UPLOAD, continued=True, ingestion="3f2a00112233445566778899-1")],
    "continuation_version_1": [Arrived(UPLOAD, continued=True)],
}


def notices(name: str) -> list[Notice]:
    """What the messages of an event say."""
    records = records_of(event_of(name))
    return [notice for each in records for notice in notices_in(each.body, LIMIT_BYTES)]


@pytest.mark.parametrize("name", EXPECTED)
def test_each_event_is_what_it_is(name: str) -> None:
    """A typed notice an object."""
    assert EXPECTED[name] == notices(name)


def test_what_cannot_be_read_is_malformed() -> None:
    """No JSON, no records, a strange record, a version that is not known: each says why."""
    found = notices("malformed")

    assert [Malformed] * 7 == list(map(type, found))
    assert all(each.reason for each in found if isinstance(each, Malformed))


def test_every_file_of_events_is_expected_to_say_something() -> None:
    """No file is forgotten."""
    assert {*EXPECTED, "malformed"} == {each.stem for each in EVENTS.glob("*.json")}


def test_without_a_limit_any_size_arrives() -> None:
    """The limit is the environment's to set."""
    (record,) = records_of(event_of("oversized"))

    assert (Arrived(evolve(UPLOAD, size_bytes=5368709120)),) == notices_in(record.body)


@pytest.mark.parametrize(
    "upload", [UPLOAD, evolve(UPLOAD, key="telemetry/ü\n+%.csv", version_id=None, request_id=None)]
)
def test_a_continuation_names_the_same_object(upload: Upload) -> None:
    """The message that goes on with a file says all that the notification said."""
    expected = Arrived(upload, continued=True, ingestion="00-1")
    assert (expected,) == notices_in(continuation(upload, "00-1"))


@pytest.mark.parametrize(
    "body",
    [
        '{"v": 2, "continue": {"bucket": "fleet", "key": "telemetry/a.csv"}}',
        '{"v": 2, "continue": {"bucket": "fleet", "key": "telemetry/a.csv", "ingestion": ""}}',
        '{"v": 0, "continue": {"bucket": "fleet", "key": "telemetry/a.csv"}}',
        '{"v": 2, "continue": {"ingestion": "00-1"}}',
    ],
)
def test_a_continuation_that_misses_something_is_malformed(body: str) -> None:
    """Without its ingestion it would begin another one."""
    (notice,) = notices_in(body)
    assert isinstance(notice, Malformed)


def test_the_alias_does_not_tell_the_name() -> None:
    """It is a hash of bucket and key, the same for each version."""
    assert UPLOAD.alias == evolve(UPLOAD, version_id="other").alias
    assert UPLOAD.alias != evolve(UPLOAD, key="telemetry/tuesday.csv").alias
    assert "monday" not in UPLOAD.alias
