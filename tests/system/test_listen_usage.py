"""`fleetcore listen` with what cannot be: a line says what is wrong, and nothing is made."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from tests.system.conftest import Command

pytestmark = pytest.mark.system

PLAIN: Final = "mqtt://localhost:1/t"
TLS: Final = "mqtts://localhost:1/t"
MISUSED: Final = (
    (("http://localhost/t",), "mqtt://[USER@]HOST"),
    (("mqtt://me:secret@localhost/t",), "--password-file"),
    (("mqtt://localhost/a/#/b",), "stands alone at the end"),
    ((PLAIN, "--group", "a/b"), "--group"),
    ((PLAIN, "--ca", "ca.pem"), "mqtts://"),
    ((TLS, "--key", "key.pem"), "--cert"),
    ((TLS, "--ca", "absent.pem"), "absent.pem: No such file"),
    ((TLS, "--ca", "odd.pem"), "--ca odd.pem"),
    ((TLS, "--cert", "odd.pem"), "--cert odd.pem"),
    ((PLAIN, "--password-file", "odd.pem"), "mqtt://USER@HOST"),
    (("mqtt://me@localhost/t", "--password-file", "absent"), "absent: No such file"),
    ((PLAIN, "--map", "latitude"), "FIELD=KEY"),
    ((PLAIN, "--timezone", "Nowhere/City"), "Nowhere/City"),
    ((PLAIN, "--vehicle-from-topic", "("), "no regular expression"),
    ((PLAIN, "--config", "absent.toml"), "absent.toml"),
)


@pytest.mark.parametrize(("words", "said"), MISUSED)
def test_what_cannot_be_is_told(
    fleetcore: Command, in_folder: Path, words: tuple[str, ...], said: str
) -> None:
    """With exit status 2, and no data folder made."""
    Path("odd.pem").write_text("no certificate\n", encoding="utf-8")
    done = fleetcore("listen", *words)

    assert 2 == done.status
    assert said in done.err
    assert "secret" not in done.err
    assert not (in_folder / "fleetcore-data").exists()


def test_a_fleet_on_aws_is_refused(fleetcore: Command) -> None:
    """Its messages come another way."""
    assert 1 == fleetcore("listen", PLAIN, "--data", "aws:").status


def test_the_help_has_examples(fleetcore: Command) -> None:
    """To copy."""
    assert "fleetcore listen mqtt://localhost/fleet/#" in fleetcore("listen", "--help").out
