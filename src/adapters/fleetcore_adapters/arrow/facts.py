"""Facts from the columns of the log, made without a value object in between."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pyarrow as pa

from fleetcore.domain.facts import Fact
from fleetcore_adapters.arrow.part_file import values_of


def facts_of(table: pa.Table) -> Sequence[Fact]:
    """The rows of a table of `part_file.SCHEMA` as facts, in order."""
    columns = [values_of(table.column(name)) for name in Fact._fields]
    # What `Fact._make` does, without a Python call a fact.
    return list(map(partial(tuple.__new__, Fact), zip(*columns, strict=True)))
