"""The way from a trusted block to a later one, over as few between as their validators allow.

Source: CometBFT 0.38 spec/light-client/verification, light/client.go (verifySkipping).
"""

from __future__ import annotations

from collections.abc import Generator

from zrchain_lite.light.blocks import LightBlock
from zrchain_lite.light.errors import BadBlock, NotEnoughTrust, TooManySteps
from zrchain_lite.light.verification import Trust, verify

MAX_BLOCKS = 1_000
"""How many blocks one way may ask for."""


def steps(
    trusted: LightBlock,
    target: int,
    trust: Trust,
    now_ns: int,
    *,
    max_blocks: int = MAX_BLOCKS,
) -> Generator[int, LightBlock, list[LightBlock]]:
    """Ask for heights one by one, get their blocks, return those that are believed, in order.

    The last is that of height `target`. Raises LightError; nothing is believed then but what
    was before.
    """
    believed: list[LightBlock] = []
    pending: list[LightBlock] = []
    wanted = target
    for _ in range(max_blocks):
        block = yield wanted
        if block.height != wanted:
            raise BadBlock(f"block {wanted} was asked for, and {block.height} came")
        pending.append(block)
        while pending:
            try:
                verify(trusted, pending[-1], trust, now_ns)
            except NotEnoughTrust:
                wanted = (trusted.height + pending[-1].height) // 2
                break
            trusted = pending.pop()
            believed.append(trusted)
        if not pending:
            return believed
    raise TooManySteps(f"{max_blocks} blocks did not lead from {trusted.height} to {target}")
