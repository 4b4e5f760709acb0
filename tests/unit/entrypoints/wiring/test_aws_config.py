"""Which fleet on AWS: what the environment says, and what is wrong with it."""

from __future__ import annotations

from typing import Final

import pytest
from attrs import fields

from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.wiring.aws_config import AwsConfig

NEEDED: Final = {
    f"FLEETCORE_{each.name.upper()}": f"the-{each.name}"
    for each in fields(AwsConfig)
    if each.default is not None
}


def test_reads_what_is_needed() -> None:
    """The resources by their names; what may be left out is None."""
    config = AwsConfig.from_environment({**NEEDED, "HOME": "/"})

    assert ("the-bucket", "the-idle_dead_queue") == (config.bucket, config.idle_dead_queue)
    assert (None, None, None) == (config.redis_url, config.log_ttl_days, config.vehicles)


def test_reads_what_may_be_set() -> None:
    """Also a number of days."""
    config = AwsConfig.from_environment(
        {**NEEDED, "FLEETCORE_LOG_TTL_DAYS": "90", "FLEETCORE_REDIS_URL": "redis://cache"}
    )

    assert (90, "redis://cache") == (config.log_ttl_days, config.redis_url)


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_names_what_is_missing(name: str) -> None:
    """A variable that is empty is not set."""
    with pytest.raises(InvalidConfiguration, match=f"^{name}: not set"):
        AwsConfig.from_environment({**NEEDED, name: " "})


def test_names_all_that_is_missing() -> None:
    """So that nobody sets one after the other."""
    with pytest.raises(InvalidConfiguration) as raised:
        AwsConfig.from_environment({})

    assert all(name in str(raised.value) for name in NEEDED)


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "soon"])
def test_refuses_what_is_no_number_of_days(days: str) -> None:
    """A time to live is whole days above 0."""
    with pytest.raises(InvalidConfiguration, match="FLEETCORE_LOG_TTL_DAYS"):
        AwsConfig.from_environment({**NEEDED, "FLEETCORE_LOG_TTL_DAYS": days})


@pytest.mark.parametrize("name", ["FLEETCORE_REDIS_USER", "FLEETCORE_REDIS_IAM_CACHE"])
def test_logging_in_by_iam_needs_user_and_cache(name: str) -> None:
    """One of the two alone makes no token."""
    with pytest.raises(InvalidConfiguration, match="need each other"):
        AwsConfig.from_environment({**NEEDED, name: "fleet"})
