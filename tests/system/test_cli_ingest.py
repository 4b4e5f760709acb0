"""`fleetcore ingest` as people and programs use it."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

COUNTS = {
    "read": 5,
    "accepted": 2,
    "duplicate": 1,
    "conflicting": 0,
    "rejected": 1,
    "malformed": 1,
    "rejected_by": {"latitude-range": 1},
    "warned_by": {"swapped-coordinates": 1},
    "stored": 2,
    "already_stored": 0,
    "conflicting_at_store": 0,
    "forgotten": 0,
    "dead_lettered": 0,
    "pending": 0,
}
KEYS = ["path", "ingestion_id", "status", "error", *COUNTS, "parts", "bytes", "seconds"]


def test_prints_one_object_with_every_count(process: Command, trips: Path) -> None:
    """As a process of its own: status 0, and one object with these keys in this order."""
    done = process("ingest", trips, "--json")

    assert done.status == 0
    assert list(done.object) == KEYS
    assert COUNTS.items() <= done.object.items()
    assert (done.object["status"], done.object["error"]) == ("completed", None)
    assert done.object["bytes"] == trips.stat().st_size
    assert Path("fleetcore-data", "fleetcore.sqlite").is_file()


def test_says_first_what_was_understood(fleetcore: Command, trips: Path) -> None:
    """Dialect, mapping, times and units stand on stderr, also with --json."""
    done = fleetcore("ingest", trips, "--json")

    assert "delimiter comma, header, utf-8" in done.err
    assert "observed_at = observed_at" in done.err
    assert "ISO 8601" in done.err
    assert "speed in km/h" in done.err


def test_prints_a_ledger_that_can_be_added_up(fleetcore: Command, trips: Path) -> None:
    """The readable block shows both equations, the reasons, and where the rejects are."""
    done = fleetcore("ingest", trips, "--data", "d")
    lines = [line.split(maxsplit=2) for line in done.out.splitlines()]

    assert ["5", "read"] in lines
    assert ["=", "2", "accepted"] in lines
    assert ["+", "1", "duplicate"] in lines
    assert ["1", "latitude-range"] in lines
    assert ["2", "accepted", "+ conflicting"] in lines
    assert ["=", "2", "stored"] in lines
    command = next(line for line in done.out.splitlines() if "fleetcore rejects" in line)
    words = command.partition("fleetcore ")[2].split()
    assert fleetcore(*words).out.count("line ") == 2


def test_tells_why_rows_are_malformed(fleetcore: Command, trips: Path) -> None:
    """Each code has its count below the malformed rows, and in the ledger's JSON."""
    lines = fleetcore("ingest", trips).out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.endswith("  malformed"))

    assert lines[at + 1].split() == ["1", "unreadable-observed-at"]
    assert fleetcore("ledger", "--json").object["malformed_by"] == {"unreadable-observed-at": 1}


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["text", "json"])
def test_a_file_of_which_nothing_is_accepted_is_pointed_out(
    fleetcore: Command, trips: Path, words: list[str]
) -> None:
    """Completed is not well: the first reasons, and the command that shows the rows."""
    header, *rows = trips.read_text(encoding="utf-8").splitlines(keepends=True)
    trips.write_text(header + "".join(row + "v1,when\n" for row in rows[3:]), encoding="utf-8")
    done = fleetcore("ingest", trips, "--data", "d", *words)
    (said,) = [line for line in done.err.splitlines() if line.startswith("note: ")]
    reasons = "2 wrong-column-count, 1 latitude-range, 1 unreadable-observed-at"

    assert done.status == 0
    assert said.startswith(f"note: no row of 4 was accepted: {reasons}; to see them: fleetcore ")
    assert fleetcore(*said.partition("fleetcore ")[2].split()).out.count("line ") == 4


def test_a_file_of_which_something_is_accepted_is_not(fleetcore: Command, trips: Path) -> None:
    """Nor is one without rows."""
    Path("empty.csv").write_text(trips.read_text(encoding="utf-8").splitlines()[0], "utf-8")

    assert "note: " not in fleetcore("ingest", trips, "empty.csv").err


def test_a_short_works_speed_is_not_told(
    fleetcore: Command, trips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done at once has no speed worth telling; what takes longer has."""
    short = fleetcore("ingest", trips)
    monkeypatch.setattr("fleetcore_entrypoints.cli.ledger_text._TIMED_FOR_S", 0.0)
    timed = fleetcore("ingest", trips, "--again")

    assert "rows/s" not in short.out
    assert "rows/s" in timed.out


def test_recognises_the_same_content(fleetcore: Command, trips: Path) -> None:
    """A copy under another name is not read again, and has the ledger of the first."""
    first = fleetcore("ingest", trips, "--json").object
    copy = trips.rename("copy.csv")
    second = fleetcore("ingest", copy, "--json")

    assert second.status == 0
    assert second.object["status"] == "already-ingested"
    assert second.object["ingestion_id"] == first["ingestion_id"]
    assert COUNTS.items() <= second.object.items()


def test_again_stores_nothing_twice(fleetcore: Command, trips: Path) -> None:
    """--again reads the file in a new attempt, in which all is already stored."""
    first = fleetcore("ingest", trips, "--json").object
    again = fleetcore("ingest", trips, "--json", "--again").object

    assert again["status"] == "completed"
    assert again["ingestion_id"] != first["ingestion_id"]
    assert (again["stored"], again["already_stored"]) == (0, 2)
    assert len(fleetcore("track", "v1", "--json").objects) == 2


def test_one_bad_file_stops_nothing(fleetcore: Command, trips: Path) -> None:
    """Files behind a bad or missing one are ingested; the exit status tells of the bad ones."""
    Path("bad.csv").write_bytes(b"")
    done = fleetcore("ingest", "bad.csv", "missing.csv", "no*match", trips, "--json")

    assert done.status == 1
    assert [each["status"] for each in done.objects] == ["failed"] * 3 + ["completed"]
    assert [each["path"] for each in done.objects[:3]] == ["bad.csv", "missing.csv", "no*match"]
    assert done.objects[0]["error"]["code"] == "unreadable-file"
    assert done.objects[0]["error"]["message"] in done.err


def test_reads_stdin_gzip_folders_and_globs(fleetcore: Command, trips: Path) -> None:
    """Each way to name a file ends in the same counts."""
    content = trips.read_bytes()
    trips.unlink()
    Path("folder", "below").mkdir(parents=True)
    Path("folder", "below", "a.csv").write_bytes(content)
    Path("b.csv.gz").write_bytes(gzip.compress(content))

    piped = fleetcore("ingest", "-", "--json", "--data", "1", stdin=content).object
    folder = fleetcore("ingest", "folder", "--json", "--data", "2").object
    globbed = fleetcore("ingest", "b*.gz", "--json", "--data", "3").object

    assert piped["path"] == "<stdin>"
    assert folder["path"] == "folder/below/a.csv"
    assert globbed["path"] == "b.csv.gz"
    assert all(COUNTS.items() <= each.items() for each in (piped, folder, globbed))


@pytest.mark.parametrize("form", ["plain", "gzip", "utf-16"])
def test_how_far_it_is_is_known_of_every_form(
    fleetcore: Command, trips: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """The bar gets a share that ends with all, also where the content is not as it lies."""
    shares: list[float | None] = []
    monkeypatch.setattr(
        "fleetcore_entrypoints.cli.progress.Bar.move",
        lambda _bar, _what, share, **_counts: shares.append(share),
    )
    content = trips.read_bytes()
    forms = {"gzip": gzip.compress(content), "utf-16": content.decode().encode("utf-16")}
    trips.write_bytes(forms.get(form, content))
    fleetcore("ingest", trips)

    assert shares[-1:] == [1.0]


def test_the_data_folder_is_no_input(fleetcore: Command, trips: Path) -> None:
    """A folder that holds the data folder too can be ingested as often as one likes."""
    fleetcore("ingest", trips)
    done = fleetcore("ingest", ".", "--json")

    assert [each["path"] for each in done.objects] == ["trips.csv"]


def test_takes_the_data_folder_from_the_environment(
    fleetcore: Command, trips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$FLEETCORE_DATA is used where --data is not given."""
    monkeypatch.setenv("FLEETCORE_DATA", "elsewhere")
    fleetcore("ingest", trips)

    assert Path("elsewhere", "fleetcore.sqlite").is_file()
    assert not Path("fleetcore-data").exists()


def test_options_say_how_a_file_is_read(fleetcore: Command) -> None:
    """Columns, delimiter, zone and the vehicle from the file's name, as for a file without any."""
    Path("cab_ab12.txt").write_text("37.75 -122.39 0 2008-05-17T10:00\n", encoding="utf-8")
    done = fleetcore(
        *("ingest", "cab_ab12.txt", "--columns", "latitude,longitude,occupied,observed_at"),
        *("--delimiter", "space", "--timezone", "America/Los_Angeles"),
        *("--vehicle-from-filename", r"cab_(.*)\.txt"),
    )
    event = fleetcore("track", "ab12", "--json").object

    assert done.status == 0, done.err
    assert event["observed_at"] == "2008-05-17T17:00:00.000Z"
    assert (event["latitude"], event["longitude"]) == (37.75, -122.39)


def test_config_and_vehicles_judge_the_rows(fleetcore: Command, trips: Path) -> None:
    """A fleet.toml's limits count, and depots give distances."""
    Path("fleet.toml").write_text("[limits]\nmax_speed_kmh = 20\n", encoding="utf-8")
    Path("vehicles.csv").write_text(
        "vehicle_id,depot_latitude,depot_longitude\nv1,52.6,13.5\n", encoding="utf-8"
    )
    done = fleetcore(
        *("ingest", trips, "--config", "fleet.toml", "--vehicles", "vehicles.csv", "--json")
    )

    assert done.object["rejected_by"] == {"speed-limit": 3, "latitude-range": 1}
    assert fleetcore("track", "v1", "--json").object["distance_from_depot_m"] == 0.0


@pytest.mark.parametrize(
    ("status", "words", "said"),
    [
        (1, ["--map", "latitude=nowhere"], "there is no column 'nowhere'; columns found: column 1"),
        (2, ["--map", "latitude"], "--map 'latitude' is not of the form FIELD=COLUMN"),
        (2, ["--map", "hat=1"], "'hat' is not a field; fields are vehicle_id"),
        (2, ["--map", "status=1", "--map", "status=2"], "--map names status twice"),
        (2, ["--delimiter", "much"], "delimiter 'much' is not one character"),
        (2, ["--timezone", "Mars/North"], "timezone 'Mars/North' is not an IANA zone"),
        (2, ["--encoding", "klingon"], "encoding 'klingon' is unknown"),
        (2, ["--vehicle-from-filename", "("], "not a regular expression"),
        (1, ["--columns", "a,b"], "2 columns are named (a, b), but rows have 5"),
        (2, ["--config", "no.toml"], "no.toml: No such file or directory"),
        (1, ["--vehicles", "no.csv"], "no.csv: No such file or directory"),
        (2, ["--speed-unit", "parsecs"], "speed_unit 'parsecs' is none of km/h"),
        (2, ["--data", ""], "'--data' (env var: 'FLEETCORE_DATA'): it is empty"),
        (2, [""], "'PATH...': it is empty"),
        (2, ["--nonsense"], "--nonsense"),
    ],
)
def test_an_impossible_option_is_answered_in_one_line(
    fleetcore: Command, trips: Path, status: int, words: list[str], said: str
) -> None:
    """The error names the option and what is allowed; 1 is of an option that fits no file."""
    done = fleetcore("ingest", trips, *words)
    (error,) = [line for line in done.err.splitlines() if line.startswith("error [")]

    assert done.status == status
    assert said in error
    assert "unexpected" not in error


def test_an_ambiguous_column_lists_what_was_found(fleetcore: Command) -> None:
    """Two columns that may be the latitude are named, with the option that chooses."""
    Path("two.csv").write_text("id,time,lat,lat,lon\nv1,2024-01-01,1,2,3\n", encoding="utf-8")
    done = fleetcore("ingest", "two.csv", "--json")

    assert done.object["error"]["code"] == "invalid-mapping"
    assert "--map latitude=3" in done.object["error"]["message"]
    assert fleetcore("ingest", "two.csv", "--map", "latitude=4").status == 0
    assert fleetcore("track", "v1", "--json").object["latitude"] == 2.0


def test_a_data_path_that_is_a_file_is_named(fleetcore: Command, trips: Path) -> None:
    """Where no data folder can be, the error says which path it is."""
    Path("taken").write_bytes(b"")
    done = fleetcore("ingest", trips, "--data", "taken")

    assert done.status == 1
    assert done.err.startswith("error [storage-unavailable]: taken")
    assert done.err.count("\n") == 1


def test_names_cannot_command_the_terminal(fleetcore: Command) -> None:
    """Escape sequences in a path or an id are shown, not sent."""
    path = Path("red\x1b[31m.csv")
    path.write_text(
        "vehicle_id,observed_at,latitude,longitude,no\x1b[2Jte\nv1,2024-01-01,x\x1b[1m,2,3\n",
        encoding="utf-8",
    )
    ingested = fleetcore("ingest", path)
    ingestion = fleetcore("ledger", "--json").object["ingestion_id"]
    rejects = fleetcore("rejects", ingestion)
    ledger = fleetcore("ledger")
    missing = fleetcore("ingest", "gone\x1b[31m.csv")

    for done in (ingested, rejects, ledger, missing):
        assert "\x1b" not in done.out + done.err
    assert "\\x1b[1m" in rejects.out
    assert "red\\x1b[31m.csv" in ledger.out


def test_a_reader_that_stops_early_is_no_error(trips: Path) -> None:
    """`fleetcore ... | head -0` ends without a word."""
    program = "import sys; from fleetcore_entrypoints.cli.main import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", program, "rules", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert said == b""
