"""Seen windows, a UTC day each: which rows were certainly never met.

    record    item             what
    window    1000000019675    name (the day), token

A window's record is written before its first row, so the days that have a record are the days
the log has rows of. Its token is of the filter in which every row of the day was marked before it
was written. Whoever is about to write rows that are not marked takes the token away first: from
then on every row of the day may have been seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from fleetcore.domain.parts import StoredEvent
from fleetcore.ports.seen_window import SeenWindow
from fleetcore_adapters.aws.dynamodb.items import day_name, day_of
from fleetcore_adapters.aws.dynamodb.requests import Expression, Requests
from fleetcore_adapters.aws.dynamodb.values import Item, of_text, text_in

_WINDOW: Final = of_text("window")
_NEW: Final = Expression("attribute_not_exists(#record)")
_SHIFT: Final = 10**12


class Windows:
    """Keeps the windows' records in the parts table.

    Without `seen` every row may have been seen. `identities_a_day` is how many a filter is
    made for.
    """

    def __init__(
        self, requests: Requests, table: str, seen: SeenWindow | None, *, identities_a_day: int
    ) -> None:
        self._requests = requests
        self._table = table
        self._seen = seen
        self._identities_a_day = identities_a_day
        self._without_token: set[int] = set()

    def are_new(self, rows: Sequence[StoredEvent]) -> list[bool]:
        """Mark rows that are about to be written; whether each was certainly never met before."""
        numbers: dict[int, list[int]] = {}
        for number, row in enumerate(rows):
            numbers.setdefault(day_of(row.event.observed_at), []).append(number)
        new = [False] * len(rows)
        for day, token in self._tokens(list(numbers)).items():
            identities = [rows[number].event.identity for number in numbers[day]]
            for number, was_seen in zip(
                numbers[day], self._mark(day, token, identities), strict=True
            ):
                new[number] = not was_seen
        return new

    def days(self, start_ms: int, end_ms: int) -> Iterator[int]:
        """The days of a span of which there are rows."""
        keys = Expression(
            "#record = :record AND #item BETWEEN :first AND :last",
            {
                ":record": _WINDOW,
                ":first": _key(day_of(start_ms))["item"],
                ":last": _key(day_of(end_ms - 1))["item"],
            },
        )
        for item in self._requests.query(self._table, keys):
            yield int(text_in(item, "item")) - _SHIFT

    def _mark(
        self, day: int, token: str | None, identities: Sequence[tuple[str, int]]
    ) -> Sequence[bool]:
        if token is not None:
            marked = None
            if self._seen is not None:
                marked = self._seen.mark(day_name(day), token, identities)
            if marked is not None:
                return marked
            self._requests.overwrite(self._table, _record(day, None))
            self._without_token.add(day)
        return [True] * len(identities)

    def _tokens(self, days: Sequence[int]) -> Mapping[int, str | None]:
        """The token of each day; its record is there when this returns."""
        tokens: dict[int, str | None] = dict.fromkeys(days)
        asked = [day for day in days if day not in self._without_token]
        records = self._requests.get_all(self._table, [_key(day) for day in asked])
        held = {int(text_in(record, "item")) - _SHIFT: record for record in records}
        for day in asked:
            token = _token_in(held[day]) if day in held else self._begin(day)
            tokens[day] = token
            if token is None:
                self._without_token.add(day)
        return tokens

    def _begin(self, day: int) -> str | None:
        token = None
        if self._seen is not None:
            token = self._seen.begin(day_name(day), self._identities_a_day)
        first = self._requests.put(self._table, _record(day, token), _NEW)
        return token if first is None else _token_in(first)


def _key(day: int) -> Item:
    return {"record": _WINDOW, "item": of_text(f"{_SHIFT + day:013d}")}


def _record(day: int, token: str | None) -> Item:
    record = {**_key(day), "name": of_text(day_name(day))}
    return record if token is None else {**record, "token": of_text(token)}


def _token_in(record: Item) -> str | None:
    return text_in(record, "token") if "token" in record else None
