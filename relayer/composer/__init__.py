"""Builds the unsigned transactions of simple transactions for EVM and Solana chains.

What it proposes the ledger verifies; nothing is trusted because it comes from here. It keeps no
state: which nonces are taken is read from the ledger's open requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zrsign_chains import Intent


@dataclass(frozen=True)
class Task:
    """What a simple transaction asks for and who signs it; `sender` is the key's address."""

    request_id: int
    chain: str
    sender: str
    public_key: bytes
    intent: Intent
    # Unsigned transactions of the same key that may still land.
    under_way: Sequence[bytes] = ()


class ChainComposer(Protocol):
    chain: str

    async def compose(self, task: Task) -> bytes:
        """An unsigned transaction. Raises Uncomposable, ChainError or a node's error."""
        ...

    async def stale(self, payload: bytes, sender: str) -> bool:
        """A composed transaction that was not sent yet and can no longer land."""
        ...

    async def close(self) -> None: ...


__all__ = ["ChainComposer", "Task"]
