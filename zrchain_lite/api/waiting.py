"""How long a node holds an answer back until there is news, and the block that it is about."""

from __future__ import annotations

from collections.abc import Mapping

from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import BlockRecord
from zrchain_lite.errors import InvalidArgument, NotFound

WAIT_METADATA = "x-wait-ms"
"""Request metadata (HTTP: header): how long the node may hold an answer back until there is news.

GetTx and BroadcastTx wait for inclusion, GetLatestBlock and, over gRPC, queries of modules for a
block above `x-above-height`, Witness for the state after such a block.
"""
ABOVE_METADATA = "x-above-height"
Metadata = Mapping[str, str]
MAX_PAGE = 100
"""How many items a page of blocks, transactions or validators has at most."""


async def wait_for_block(engine: Reading, metadata: Metadata) -> int:
    """The last height, once it is above the one that was named or the time to wait is over."""
    above, wait_ms = number_in(metadata, ABOVE_METADATA), number_in(metadata, WAIT_METADATA)
    return await engine.wait_above(above, wait_ms / 1000)


def block_of(engine: Reading, height: int) -> BlockRecord:
    """A block by its height; raises InvalidArgument, and NotFound above the latest."""
    if height <= 0:
        raise InvalidArgument(f"a height is above 0, not {height}")
    record = engine.block(height)
    if record is None:
        raise NotFound(f"block {height} not found; the latest is {engine.tip.height}")
    return record


def number_in(metadata: Metadata, name: str) -> int:
    """A decimal header; anything else counts as 0."""
    text = metadata.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0
