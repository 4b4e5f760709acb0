"""Origins in DynamoDB, beside the streams: `index#origins`, an item an ingestion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from fleetcore.ports.origins import Origin, Origins
from fleetcore_adapters.aws.dynamodb.requests import Expression, Requests
from fleetcore_adapters.aws.dynamodb.values import of_text, text_in

_PARTITION: Final = of_text("index#origins")


class DynamoOrigins(Origins):
    """Keeps origins in the streams table."""

    def __init__(self, requests: Requests, table: str) -> None:
        self._requests = requests
        self._table = table

    def note(self, ingestion: str, origin: Origin) -> None:
        # As JSON, for names of files need not be valid text, and items' strings must be.
        noted = json.dumps({"name": origin.name, "vehicle_id": origin.vehicle_id})
        item = {"stream": _PARTITION, "item": of_text(ingestion), "origin": of_text(noted)}
        self._requests.overwrite(self._table, item)

    def read(self) -> Mapping[str, Origin]:
        keys = Expression("#stream = :stream", {":stream": _PARTITION})
        return {
            text_in(item, "item"): Origin(**json.loads(text_in(item, "origin")))
            for item in self._requests.query(self._table, keys)
        }
