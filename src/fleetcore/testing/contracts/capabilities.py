"""What a stand-in for a service may lack, and the tests that need it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import pytest

Capability: TypeAlias = Literal[
    "batch limits",  # DynamoDB refuses a batch of more than 25 items
    "checksums",  # S3 refuses an object that does not have the checksum it is said to have
    "fifo deduplication",  # SQS answers a message sent twice with the id of the first
    "message moves",  # SQS moves messages from one queue to another by itself
    "transaction tokens",  # DynamoDB does a transaction once that is sent twice with one token
]
"""What a service does and not every stand-in for it. An adapter never asks for these: a lack is
a fault of the stand-in, declared once, and reproduced by a test of its own."""


def needs(*capabilities: Capability) -> pytest.MarkDecorator:
    """Mark a test of a contract that says nothing where a stand-in lacks one of these."""
    return pytest.mark.needs(*capabilities)
