"""List prices of AWS, in US dollars: on demand, without free tiers, discounts or taxes.

Each group is from the service's page of prices, as it was known in January 2025, for `REGION`.
Prices change and differ by region: compare them with those pages before you rely on a figure.
"""

from __future__ import annotations

from typing import Final

AS_OF: Final = "2025-01"
REGION: Final = "us-east-1"

HOURS_A_MONTH: Final = 730
DAYS_A_MONTH: Final = 365 / 12
SECONDS_A_MONTH: Final = HOURS_A_MONTH * 3600

MILLION: Final = 1_000_000

# Amazon DynamoDB pricing, on-demand capacity, Standard table class.
DYNAMODB_WRITE_UNIT: Final = 0.625 / MILLION
DYNAMODB_READ_UNIT: Final = 0.125 / MILLION
DYNAMODB_GB_MONTH: Final = 0.25
DYNAMODB_RECOVERY_GB_MONTH: Final = 0.20
"""Point-in-time recovery, of what a table holds without its global indexes."""

# Amazon S3 pricing, general purpose buckets; the first 50 TB.
S3_PUT: Final = 5.0 / MILLION
S3_GET: Final = 0.4 / MILLION
S3_GB_MONTH: Final = 0.023
S3_GLACIER_GB_MONTH: Final = 0.0036
"""Glacier Flexible Retrieval."""
S3_GLACIER_TRANSITION: Final = 30.0 / MILLION
"""An object that a lifecycle rule moves there."""

# Amazon SQS pricing, the first 100 billion requests; one carries up to 64 KB.
SQS_STANDARD_REQUEST: Final = 0.40 / MILLION
SQS_FIFO_REQUEST: Final = 0.50 / MILLION

# AWS Lambda pricing, the first tier.
LAMBDA_REQUEST: Final = 0.20 / MILLION
LAMBDA_GB_SECOND: Final = {"arm64": 0.0000133334, "x86_64": 0.0000166667}

# AWS Key Management Service pricing.
KMS_REQUEST: Final = 0.03 / 10_000
KMS_KEY_MONTH: Final = 1.0

# Amazon ElastiCache pricing, nodes of Redis OSS.
CACHE_NODE_HOUR: Final = {"cache.t4g.small": 0.032, "cache.m7g.large": 0.158}

# AWS PrivateLink pricing: an interface endpoint in one availability zone.
ENDPOINT_HOUR: Final = 0.01

# Amazon CloudWatch pricing, the first tiers; AWS X-Ray pricing.
LOGS_GB: Final = 0.50
METRIC_MONTH: Final = 0.30
ALARM_METRIC_MONTH: Final = 0.10
"""A metric that an alarm of standard resolution looks at."""
DASHBOARD_MONTH: Final = 3.0
TRACE: Final = 5.0 / MILLION
