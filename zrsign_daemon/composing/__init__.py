"""What daemons share that build the unsigned transactions of simple transactions.

A chain's `Composer` builds, `composition` decides what becomes of each request, `ledger` asks and
proposes. The ledger verifies every proposal; nothing is trusted because it comes from here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from zrsign_chains import Intent
from zrsign_daemon.composing.errors import ComposingError, NotYet, Uncomposable


@dataclass(frozen=True)
class ComposeTask:
    """What a simple transaction asks for and who signs it; `sender` is the key's address.

    `went_stale`: an earlier transaction of the request could not land any more when its approvals
    were still missing. `under_way` are unsigned transactions of the same key that may still land,
    by request id. `given_up` are those that were signed and whose request ended as failed, each
    with those that replaced it, the newest last: where one may still land, the new transaction has
    to take its place, so that not both can. `confirmed` are the newest that the ledger calls
    confirmed: a reorganisation may have taken them out of their blocks, and they are sent again.
    """

    request_id: int
    chain: str
    sender: str
    public_key: bytes
    intent: Intent
    under_way: Mapping[int, bytes] = field(default_factory=dict)
    given_up: Mapping[int, tuple[bytes, ...]] = field(default_factory=dict)
    confirmed: Collection[bytes] = ()
    went_stale: bool = False


class Composer(Protocol):
    """Builds transactions of one chain."""

    chain: str
    outbids: ClassVar[bool] = False
    """Whether it may have an answer to `outbid`."""

    async def compose(self, task: ComposeTask) -> bytes:
        """An unsigned transaction. Raises ComposingError, ChainError or a node's error."""
        ...

    async def stale(self, payload: bytes, sender: str) -> bool:
        """Whether a composed transaction that was not sent yet can no longer land."""
        ...

    async def outbid(self, task: ComposeTask, payload: bytes) -> bytes | None:
        """The same payment in the place of `payload`, which is on its way, at a higher fee.

        None where a higher fee would not help. Raises as `compose`.
        """
        return None  # Most chains have no such transaction.

    async def not_accepted(self, request_id: int) -> None:
        """The ledger did not take the proposal: free what was set aside for it."""
        return  # Most composers set nothing aside.

    async def close(self) -> None:
        """Close the connection to the node."""
        ...


__all__ = ["ComposeTask", "Composer", "ComposingError", "NotYet", "Uncomposable"]
