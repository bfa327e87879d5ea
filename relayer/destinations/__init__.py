"""Adapters to destination chains, one module a namespace, behind one protocol.

`submit` may be called any number of times with the same bytes. Neither method raises: a node's
silence is a view (`Unreachable`) like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from relayer.views import Status, Submission


class Destination(Protocol):
    """One destination chain through one node."""

    chain: str

    async def submit(self, signed: bytes) -> Submission:
        """Send a signed transaction; the node may know it already."""
        ...

    async def status(self, signed: bytes, tx_ids: Sequence[str], height: int = 0) -> Status:
        """Where the transaction stands.

        `tx_ids` are its fee variants, `signed` the newest; `height` is where it was last seen,
        or 0.
        """
        ...

    async def close(self) -> None: ...


__all__ = ["Destination"]
