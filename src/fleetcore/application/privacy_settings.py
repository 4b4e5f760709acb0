"""How long copies live that fleetcore cannot reach: `[privacy]` in a `fleet.toml`."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True, slots=True)
class PrivacySettings:
    """`backups_kept_days`: so long a backup of the data folder lives; None: nobody said."""

    backups_kept_days: int | None = None
