"""A stored event as text, with what is needed to read it."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True, slots=True)
class Envelope:
    """A wire name, the schema version of the body, and the body as a JSON object."""

    name: str
    version: int
    body: str
