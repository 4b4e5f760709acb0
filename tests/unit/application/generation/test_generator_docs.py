"""The generator's page lists what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleetcore.application.generation.dirt import DIRT_DESCRIPTIONS
from fleetcore.application.generation.faults import EXCLUSIVE, FAULTS

PAGE = (Path(__file__).parents[4] / "docs" / "generator.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "kinds"), [("Dirt", DIRT_DESCRIPTIONS), ("File faults", FAULTS)]
)
def test_page_lists_every_kind(heading: str, kinds: dict[str, str]) -> None:
    """Each table has exactly the kinds in the code, in their order and with their meaning."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]

    assert list(kinds.items()) == re.findall(r"^\| `(.+?)` \| (.+) \|$", section, re.MULTILINE)


@pytest.mark.parametrize("pair", EXCLUSIVE)
def test_page_names_what_excludes_each_other(pair: frozenset[str]) -> None:
    """The page says which faults cannot be in one file."""
    sentence = PAGE.split("Not together:")[1].split(".")[0]

    assert any(pair == set(re.findall(r"`(.+?)`", part)) for part in sentence.split(";"))


def test_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example on the page writes the file, its truth and the vehicles."""
    code = PAGE.split("```python\n")[1].split("```")[0].replace("100_000", "100")
    monkeypatch.chdir(tmp_path)

    exec(compile(code, "generator.md", "exec"), {})

    assert {"fleet.csv.gz", "fleet.csv.gz.truth.json", "fleet.csv.gz.vehicles.csv"} == {
        path.name for path in tmp_path.iterdir()
    }
