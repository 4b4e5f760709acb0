"""An endpoint that the environment names: any emulator, or an account."""

from __future__ import annotations

import os


def pluggable() -> str | None:
    """`AWS_ENDPOINT_URL`, on which the suites run too, as rows `*-aws`."""
    return os.environ.get("AWS_ENDPOINT_URL") or None
