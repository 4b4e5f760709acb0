"""What `docs/costs.md` shows is what the command prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from fleetcore_entrypoints.cli.main import main

PAGE = (Path(__file__).parents[4] / "docs" / "costs.md").read_text(encoding="utf-8")


def test_the_example_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """To the letter; after a change: `fleetcore cost`, pasted."""
    (block,) = re.findall(r"```\n\$ fleetcore cost\n(.*?)```", PAGE, re.DOTALL)

    assert 0 == main(["cost"])
    assert block == capsys.readouterr().out


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`fleetcore (cost[^`]*)`", PAGE))))
def test_commands_are_understood(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of the page has the options it names."""
    words = [word for word in shlex.split(line) if word != "--help"]

    assert 0 == main(words)
    assert capsys.readouterr().out
