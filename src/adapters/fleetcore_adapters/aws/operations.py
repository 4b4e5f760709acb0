"""Which operations of AWS the adapters use: what a role must be allowed, no more and no less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPERATIONS: Final[Mapping[str, frozenset[str]]] = {
    "dynamodb": frozenset(
        {
            *("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query"),
            *("Scan", "TransactWriteItems", "UpdateItem"),
        }
    ),
    "s3": frozenset(
        {
            *("AbortMultipartUpload", "CompleteMultipartUpload", "CreateMultipartUpload"),
            *("DeleteObject", "GetObject", "HeadObject", "ListObjectsV2", "PutObject"),
            "UploadPart",
        }
    ),
    "sns": frozenset({"Publish"}),
    "sqs": frozenset(
        {
            *("ChangeMessageVisibilityBatch", "DeleteMessageBatch", "GetQueueAttributes"),
            *("ReceiveMessage", "SendMessage", "SendMessageBatch", "StartMessageMoveTask"),
        }
    ),
}
"""By the SDK's name of the service; names of the operations as in the service's documentation."""
