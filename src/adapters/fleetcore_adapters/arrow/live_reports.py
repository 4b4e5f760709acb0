"""Messages to columns of JSON values: decoded one by one, gathered by the keys they have.

Most payloads are one flat object, which a fast decoder reads. All others, and what that decoder
refuses, go through `fleetcore.codec.payload_json`, whose word is final.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Final, TypeAlias

import msgspec
import numpy as np
from attrs import frozen

from fleetcore.codec.payload_json import opened
from fleetcore.domain.location import FieldName
from fleetcore.domain.messages import MAX_PAYLOAD_BYTES, Message
from fleetcore.domain.payloads import Fault, Report
from fleetcore.domain.report_forms import OWNTRACKS_TYPE, Form, Mapped, form_of
from fleetcore.domain.report_rows import kind_of
from fleetcore_adapters.arrow.columns import Ints

_Groups: TypeAlias = "dict[tuple[object, ...], Group]"
"""By the keys of their reports, in order; with the type where a report names one."""

_flat_object: Final = msgspec.json.Decoder(dict[str, object]).decode


class Group:
    """Reports with the same keys, and how they are read.

    `places` number them among all reports of a call. Values are taken out of a report as soon as
    it is decoded, while it is in the processor's cache, and lie one report behind the other.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.places: list[int] = []
        self._fields = list(form.keys)
        self._pick = _picking(list(form.keys.values()))
        self._values: list[object] = []

    def add(self, report: Report, place: int) -> None:
        """Take the values of a report."""
        self._values += self._pick(report)
        self.places.append(place)

    def column(self, name: FieldName) -> list[object] | None:
        """The values of a field; None where no key means it."""
        if name not in self._fields:
            return None
        return self._values[self._fields.index(name) :: len(self._fields)]


@frozen(kw_only=True, slots=True, eq=False)
class Reports:
    """The reports of a call: those that have a form, by group, and the others by fault.

    `messages` is the message of each report, by the report's number.
    """

    groups: Sequence[Group]
    faults: Sequence[tuple[int, Fault]]
    messages: Sequence[int]
    ignored: int

    @property
    def places(self) -> Ints:
        """The number of each report that has a form, group behind group."""
        return np.fromiter(chain.from_iterable(group.places for group in self.groups), np.int64)

    @property
    def rows(self) -> int:
        """How many reports have a form."""
        return sum(len(group.places) for group in self.groups)

    def column(self, name: FieldName) -> list[object] | None:
        """The values of a field, group behind group; None where no report has it."""
        columns = [group.column(name) for group in self.groups]
        if all(column is None for column in columns):
            return None
        if len(columns) == 1:
            return columns[0]
        return [
            value
            for group, column in zip(self.groups, columns, strict=True)
            for value in (column or [None] * len(group.places))
        ]


def gathered(messages: Sequence[Message], mapped: Mapped) -> Reports:
    """Decode messages and gather their reports."""
    groups: _Groups = {}
    faults: list[tuple[int, Fault]] = []
    origins: list[int] = []
    ignored = 0

    def add(report: Report | Fault, message: int) -> bool:
        """Sort in a report of a message; whether it is a location, or should be one."""
        form = report if isinstance(report, str) else _form_of(report, mapped)
        if form is None:
            return False
        if isinstance(report, str) or isinstance(form, str):
            faults.append((len(origins), str(form)))
        else:
            _group_of(report, form, groups).add(report, len(origins))
        origins.append(message)
        return True

    for at, message in enumerate(messages):
        payload = message.payload
        if payload.rfind(b"{") == 0 and b"[" not in payload and len(payload) <= MAX_PAYLOAD_BYTES:
            try:
                report = _flat_object(payload)
            except ValueError:
                pass  # perhaps, and the reference says so
            else:
                if (group := groups.get(tuple(report))) is not None:
                    group.add(report, len(origins))
                    origins.append(at)
                else:
                    ignored += not add(report, at)
                continue
        ignored += sum(not add(report, at) for report in opened(payload))
    return Reports(groups=list(groups.values()), faults=faults, messages=origins, ignored=ignored)


def _form_of(report: Report, mapped: Mapped) -> Form | Fault | None:
    return form_of(tuple(report), kind_of(report), mapped)


def _group_of(report: Report, form: Form, groups: _Groups) -> Group:
    keys: tuple[object, ...] = tuple(report)
    if OWNTRACKS_TYPE in report:
        keys = (keys, kind_of(report))
    found = groups.get(keys)
    if found is None:
        found = groups[keys] = Group(form)
    return found


def _picking(keys: Sequence[str]) -> Callable[[Report], Iterable[object]]:
    """A function that takes the values of keys out of a report."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda report: [report[key] for key in keys]
