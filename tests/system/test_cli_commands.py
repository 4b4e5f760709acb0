"""The commands that look at what was ingested."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.system.live import COMMAND

from fleetcore_entrypoints.cli.commands import application

Command = Callable[..., Any]
COMMANDS = list(application.commands)


@pytest.fixture(name="ingested")
def _ingested(fleetcore: Command, trips: Path) -> str:
    """The id of the ingestion of `trips`."""
    ingestion: str = fleetcore("ingest", trips, "--json").object["ingestion_id"]
    return ingestion


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(fleetcore: Command, command: str) -> None:
    """Every command's help shows how to call it."""
    done = fleetcore(command, "--help")

    assert done.status == 0
    assert f"fleetcore {command}" in done.out.partition("Examples:")[2]


def test_help_lists_every_command(process: Command) -> None:
    """As a process of its own, in the order in which one meets the commands."""
    done = process("--help")

    listed = done.out.partition("Commands:\n")[2].partition("\n\n")[0]

    assert done.status == 0
    assert [line.split()[0] for line in listed.splitlines()] == COMMANDS
    assert COMMANDS[0] == "ingest"


def test_help_names_the_default_and_the_variable(fleetcore: Command) -> None:
    """Where the data lies if nothing is said, and what says it for all commands."""
    said = " ".join(fleetcore("ledger", "--help").out.split())

    assert "--data DIR" in said
    assert "[env var: FLEETCORE_DATA; default: fleetcore-data]" in said


def test_no_command_is_answered_with_the_help(fleetcore: Command) -> None:
    """`fleetcore` alone says what there is."""
    done = fleetcore()

    assert (done.status, done.err) == (0, "")
    assert "Commands:" in done.out


def test_an_unknown_command_is_one_line(fleetcore: Command) -> None:
    """The word is named, and the exit status tells it from a failure."""
    done = fleetcore("injest")

    assert done.status == 2
    assert done.err.startswith("error [usage]: ")
    assert "'injest'. Did you mean 'ingest'?" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ingest"], "Missing argument 'PATH"),
        (["ingest", "--jsn", "trips.csv"], "'--jsn'. Did you mean '--json'?"),
        (["ingest", "trips.csv", "--data"], "'--data' requires an argument"),
        (["rejects", "3fa9", "--limit", "-1"], "'--limit': -1 is not in the range"),
        (["generate", "fleet.csv", "--rows", "many"], "'--rows': 'many' is not a valid integer"),
        (["track", "v1", "--format", "xml"], "'--format': 'xml' is not one of 'table'"),
        (["compact", "all"], "unexpected extra argument (all)"),
        (["track", "-7"], "'-7', and an argument that begins with - needs -- before it"),
        (["track", "v1", "--json", "--format", "csv"], "--json and --format csv contradict"),
        (["ledger", "--data", ""], "it is empty"),
    ],
)
def test_a_command_used_wrongly_is_one_line(
    fleetcore: Command, words: list[str], said: str
) -> None:
    """What is wrong, where to read more, and an exit status of its own; nothing is done."""
    done = fleetcore(*words)

    assert done.status == 2
    assert (done.out == "") == ("--json" not in words)
    assert done.err.startswith("error [usage]: ")
    assert said in done.err
    assert done.err.endswith(f"; see fleetcore {words[0]} --help\n")
    assert done.err.count("\n") == 1
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["ledger"],
        ["ledger", "3fa9"],
        ["rejects", "3fa9"],
        ["track", "v1"],
        ["latest"],
        ["files"],
    ],
    ids=" ".join,
)
def test_reading_makes_no_data_folder(fleetcore: Command, words: list[str]) -> None:
    """Where no data is, the error says so, and nothing is made."""
    done = fleetcore(*words, "--data", "nowhere")
    as_json = fleetcore(*words, "--data", "nowhere", "--json")

    assert done.status == as_json.status == 1
    assert done.err.startswith("error [invalid-input]: nowhere: there is no fleetcore data here")
    assert as_json.object["error"]["code"] == "invalid-input"
    assert as_json.object["error"]["message"] in done.err
    assert not Path("nowhere").exists()


def test_ledger_lists_and_shows(fleetcore: Command, ingested: str) -> None:
    """All ingestions in a table, one by the beginning of its id, and both as JSON."""
    table = fleetcore("ledger").out.splitlines()
    one = fleetcore("ledger", ingested[:6]).out
    as_json = fleetcore("ledger", "--json").object

    short, day, minute, *rest, _path = table[1].split()
    assert ingested.startswith(short)
    assert as_json["received"].startswith(f"{day}T{minute}:")
    assert rest == ["completed", *"5210112000"]
    assert table[1].endswith("/trips.csv")
    assert table[1].index(rest[-1]) < 120
    assert f"ingestion {ingested}, received {as_json['received']}\n" in one
    assert "latitude-range" in one
    assert f"fleetcore rejects {ingested}" in one
    assert as_json["path"].endswith("trips.csv")
    assert (as_json["read"], as_json["stored"], as_json["status"]) == (5, 2, "completed")
    assert as_json == fleetcore("ledger", ingested, "--json").object


def test_a_ledger_of_a_newer_version_hides_no_other(
    fleetcore: Command, ingested: str, trips: Path
) -> None:
    """What cannot be read is named on stderr, the others are listed, new files go in."""
    with closing(sqlite3.connect("fleetcore-data/fleetcore.sqlite")) as database, database:
        database.execute("UPDATE events SET schema_version = 99 WHERE version = 1")
    other = trips.with_name("other.csv")
    other.write_text(trips.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    done = fleetcore("ingest", other, "--json")
    listed = fleetcore("ledger", "--json")

    assert (0, "completed") == (done.status, done.object["status"])
    assert 1 == listed.status
    assert done.object["ingestion_id"] == listed.object["ingestion_id"]
    assert f"error [undecodable-event]: ingestion {ingested}: " in listed.err
    assert "install a newer fleetcore" in listed.err


def test_the_list_of_ledgers_loses_no_row(fleetcore: Command, ingested: str, trips: Path) -> None:
    """Rows that were stored before are in the log too; ids are as short as they are unique."""
    fleetcore("ingest", trips, "--again")
    first, second = (line.split() for line in fleetcore("ledger").out.splitlines()[1:])

    assert first[3:-1] == second[3:-1] == ["completed", *"5210112000"]
    assert fleetcore("ledger", first[0]).out != fleetcore("ledger", second[0]).out


def test_a_replay_names_what_it_replays(fleetcore: Command, ingested: str) -> None:
    """In the table by the id shown there, in its ledger by the whole one."""
    replay = fleetcore("replay", ingested, "--json").object["ingestion_id"]
    first, second = fleetcore("ledger").out.splitlines()[1:]

    assert second.endswith(f"({first.split()[0]})")
    assert f"a replay of {ingested}" in fleetcore("ledger", replay).out
    assert fleetcore("ledger", replay, "--json").object["replay_of"] == ingested
    assert fleetcore("ledger", ingested, "--json").object["replay_of"] is None


def test_an_ambiguous_id_says_how_many_it_may_be(
    fleetcore: Command, ingested: str, trips: Path
) -> None:
    """Two attempts share all of an id but its end."""
    fleetcore("ingest", trips, "--again")
    done = fleetcore("ledger", ingested[:-1])

    assert done.status == 1
    assert f"2 ingestions begin with '{ingested[:-1]}': {ingested}, " in done.err


def test_ledger_of_an_unknown_id(fleetcore: Command, ingested: str) -> None:
    """An id that nothing begins with is said to be unknown."""
    done = fleetcore("ledger", "zz")
    as_json = fleetcore("ledger", "zz", "--json")

    assert (done.status, as_json.status) == (1, 1)
    assert done.err.startswith("error [unknown-ingestion]: no ingestion begins with 'zz'")
    assert list(as_json.object) == ["error"]
    assert as_json.object["error"]["code"] == "unknown-ingestion"


def test_rejects_tell_line_reasons_and_text(fleetcore: Command, ingested: str) -> None:
    """Every refused row, in the file's order, as it lay in the file."""
    rows = fleetcore("rejects", ingested, "--json").objects
    limited = fleetcore("rejects", ingested, "--json", "--limit", "1").objects
    text = fleetcore("rejects", ingested).out

    assert [(row["line"], row["kind"], row["reasons"]) for row in rows] == [
        (5, "rejected", ["latitude-range"]),
        (6, "malformed", ["unreadable-observed-at"]),
    ]
    assert rows[1]["text"] == "v3,yesterday,52.5,13.4,30"
    assert limited == rows[:1]
    assert "line 6  malformed  unreadable-observed-at\n    v3,yesterday" in text


def test_track_in_every_format(fleetcore: Command, ingested: str) -> None:
    """The same two events as a table, JSON lines, CSV and GeoJSON."""
    table = fleetcore("track", "v1").out.splitlines()
    lines = fleetcore("track", "v1", "--format", "json").objects
    rows = list(csv.DictReader(fleetcore("track", "v1", "--format", "csv").out.splitlines()))
    collection = json.loads(fleetcore("track", "v1", "--format", "geojson").out)

    assert [row.split()[1] for row in table[1:]] == [each["observed_at"] for each in lines]
    assert [each["observed_at"] for each in lines] == [
        "2024-05-01T10:00:00.000Z",
        "2024-05-01T10:00:10.000Z",
    ]
    assert [float(row["latitude"]) for row in rows] == [52.5, 52.6]
    assert (rows[0]["line"], rows[0]["ingestion"], rows[0]["city"]) == ("2", ingested, "")
    path, *points = collection["features"]
    assert path["geometry"]["coordinates"] == [[13.4, 52.5], [13.5, 52.6]]
    assert [point["geometry"]["coordinates"] for point in points] == [[13.4, 52.5], [13.5, 52.6]]
    assert points[0]["properties"]["speed_kmh"] == 30.0


def test_track_between_two_times(fleetcore: Command, ingested: str) -> None:
    """--from is included, --to is not; times may have an offset."""
    first = fleetcore("track", "v1", "--to", "2024-05-01T10:00:10Z", "--json").object
    second = fleetcore("track", "v1", "--from", "2024-05-01T12:00:10+02:00", "--json").object

    assert first["observed_at"] == "2024-05-01T10:00:00.000Z"
    assert second["observed_at"] == "2024-05-01T10:00:10.000Z"
    assert "--from 'noon' is no time" in fleetcore("track", "v1", "--from", "noon").err


def test_track_clean_leaves_the_winner(fleetcore: Command, trips: Path) -> None:
    """Both payloads of one instant are in a track; --clean leaves the more accurate."""
    trips.write_text(
        "vehicle_id,observed_at,latitude,longitude,accuracy_m\n"
        "v1,2024-05-01,1,1,5\nv1,2024-05-01,2,2,3\n",
        encoding="utf-8",
    )
    fleetcore("ingest", trips)

    assert len(fleetcore("track", "v1", "--json").objects) == 2
    assert fleetcore("track", "v1", "--json", "--clean").object["latitude"] == 2.0


def test_track_of_a_city(fleetcore: Command, in_folder: Path) -> None:
    """Of all vehicles, by vehicle and time; --clean and the times hold here too."""
    path = in_folder / "cities.csv"
    path.write_text(
        "vehicle_id,observed_at,latitude,longitude,city,accuracy_m\n"
        "v2,2024-05-01T10:00:00Z,1,2,Rome,5\n"
        "v1,2024-05-01T10:00:10Z,1,2,Rome,5\n"
        "v1,2024-05-01T10:00:10Z,1,3,Rome,4\n"
        "v1,2024-05-01T10:00:00Z,1,2,Oslo,5\n"
        "v1,2024-05-02T10:00:00Z,1,2,Rome,5\n",
        encoding="utf-8",
    )
    fleetcore("ingest", path)
    clean = fleetcore("track", "--city", "Rome", "--to", "2024-05-02", "--clean", "--json")
    nothing = fleetcore("track", "--city", "Bern")

    assert [("v1", 3.0), ("v2", 2.0)] == [
        (each["vehicle_id"], each["longitude"]) for each in clean.objects
    ]
    assert 4 == len(fleetcore("track", "--city", "Rome", "--json").objects)
    assert "no events of the city 'Bern'" in nothing.err
    assert 2 == fleetcore("track").status
    assert 2 == fleetcore("track", "v1", "--city", "Rome").status


def test_track_of_a_stranger_is_empty(fleetcore: Command, ingested: str) -> None:
    """No event is no error; stderr tells a stranger from a span without events."""
    stranger = fleetcore("track", "nobody")
    early = fleetcore("track", "v1", "--to", "2024-01-01")

    assert (stranger.status, stranger.out) == (early.status, early.out) == (0, "")
    assert stranger.err == "nothing is known of 'nobody'\n"
    assert early.err == (
        "no events of 'v1' in this span; its last is of 2024-05-01T10:00:10.000Z\n"
    )


def test_latest_of_nothing(fleetcore: Command) -> None:
    """A folder without events is said to be so."""
    Path("none.csv").write_text("vehicle_id,observed_at,latitude,longitude\n", encoding="utf-8")
    fleetcore("ingest", "none.csv")
    done = fleetcore("latest")

    assert (done.status, done.out, done.err) == (0, "", "nothing is stored yet\n")


def test_an_id_that_begins_with_a_dash(fleetcore: Command, trips: Path) -> None:
    """Two dashes before it make it an argument; what follows them is no option."""
    trips.write_text(trips.read_text(encoding="utf-8").replace("v1", "-7"), encoding="utf-8")
    fleetcore("ingest", trips)

    assert fleetcore("track", "--json", "--", "-7").objects[0]["vehicle_id"] == "-7"
    assert fleetcore("track", "--", "--json").out == ""


def test_latest_of_all_and_of_some(fleetcore: Command, ingested: str) -> None:
    """The last event of each vehicle; those unknown are named on stderr."""
    everyone = fleetcore("latest", "--json").object
    table = fleetcore("latest", "v1", "v9")

    assert (everyone["vehicle_id"], everyone["latitude"]) == ("v1", 52.6)
    assert "2024-05-01T10:00:10.000Z" in table.out
    assert "nothing is known of 'v9'" in table.err


def test_files_are_those_of_the_log(fleetcore: Command, ingested: str) -> None:
    """The files named hold all rows stored."""
    described = fleetcore("files", "--json").objects
    listed = fleetcore("files").out.splitlines()

    assert [each["path"] for each in described] == listed
    assert all(Path(path).read_bytes().startswith(b"PAR1") for path in listed)
    assert sum(each["rows"] for each in described) == 2
    assert list(described[0])[:4] == ["path", "kind", "rows", "bytes"]
    assert min(each["min_observed_at"] for each in described) == "2024-05-01T10:00:00.000Z"


def test_rules_and_the_limits_in_force(fleetcore: Command) -> None:
    """Every rule with its severity; limits of the fleet and of classes from a fleet.toml."""
    Path("fleet.toml").write_text(
        "[limits]\nmax_speed_kmh = 150\nmax_age_s = 31536000\n"
        '[class.truck]\nmax_speed_kmh = 90\n[rules]\nfuture = "off"',
        encoding="utf-8",
    )
    plain = {rule["code"]: rule for rule in fleetcore("rules", "--json").objects}
    changed = {
        rule["code"]: rule
        for rule in fleetcore("rules", "--json", "--config", "fleet.toml").objects
    }
    table = [line.split() for line in fleetcore("rules", "--config", "fleet.toml").out.splitlines()]

    assert plain["speed-limit"]["limits"] == {"max_speed_kmh": 200.0}
    assert changed["speed-limit"]["limits"] == {"max_speed_kmh": 150.0}
    assert changed["speed-limit"]["class_limits"] == {"truck": {"max_speed_kmh": 90.0}}
    assert (plain["future"]["severity"], changed["future"]["severity"]) == ("reject", "off")
    assert ["max_speed_kmh", "150", "90"] in table
    assert ["max_age_s", "31536000"] in table
    assert {
        limit for rule in plain.values() if rule["kind"] == "event" for limit in rule["limits"]
    } == {"max_speed_kmh", "max_accuracy_m", "max_ahead_s", "max_age_s"}


def test_track_rules_and_their_limits(fleetcore: Command) -> None:
    """Beside those of events, told apart by kind; all limits of tracks are in the table."""
    Path("fleet.toml").write_text(
        '[track]\nmax_static_s = "off"\n[track.class.taxi]\nmin_stop_s = 60\n'
        'max_implied_speed_kmh = 120\n[rules]\nstatic = "reject"\n',
        encoding="utf-8",
    )
    words = ("rules", "--config", "fleet.toml")
    listed = {rule["code"]: rule for rule in fleetcore(*words, "--json").objects}
    table = [line.split() for line in fleetcore(*words).out.splitlines()]

    assert {"implied-speed", "stuck", "too-frequent", "static"} == {
        code for code, rule in listed.items() if rule["kind"] == "track"
    }
    assert "reject" == listed["static"]["severity"]
    assert None is listed["static"]["limits"]["max_static_s"]
    assert {"taxi": {"max_implied_speed_kmh": 120.0}} == listed["implied-speed"]["class_limits"]
    assert ["max_static_s", "off"] in table
    assert ["min_stop_s", "120", "60"] in table


def test_replay_takes_rejected_rows_in_by_other_rules(fleetcore: Command, ingested: str) -> None:
    """With the broken rule off, what it rejected is accepted in an ingestion of its own."""
    Path("lax.toml").write_text('[rules]\nlatitude-range = "off"\n', encoding="utf-8")
    same = fleetcore("replay", ingested, "--json").object
    told = fleetcore("replay", ingested, "--again").err
    lax = fleetcore("replay", ingested[:8], "--config", "lax.toml", "--json")

    assert (same["read"], same["accepted"]) == (2, 0)
    assert "vehicle_id = vehicle_id, observed_at = observed_at, latitude = latitude" in told
    assert lax.status == 0
    assert (lax.object["read"], lax.object["accepted"], lax.object["malformed"]) == (2, 1, 1)
    assert lax.object["ingestion_id"] not in (ingested, same["ingestion_id"])
    assert fleetcore("track", "v2", "--json").object["latitude"] == 95.0


def test_compact_leaves_the_log_as_it_was(fleetcore: Command, ingested: str, trips: Path) -> None:
    """Fewer files hold the same events; compacting once more changes nothing."""
    fleetcore("ingest", trips, "--again")
    before = fleetcore("track", "v1", "--json").objects
    done = fleetcore("compact", "--json").object

    assert done["files_before"] > done["files_after"] == 1
    assert done["rows"] == 2
    assert fleetcore("track", "v1", "--json").objects == before
    assert [each["kind"] for each in fleetcore("files", "--json").objects] == ["compacted"]
    assert fleetcore("compact").out == "nothing to compact\n"


def test_compact_goes_on_until_it_is_stopped(ingested: str, tmp_path: Path) -> None:
    """Again and again, and when it is asked to end it does, after what is in hand."""
    command = [*COMMAND, "compact", "--every", "0.2", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first, second = (json.loads(process.stdout.readline()) for _ in range(2))
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
        finally:
            process.kill()

    assert (0, 1, 0) == (status, first["files_after"], second["files_before"])


def test_doctor_finds_what_is_damaged(fleetcore: Command, ingested: str) -> None:
    """A sound folder is said to be so; a file that was written over is named."""
    sound, silent = fleetcore("doctor"), fleetcore("doctor", "--json")
    damaged = Path(fleetcore("files").out.splitlines()[0])
    damaged.write_bytes(b"PAR1")
    found = fleetcore("doctor")
    as_json = fleetcore("doctor", "--json")

    assert (sound.status, sound.out) == (0, "nothing is wrong\n")
    assert (silent.status, silent.out) == (0, "")
    assert (found.status, as_json.status) == (1, 1)
    assert 1 == found.out.count(damaged.name)
    assert "(from " in found.out
    assert all(list(each) == ["code", "level", "message"] for each in as_json.objects)
