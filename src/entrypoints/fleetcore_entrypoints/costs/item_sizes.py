"""How large the items of a believable fleet are in DynamoDB."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True, slots=True)
class ItemSizes:
    """Bytes of one item each, as `aws.dynamodb.values.item_size` counts them.

    `log_item` is an event of the log, without its index; `index_share` of the events name a
    city, and lie in the index once more. A chunk's event is `chunk` and `chunk_part` for each
    part it names. What is noted of a part is longer than `record` where the log held some of its
    rows, by at most a byte for eight of them.
    """

    log_item: int = 300
    index_share: float = 1.0
    origin: int = 120
    counter: int = 40
    stream: int = 80
    received: int = 960
    chunk: int = 450
    chunk_part: int = 190
    part_stored: int = 260
    window: int = 100
    outcome: int = 160
    record: int = 260

    def chunk_event(self, parts: int) -> int:
        """Of the event of a chunk of so many parts."""
        return self.chunk + parts * self.chunk_part
