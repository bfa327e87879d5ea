"""What a node forgets: blocks, and the index of their events, that are older than its settings say.

The state is never forgotten: it is the last block's alone. A few heights go with each block, so
that a node whose settings were made narrower catches up without a pause.
"""

from __future__ import annotations

from dataclasses import dataclass

from zrchain_lite.engine import records
from zrchain_lite.engine.records import Records
from zrchain_lite.store.kv import Change, KVStore

PRUNED_AT_ONCE = 20
"""How many heights go with one block, at most."""
_EVENTS_FROM = b"events_from"


@dataclass(frozen=True)
class Pruning:
    """How many blocks are kept, and of how many the events are found; 0 keeps all."""

    keep_blocks: int = 0
    keep_events: int = 0

    def due(self, store: KVStore, tip: int) -> list[Change]:
        """What a node forgets whose last block is to be `tip`."""
        events = min(filter(None, (self.keep_events, self.keep_blocks)), default=0)
        if not events:
            return []
        known = Records(store)
        first = known.first_height()
        from_ = max(int.from_bytes(store.get(_EVENTS_FROM) or b"", "big"), first)
        forgotten: list[Change] = []
        until = min(tip - events + 1, from_ + PRUNED_AT_ONCE)
        for height in range(from_, until):
            record = known.block(height)
            if record is not None:
                forgotten += [(key, None) for key in records.keys_of_events(record)]
        if until > from_:
            forgotten.append((_EVENTS_FROM, until.to_bytes(8, "big")))
        if self.keep_blocks:
            last = min(tip - self.keep_blocks + 1, first + PRUNED_AT_ONCE, max(until, from_))
            for height in range(first, last):
                record = known.block(height)
                if record is not None:
                    forgotten += [(key, None) for key in records.keys_of(record)]
        return forgotten
