"""Who a listener is to its broker."""

from __future__ import annotations

from pathlib import Path

from fleetcore_adapters.mqtt.address import address_of
from fleetcore_entrypoints.wiring.listening import client_id_of, login_of

ADDRESS = address_of("mqtt://me@localhost/fleet/#")


def test_a_listener_started_again_has_its_client_id_again(tmp_path: Path) -> None:
    """Another folder, topic, broker or group has another."""
    others = [
        client_id_of(tmp_path / "other", ADDRESS, None),
        client_id_of(tmp_path, address_of("mqtt://localhost/fleet/+"), None),
        client_id_of(tmp_path, address_of("mqtts://localhost/fleet/#"), None),
        client_id_of(tmp_path, ADDRESS, "store"),
    ]
    own = client_id_of(tmp_path, ADDRESS, None)

    assert own == client_id_of(tmp_path, ADDRESS, None)
    assert 5 == len({own, *others})
    assert len(own) <= 26


def test_a_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    """As editors leave it."""
    (tmp_path / "file").write_text("open sesame\nnot this\n", encoding="utf-8")
    login = login_of(ADDRESS, client_id="it", password_file=tmp_path / "file")

    assert "open sesame" == login.password
    assert "open sesame" not in repr(login)
