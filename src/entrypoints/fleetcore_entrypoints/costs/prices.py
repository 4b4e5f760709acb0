"""List prices of AWS, in US dollars, on demand, region us-east-1, without free tiers or discounts.

Source: the pricing pages of each service, as of January 2025. Check them before you rely on a
figure; a price that changed is changed here.
"""

from __future__ import annotations

from typing import Final

AS_OF: Final = "2025-01"
REGION: Final = "us-east-1"

HOURS_A_MONTH: Final = 730
DAYS_A_MONTH: Final = 365 / 12

MILLION: Final = 1_000_000

DYNAMODB_WRITE_UNIT: Final = 0.625 / MILLION
"""Of an item of up to 1 kB; twice as many in a transaction."""
DYNAMODB_READ_UNIT: Final = 0.125 / MILLION
"""Of up to 4 kB read strongly consistent; half as many otherwise."""
DYNAMODB_GB_MONTH: Final = 0.25
DYNAMODB_RECOVERY_GB_MONTH: Final = 0.20
"""Point-in-time recovery, of all that a table holds."""

S3_PUT: Final = 5.0 / MILLION
S3_GET: Final = 0.4 / MILLION
S3_GB_MONTH: Final = 0.023
S3_GLACIER_GB_MONTH: Final = 0.0036
"""Glacier Flexible Retrieval, where uploads go after 7 days."""

SQS_STANDARD_REQUEST: Final = 0.40 / MILLION
SQS_FIFO_REQUEST: Final = 0.50 / MILLION
"""Of up to 64 kB."""

LAMBDA_REQUEST: Final = 0.20 / MILLION
LAMBDA_GB_SECOND: Final = {"arm64": 0.0000133334, "x86_64": 0.0000166667}

KMS_REQUEST: Final = 0.03 / 10_000
KMS_KEY_MONTH: Final = 1.0

CACHE_NODE_HOUR: Final = 0.032
"""A cache.t4g.small node."""

ENDPOINT_HOUR: Final = 0.01
"""An interface endpoint, in each availability zone."""

LOGS_GB: Final = 0.50
METRIC_MONTH: Final = 0.30
ALARM_MONTH: Final = 0.10
