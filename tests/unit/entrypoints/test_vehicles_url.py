"""Vehicles' metadata from a URL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fleetcore.errors import InvalidInput
from fleetcore_entrypoints import open_local
from fleetcore_entrypoints.cli.main import main
from fleetcore_entrypoints.options import metadata_at, metadata_in

VEHICLES = json.dumps({"v1": {"class": "van", "max_speed_kmh": 50}}).encode()
ROWS = "vehicle_id,observed_at,latitude,longitude,speed_kmh\nv1,2024-05-01T10:00:00Z,1,2,60\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> Iterator[str]:
    """The URL of a folder's `metadata_api.json`."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "metadata_api.json").write_bytes(VEHICLES)
    serve = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/metadata_api.json"
        server.shutdown()
        thread.join()


@pytest.fixture(name="trips")
def _trips(tmp_path: Path) -> Path:
    path = tmp_path / "trips.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_an_ingestion_judges_by_metadata_from_a_url(
    tmp_path: Path, trips: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the command line: the vehicle's own speed limit rejects the row."""
    arguments = ["ingest", str(trips), "--vehicles", url, "--data", str(tmp_path / "data")]

    assert 0 == main([*arguments, "--json"])
    assert 1 == json.loads(capsys.readouterr().out)["rejected"]


def test_where_metadata_lies_makes_no_difference(tmp_path: Path, trips: Path, url: str) -> None:
    """The same content from a file and from a URL is the same ingestion."""
    path = tmp_path / "vehicles.json"
    path.write_bytes(VEHICLES)
    with open_local(tmp_path / "data") as fleet:
        from_url = fleet.ingest(trips, vehicles=url)
        from_file = fleet.ingest(trips, vehicles=path)

    assert ("completed", "already-ingested") == (from_url.status, from_file.status)


def test_a_url_that_leads_nowhere_is_told(
    tmp_path: Path, trips: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do, and no traceback."""
    arguments = ["ingest", str(trips), "--vehicles", f"{url}.old", "--data", str(tmp_path / "data")]

    assert 0 != main(arguments)
    assert "there is nothing (404" in capsys.readouterr().err


def test_content_that_is_no_list_of_vehicles_is_told(url: str) -> None:
    """It is called by its URL."""
    folder = url.rpartition("/")[0]
    with pytest.raises(InvalidInput, match=rf"{folder}/"):
        metadata_at(f"{folder}/")


def test_s3_is_fetched_by_the_caller() -> None:
    """The content is what counts."""
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return VEHICLES

    metadata = metadata_at("s3://bucket/metadata_api.json", fetch)

    assert metadata_in(VEHICLES, "v").content_id == metadata.content_id
    assert ["s3://bucket/metadata_api.json"] == asked
    assert {"v1"} == metadata.directory.find(["v1"]).keys()


def test_without_aws_there_is_no_s3() -> None:
    """The message says what to do instead."""
    with pytest.raises(InvalidInput, match="give a signed https:// URL"):
        metadata_at("s3://bucket/metadata_api.json")
