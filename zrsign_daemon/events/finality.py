"""When a block is final: from what a node shows of its chain to the newest final block. Pure.

The whole rule is here: how it is written in the settings, which blocks a node is asked for, and
what follows from their numbers. Everything else takes the answer as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

LATEST: Final = "latest"
"""The node's name of its newest block."""

Finality = Annotated[int, Field(ge=0, le=100_000)] | Literal["finalized", "safe"]
"""Blocks on top of a block that make it final, or the node's own "finalized" or "safe"."""

DEFAULT_FINALITY: Final[Finality] = "finalized"


def blocks_asked_for(rule: Finality) -> tuple[str, ...]:
    """Names of the blocks that the rule looks at, as eth_getBlockByNumber takes them."""
    return (LATEST, rule) if isinstance(rule, str) else (LATEST,)


def newest_final(rule: Finality, shown: Mapping[str, int]) -> int:
    """Number of the newest final block, negative when there is none.

    `shown` has the number of each of `blocks_asked_for`.
    """
    return shown[rule] if isinstance(rule, str) else shown[LATEST] - rule
