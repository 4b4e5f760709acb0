"""Which identities were met before, as Bloom filters in Redis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final
from uuid import uuid4

from attrs import frozen

from fleetcore.errors import StorageUnavailable
from fleetcore.ports.seen_window import SeenWindow
from fleetcore.ports.telemeter import Telemeter
from fleetcore_adapters.redis.bloom import HASHES, bits_for, positions
from fleetcore_adapters.redis.clients import Connect
from fleetcore_adapters.redis.redis_errors import translated
from fleetcore_adapters.resilience.policy import Limits, Policy

IMPATIENT: Final = Limits(attempts=2, throttled_pause_s=0.1, failures_to_open=4, open_s=10.0)
"""For what may be lost, but not for a moment's pause of the server: one retry, within 0.1 s. A
server that is away costs four timeouts a while."""

LIFE_S: Final = 14 * 24 * 3600
"""How long a generation lasts: late files of a day come within days."""

BATCH: Final = 400
"""Identities in one script: some milliseconds in which the server does nothing else. Lua hands
at most 8,000 values to a call, and an identity takes 16."""

_WHO: Final = """
local function who()
    local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
    local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
    return run and history and (run .. '-' .. history)
end
"""
"""Which primary this is. The run id changes with each start, from a dump too; the replication
id with each promotion, so a primary that comes back after another one is not the one it was."""

_BEGIN: Final = (
    _WHO
    + """
local primary = who()
if primary then
    redis.call('SETBIT', KEYS[1], ARGV[1] - 1, 0)
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return primary
"""
)
"""All of the bitmap at once, so that it is no larger than it says."""

_MARK: Final = (
    _WHO
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
if who() ~= ARGV[1] then
    redis.call('UNLINK', KEYS[1])
    return false
end
local hashes, set = tonumber(ARGV[2]), {}
for at = 3, #ARGV do
    local last = #set
    set[last + 1], set[last + 2], set[last + 3], set[last + 4] = 'SET', 'u1', ARGV[at], 1
end
local before, seen = redis.call('BITFIELD', KEYS[1], unpack(set)), {}
for first = 1, #before, hashes do
    local all = 1
    for at = first, first + hashes - 1 do all = all * before[at] end
    seen[#seen + 1] = all == 1 and 's' or 'n'
end
return table.concat(seen)
"""
)
"""Marks, unless the filter is gone, or was filled by another primary: then some marks may be
missing, so it is removed and the generation lost to all. Positions come as text and stay text,
because a script's numbers are doubles."""


@frozen(slots=True)
class _Generation:
    """What a token says: the filter's name and size, and the primary that filled it."""

    name: str
    bits: int
    primary: str

    @classmethod
    def of(cls, token: str) -> _Generation | None:
        """None for a token of another kind."""
        kind, _, rest = token.partition(":")
        name, _, rest = rest.partition(":")
        bits, _, primary = rest.partition(":")
        if kind != _KIND or not bits.isdecimal() or not int(bits):
            return None
        return cls(name, int(bits), primary)

    def token(self) -> str:
        return f"{_KIND}:{self.name}:{self.bits}:{self.primary}"


_SEEN, _NEW = "s", "n"
"""What the script answers for an identity: letters that no single flipped bit mistakes."""

_KIND: Final = "bloom-1"
"""Another way to hash would be another kind."""


class RedisSeenWindow(SeenWindow):
    """One Bloom filter a generation: a bitmap of 20 bytes an expected identity, 1 KiB to 4 MiB.

    Up to 16 times as many identities as expected (3.3 million at most) fewer than 1.3 % of those
    never marked are met with "maybe"; beyond that more are. What Redis does not answer in time
    is asked once more: of identities that the first try marked the second one says "maybe",
    which is safe. If it fails too it is measured (`SeenWindowUnavailable`). A primary that was
    cut off from its replicas and has not noticed yet still answers.
    """

    def __init__(
        self,
        connect: Connect,
        telemeter: Telemeter,
        policy: Policy | None = None,
        *,
        life_s: int = LIFE_S,
        new_name: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._connect = connect
        self._telemeter = telemeter
        self._policy = policy or Policy("Redis", IMPATIENT)
        self._life_s = life_s
        self._new_name = new_name

    def begin(self, window: str, expected: int) -> str | None:
        name, bits = self._new_name(), bits_for(expected)
        try:
            primary = self._run(_BEGIN, _key(window, name), str(bits), str(self._life_s))
        except StorageUnavailable:
            self._count("SeenWindowUnavailable")
            return None
        return None if primary is None else _Generation(name, bits, primary).token()

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        generation = _Generation.of(token)
        if generation is None:
            return None
        try:
            seen = self._marked(_key(window, generation.name), generation, identities)
        except StorageUnavailable:
            self._count("SeenWindowUnavailable")
            return None
        if seen is None:
            self._count("SeenWindowLost")
        return seen

    def _marked(
        self, key: str, generation: _Generation, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        """None where the generation is lost."""
        seen: list[str] = []
        for first in range(0, len(identities), BATCH):
            batch = identities[first : first + BATCH]
            bits = chain.from_iterable(positions(each, generation.bits) for each in batch)
            found = self._run(_MARK, key, generation.primary, str(HASHES), *map(str, bits))
            if found is None:
                return None
            if len(found) != len(batch) or not set(found) <= {_SEEN, _NEW}:
                raise StorageUnavailable(
                    f"Redis answers {found[:80]!r} for {len(batch)} identities"
                )
            seen.extend(found)
        return tuple(each == _SEEN for each in seen)

    def _run(self, script: str, key: str, *arguments: str) -> str | None:
        """The script's text, or None. Sent whole each time: it is a tenth of its arguments."""

        def evaluate() -> object:
            with translated("Redis"):
                return self._connect().eval(script, 1, key, *arguments)

        answer = self._policy.call(evaluate)
        return answer.decode("latin-1") if isinstance(answer, bytes) else None

    def _count(self, metric: str) -> None:
        self._telemeter.measure({metric: (1, "Count")}, {"Dependency": "Redis"})


def _key(window: str, name: str) -> str:
    """One key a generation; the braces keep what a cluster hashes apart from the window."""
    return f"fleetcore:seen:{{{name}}}:{window}"
