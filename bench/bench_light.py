"""A light client: 10,000 blocks of 60 validators, of whom one leaves every 100 blocks.

Skipping stands beside the walk from block to block, of which 200 blocks are measured and the rest
is reckoned. The blocks are made before the clock starts: their signing is the validators' work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from rich.console import Console
from rich.table import Table

from tests.zrchain_lite.light.chain import TRUST, Chain, moment
from zrchain_lite.light import LightBlock, verify

BLOCKS, SAMPLE = 10_000, 200


def main() -> None:
    """Print both ways."""
    chain = Chain(lambda height: range(height // 100, height // 100 + 60))
    believed = chain.follow(chain.block(1), BLOCKS)
    way = [chain.block(1), *believed]
    skipping = cpu_s(lambda: chain_of(way))
    walk = [chain.block(height) for height in range(1, SAMPLE + 2)]
    walking = cpu_s(lambda: chain_of(walk)) / SAMPLE * (BLOCKS - 1)
    table = Table("to block 10,000 of 60 validators", "blocks verified", "CPU s")
    table.add_row("skipping", str(len(believed)), f"{skipping:.3f}")
    table.add_row("from block to block (reckoned)", str(BLOCKS - 1), f"{walking:.1f}")
    Console().print(table)


def chain_of(blocks: Sequence[LightBlock]) -> None:
    """Verify each block from the one before."""
    for trusted, block in pairwise(blocks):
        verify(trusted, block, TRUST, moment(BLOCKS + 2))


def cpu_s(work: Callable[[], None]) -> float:
    """Seconds of processor that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
