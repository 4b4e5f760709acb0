"""Payloads are read strictly, and whatever they are, nothing is raised."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from fleetcore.codec.payload_json import opened
from fleetcore.domain.messages import MAX_PAYLOAD_BYTES
from fleetcore.domain.payloads import PAYLOAD_FAULTS
from fleetcore.testing.message_strategies import ODD_PAYLOADS, hostile_payloads, reports


def test_of_equal_keys_the_last_counts() -> None:
    """As nearly every reader of JSON has it."""
    assert ({"a": 2},) == opened(b'{"a": 1, "a": 2}')


def test_the_longest_payload_is_read() -> None:
    """At the bound, and not a byte beyond."""
    longest = b"{" + b" " * (MAX_PAYLOAD_BYTES - 2) + b"}"

    assert ({},) == opened(longest)
    assert ("payload-too-long",) == opened(longest + b" ")


@given(payload=hostile_payloads(reports()) | st.sampled_from(ODD_PAYLOADS))
@example(payload=b'{"a":' * 2000 + b"}" * 2000)
def test_every_payload_is_reports_or_faults(payload: bytes) -> None:
    """At least one, and every fault can be looked up."""
    found = opened(payload)

    assert found
    assert all(each in PAYLOAD_FAULTS for each in found if isinstance(each, str))
