"""What is seen of the load test's processes while they run: CPU, memory, and what they tell."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import define, field

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")

Told = Mapping[str, Any]


@define
class Used:
    """What a process used since it was first looked at."""

    first_s: float
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0


@define
class Watch:
    """Looks at processes by name, and keeps what each told, when it is something new."""

    began_s: float = field(factory=time.monotonic)
    looked_s: float = field(factory=time.monotonic)
    used: dict[tuple[str, int], Used] = field(factory=dict)
    told: dict[str, list[Told]] = field(factory=dict)
    restarts: dict[str, int] = field(factory=dict)

    def look(self, name: str, pid: int | None) -> None:
        """Note what a process has used so far."""
        if pid is None or (found := _usage(pid)) is None:
            return
        cpu_s, peak_rss_bytes = found
        self.looked_s = time.monotonic()
        used = self.used.setdefault((name, pid), Used(first_s=cpu_s))
        used.cpu_s = cpu_s - used.first_s
        used.peak_rss_bytes = max(used.peak_rss_bytes, peak_rss_bytes)

    def hear(self, name: str, told: Told) -> None:
        """Note what a process told last, unless it did before."""
        self.look(name, told.get("pid"))
        self.restarts[name] = max(self.restarts.get(name, 0), told.get("restarts", 0))
        said = {key: value for key, value in told.items() if key not in ("pid", "restarts")}
        heard = self.told.setdefault(name, [])
        if said and (not heard or heard[-1] != said):
            heard.append(said)

    def last(self, name: str) -> Told:
        """What a process told last; nothing if it did not yet."""
        heard = self.told.get(name)
        return heard[-1] if heard else {}

    def all(self, name: str) -> Sequence[Told]:
        """All that a process told, in order."""
        return self.told.get(name, [])

    def shares(self) -> Iterator[tuple[str, float, int]]:
        """Of each process: how much of one core it used since the beginning, and its peak RSS."""
        took_s = self.looked_s - self.began_s
        names = dict.fromkeys(name for name, _ in self.used)
        for name in names:
            mine = [used for (owner, _), used in self.used.items() if owner == name]
            peak_bytes = max(used.peak_rss_bytes for used in mine)
            yield name, sum(used.cpu_s for used in mine) / took_s, peak_bytes


def _usage(pid: int) -> tuple[float, int] | None:
    """CPU seconds and peak RSS of a process; None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    peak_kib = next(
        (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0
    )
    return (int(stat[11]) + int(stat[12])) / _TICKS_A_SECOND, peak_kib * 1024
