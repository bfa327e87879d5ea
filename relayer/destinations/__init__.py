"""Destination chains, one package a namespace, behind one `Adapter`.

A `Destination` sends and looks; a composer (`zrsign_daemon.composing`) builds what simple
transactions ask for; a `Builder` makes the signed bytes of an item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from relayer.news import Construction, News, Status, Submission
from relayer.stages import OutboxItem
from zrsign_daemon.composing import Composer
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.jsonrpc import JsonRpc

if TYPE_CHECKING:
    from relayer.outbox import Outbox
    from relayer.settings import AnswerSettings, ComposerSettings, Finality


class Destination(Protocol):
    """One destination chain through one node.

    `submit` may be called any number of times with the same bytes. Neither it nor `status` raises:
    a node's silence is news (`Unreachable`) like any other.
    """

    chain: str

    async def submit(self, signed: bytes) -> Submission:
        """Send a signed transaction; the node may know it already."""
        ...

    async def status(
        self,
        signed: bytes,
        tx_ids: Sequence[str],
        height: int = 0,
        since: int = 0,
        earlier: Sequence[bytes] = (),
    ) -> Status:
        """Where the transaction stands.

        `tx_ids` are its fee variants, `signed` the newest, `earlier` the bytes of the others, where
        they may spend other coins. `height` is the block where it was last seen, `since` the
        chain's height when it was first looked for. Both may be 0: not known.
        """
        ...

    async def close(self) -> None:
        """Close the connection to the node."""
        ...


class Builder(Protocol):
    """Makes the signed transaction of an item."""

    async def build(self, item: OutboxItem, waiting: Sequence[OutboxItem] = ()) -> Construction:
        """The item's transaction, or what is in its way. It may deliver some that wait beside."""
        ...

    async def replace(self, item: OutboxItem) -> Construction:
        """The same effect with a higher fee. `Held` when there is none."""
        ...

    def earlier(self, item: OutboxItem) -> Sequence[bytes]:
        """The signed bytes that the item's newest ones replaced, where they may still land."""
        return ()  # An answer's variants take one nonce: what is true of one is true of all.

    def is_outdated(self, item: OutboxItem) -> bool:
        """Whether the ledger has a newer transaction of the item than what is being sent."""
        return False

    async def resolve(self, item: OutboxItem, news: News) -> News:
        """A last look before news counts, for what the node alone cannot know."""
        ...


@dataclass(frozen=True)
class Adapter:
    """Everything that the relayer does on the chains of one namespace.

    `destination` is made of chain, node, and when a transaction counts as confirmed and as settled
    (None: the chain's own default). `composer` is
    None where another daemon composes. `answers` is made with the secret of a gas account, and None
    where no contract asks.
    """

    destination: Callable[[str, JsonRpc, Finality | None, Finality | None], Destination]
    composer: Callable[[str, JsonRpc, ComposerSettings], Composer] | None = None
    answers: Callable[[str, JsonRpc, bytes, Outbox, AnswerSettings], Builder] | None = None


def blocks_on_top(chain: str, finality: Finality | None, default: int = 0) -> int:
    """The finality of a chain that counts blocks. Raises SettingsError."""
    if isinstance(finality, str):
        raise SettingsError(
            f"The finality of {chain} is a number of blocks on top, not {finality!r}."
        )
    return default if finality is None else finality
