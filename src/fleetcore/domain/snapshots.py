"""Snapshots of a region's registers: how often they are taken, and which are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from fleetcore.errors import InvalidConfiguration

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS


@frozen(kw_only=True, slots=True)
class SnapshotSettings:
    """The section `[snapshots]` of a `fleet.toml`.

    One is taken every `every_s` seconds and kept for `keep_hours`: all of them in the first
    `dense_hours` and where `keep_all` says so, else one in `sparse_minutes`.
    """

    every_s: float = 60.0
    keep_hours: float = 24.0
    dense_hours: float = 1.0
    sparse_minutes: float = 10.0
    keep_all: bool = False

    def __attrs_post_init__(self) -> None:
        for name in ("every_s", "sparse_minutes"):
            if getattr(self, name) <= 0:
                raise InvalidConfiguration(f"{name} = {getattr(self, name)}: it is above 0")


def next_after_s(now_ms: int, every_s: float, place: int = 0, regions: int = 1) -> float:
    """How long until the next one is due (s): regions take turns, the first at full spans.

    `place` is the region's among so many; `now_ms` in epoch ms. It is never sooner than half of
    `every_s`, so that a clock that is set meanwhile makes no two of one.
    """
    due_s = every_s * place / regions
    wait_s = every_s - (now_ms / 1000 - due_s) % every_s
    return wait_s if wait_s >= every_s / 2 else wait_s + every_s


def superfluous(
    taken_at_ms: Iterable[int], now_ms: int, settings: SnapshotSettings
) -> tuple[int, ...]:
    """The instants (epoch ms) of the snapshots that need not be kept, oldest first.

    Of each span of `sparse_minutes` of the clock the first one stays, so that thinning out again
    changes nothing. The newest of all always stays.
    """
    instants = sorted(set(taken_at_ms))
    span_ms = round(settings.sparse_minutes * _MINUTE_MS)
    found: list[int] = []
    last_span: int | None = None
    for at_ms in instants[:-1]:
        age_ms = now_ms - at_ms
        if age_ms > settings.keep_hours * _HOUR_MS:
            found.append(at_ms)
        elif not settings.keep_all and age_ms > settings.dense_hours * _HOUR_MS:
            if at_ms // span_ms == last_span:
                found.append(at_ms)
            last_span = at_ms // span_ms
    return tuple(found)
