"""Files as they should not be: a clear error or counted rows, never a traceback, no row lost."""

from __future__ import annotations

import gzip
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

Command = Callable[..., Any]

HEADER = b"vehicle_id,observed_at,latitude,longitude,note\n"
ROW = b"v1,2024-05-01T10:00:00Z,52.5,13.4,\n"
LATER = b"v1,2024-05-01T10:00:10Z,52.5,13.4,\n"
MANY = HEADER + b"".join(
    b"v%d,2024-05-01T10:00:00Z,52.5,13.4,%d\n" % (number, number * 7919) for number in range(5_000)
)
CUT_GZIP = gzip.compress(MANY)[:-1000]


@frozen
class Case:
    """A file, and what an ingestion says of it: an error's code and text, or counts."""

    content: bytes
    counts: Mapping[str, object] = {}
    error: str | None = None
    said: str = ""
    name: str = "file.csv"


def _rows(*rows: bytes) -> bytes:
    return HEADER + b"".join(rows)


CASES = {
    "empty": Case(b"", error="unreadable-file", said="the file is empty"),
    "blank lines only": Case(b"\n\r\n\n", error="unreadable-file", said="only blank lines"),
    "header only": Case(HEADER, {"read": 0}),
    "header without an end": Case(HEADER.rstrip(), {"read": 0}),
    "no column known": Case(
        b"a,b,c\nx,y,z\n", error="invalid-mapping", said="columns found: column 1 'a'"
    ),
    "no header": Case(ROW, error="invalid-mapping", said="--columns NAME,NAME"),
    "binary": Case(bytes(range(256)) * 40, error="unreadable-file", said="binary"),
    "Parquet": Case(b"PAR1" + bytes(100), error="unreadable-file", said="a Parquet file"),
    "JSON": Case(b'{"vehicle_id": 1}\n', error="unreadable-file", said="JSON"),
    "zip": Case(b"PK\x03\x04" + bytes(99), error="unreadable-file", said="Excel workbook"),
    "truncated gzip": Case(CUT_GZIP, error="unreadable-file", said="breaks off"),
    "gzip without content": Case(gzip.compress(b"")[:12], error="unreadable-file"),
    "gzip called csv": Case(gzip.compress(_rows(ROW)), {"read": 1, "accepted": 1}),
    "csv called gzip": Case(_rows(ROW), {"read": 1, "accepted": 1}, name="file.csv.gz"),
    "csv without a name for it": Case(_rows(ROW), {"read": 1, "accepted": 1}, name="file.xlsx"),
    "mixed line ends": Case(
        HEADER.replace(b"\n", b"\r\n") + ROW + LATER.replace(b"\n", b"\r") + ROW.rstrip(),
        {"read": 3, "accepted": 2, "duplicate": 1},
    ),
    "ragged": Case(
        _rows(ROW, b"v2,2024-05-01T10:00:00Z,52.5\n", LATER.replace(b",\n", b",,,\n")),
        {"read": 3, "accepted": 1, "malformed": 2},
    ),
    "unclosed quote": Case(
        _rows(ROW, b'v2,2024-05-01T10:00:00Z,52.5,13.4,"never closed\n', LATER),
        {"accepted": 2, "malformed": 1},
    ),
    "unclosed quote in the header": Case(
        HEADER.replace(b"note", b'"note'), error="unreadable-file", said="quote"
    ),
    "quoted newlines": Case(
        _rows(ROW.replace(b",\n", b',"two\r\nlines, ""quoted"""\n'), LATER),
        {"read": 2, "accepted": 2},
    ),
    "NULs": Case(
        _rows(ROW.replace(b",\n", b",\0\0\n"), LATER.replace(b"13.4", b"13\0.4")),
        {"read": 2, "accepted": 1, "malformed": 1},
    ),
    "invalid UTF-8": Case(
        _rows(ROW.replace(b",\n", b",caf\xe9\n"), LATER.replace(b"v1", b"v\xff")),
        {"read": 2, "accepted": 1, "malformed": 1},
    ),
    "UTF-16": Case(
        _rows(ROW).decode().encode("utf-16"), {"read": 1, "accepted": 1, "malformed": 0}
    ),
    "a line of 10 MB": Case(
        _rows(ROW, b"x" * 10_000_000 + b"\n", LATER), {"read": 3, "accepted": 2, "malformed": 1}
    ),
    "a file that is one line of 10 MB": Case(b"x" * 10_000_000, error="unreadable-file"),
    "10,000 columns": Case(
        HEADER.rstrip() + b"," + b",".join(b"c%d" % each for each in range(10_000)) + b"\n"
        + ROW.rstrip() + b"," * 10_000 + b"\n",
        {"read": 1, "accepted": 1},
    ),
    "duplicate names": Case(
        b"vehicle_id,time,latitude,latitude,longitude\nv1,2024-05-01,1,2,3\n",
        error="invalid-mapping",
        said="latitude is ambiguous",
    ),
    "numbers with commas": Case(
        _rows(
            b'v1,2024-05-01T10:00:00Z,"52,5","13,4",\n', b'v1,2024-05-01,"1,234.5",13.4,\n', ROW
        ),
        {"read": 3, "accepted": 1, "malformed": 2},
    ),
    "decimal commas": Case(
        _rows(ROW, LATER).replace(b",", b";").replace(b".", b","),
        error="invalid-mapping",
        said="latitude cells look like '52,5'; decimal commas are not read",
    ),
    "not finite and empty": Case(
        _rows(
            ROW.replace(b"52.5", b"NaN"),
            ROW.replace(b"13.4", b"-inf"),
            ROW.replace(b"52.5", b""),
            b",,,,\n",
        ),
        {"read": 4, "rejected": 4, "accepted": 0},
    ),
    "years 1 and 9999": Case(
        _rows(ROW.replace(b"2024", b"0001"), ROW.replace(b"2024", b"9999"), ROW),
        {"read": 3, "accepted": 1, "rejected_by": {"before-1970": 1, "future": 1}},
    ),
    "no time anywhere": Case(
        _rows(ROW.replace(b"2024-05-01T10:00:00Z", b"noonish")),
        error="invalid-mapping",
        said="such as 'noonish'",
    ),
    "an id of 4 kB": Case(
        _rows(b"v" * 4096 + ROW[2:], LATER), {"read": 2, "accepted": 1, "malformed": 1}
    ),
    "Unicode ids": Case(
        _rows(
            "Z\u00fcg-\u8eca-\U0001f69a".encode() + ROW[2:],
            "Zu\u0308g-\u8eca-\U0001f69a".encode() + ROW[2:],
        ),
        {"read": 2, "accepted": 1, "duplicate": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_bad_input_is_an_error_or_counted(fleetcore: Command, case: Case) -> None:
    """The exit status, the error in words, the counts, and both equations."""
    Path(case.name).write_bytes(case.content)
    done = fleetcore("ingest", case.name, "--json")
    told = done.object

    assert "Traceback" not in done.err
    assert "unexpected" not in done.err
    assert done.status == (1 if case.error else 0)
    assert (told["error"] or {"code": None})["code"] == case.error
    if case.error:
        assert told["status"] == "failed"
        assert case.name in told["error"]["message"]
        assert case.said in told["error"]["message"]
        assert f"error [{case.error}]: {told['error']['message']}\n" in done.err
    assert case.counts.items() <= told.items()
    assert told["read"] == (
        told["accepted"] + told["duplicate"] + told["conflicting"]
        + told["rejected"] + told["malformed"]
    )  # fmt: skip
    assert told["accepted"] + told["conflicting"] == told["stored"]
    assert (told["pending"], told["dead_lettered"]) == (0, 0)


def test_unicode_ids_can_be_asked_for(fleetcore: Command) -> None:
    """A track is found by any spelling of the id, and printed as it is stored."""
    Path("file.csv").write_bytes(_rows("Zu\u0308g".encode() + ROW[2:]))
    fleetcore("ingest", "file.csv")

    assert fleetcore("track", "Z\u00fcg", "--json").object["vehicle_id"] == "Z\u00fcg"
    assert fleetcore("track", "Zu\u0308g", "--json").object["vehicle_id"] == "Z\u00fcg"
    assert fleetcore("latest", "Zu\u0308g", "--json").object["vehicle_id"] == "Z\u00fcg"


def test_a_file_that_vanished_is_named(fleetcore: Command) -> None:
    """A link to nothing, and a folder without files, are errors of their own."""
    Path("gone.csv").symlink_to("nowhere.csv")
    Path("folder.csv").mkdir()
    done = fleetcore("ingest", "gone.csv", "folder.csv", "--json")

    assert done.status == 1
    assert [each["error"]["code"] for each in done.objects] == ["unreadable-file", "invalid-input"]
    assert all(each["path"] in each["error"]["message"] for each in done.objects)


def test_a_mistake_in_the_program_is_one_line(
    fleetcore: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw is told with the switch that shows the traceback, which then shows it."""
    monkeypatch.setattr("fleetcore_entrypoints.options.config_at", lambda _path: 1 / 0)
    done = fleetcore("rules")

    assert done.status == 1
    assert done.err == (
        "error [unexpected]: unexpected ZeroDivisionError: division by zero; "
        "set FLEETCORE_DEBUG=1 to see the traceback\n"
    )
    monkeypatch.setenv("FLEETCORE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        fleetcore("rules")


@pytest.mark.parametrize(
    ("error", "status", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted", "interrupted"),
        (MemoryError(), 1, "out-of-memory", "out of memory"),
        (PermissionError(13, "No", "secret.toml"), 1, "os-error", "secret.toml: No"),
    ],
)
def test_what_the_machine_throws_is_one_line(
    fleetcore: Command,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: int,
    code: str,
    said: str,
) -> None:
    """Interruption, want of memory and the operating system's errors; an object with --json."""

    def thrown(_path: object) -> None:
        raise error

    monkeypatch.setattr("fleetcore_entrypoints.options.config_at", thrown)
    done = fleetcore("rules")
    as_json = fleetcore("rules", "--json")

    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1)
    assert done.err.startswith(f"error [{code}]: {said}")
    assert as_json.status == status
    assert as_json.object["error"]["code"] == code
    assert as_json.object["error"]["message"].startswith(said)


@pytest.mark.parametrize(
    ("words", "goes_on"),
    [(["ingest", "file.csv"], True), (["generate", "file.csv", "--rows", "9"], False)],
)
def test_an_interruption_says_whether_work_goes_on(
    fleetcore: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], goes_on: bool
) -> None:
    """What was begun is gone on with by the same command, or begun again."""

    def thrown(*_words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fleetcore_entrypoints.cli.progress.Bar.__enter__", thrown)
    done = fleetcore(*words)

    assert done.status == 130
    assert ("run the same command again to go on" in done.err) == goes_on


def test_output_that_goes_nowhere_is_no_traceback() -> None:
    """Streams that the process was started without; a full disk is one line."""

    def shell(line: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from fleetcore_entrypoints.cli.main import main; sys.exit(main())"
        words = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"
        return subprocess.run(
            ["/bin/sh", "-c", f"{words} {line}"], capture_output=True, text=True, check=False
        )

    closed, mute, full = (shell(f"rules {to}") for to in (">&-", "2>&-", ">/dev/full"))
    deaf = shell("ingest missing.csv <&-")

    assert (closed.returncode, closed.stderr) == (0, "")
    assert (mute.returncode, "speed-limit" in mute.stdout) == (0, True)
    assert "error [unreadable-file]: missing.csv" in deaf.stderr
    if Path("/dev/full").exists():
        assert (full.returncode, full.stderr.count("\n")) == (1, 1)
        assert full.stderr.startswith("error [os-error]: ")
