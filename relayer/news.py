"""What becomes known about a transaction, as plain values.

A destination's `submit` answers with a Submission, its `status` with a Status; a builder answers
with a Construction. The stage machine knows no other news.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accepted:
    """The node took it, or had it already (`known`)."""

    known: bool = False


@dataclass(frozen=True)
class NotTaken:
    """It was not taken now. Whatever the node says, it may be taken later, here or elsewhere."""

    reason: str


@dataclass(frozen=True)
class Rejected:
    """It is proven, in blocks that are final, that these bytes can never land.

    `nonce_lost`: because something else of the account has its nonce.
    """

    reason: str
    nonce_lost: bool = False


@dataclass(frozen=True)
class Stranded:
    """Something else took its place, in a block that is not final or cannot be shown."""

    reason: str


@dataclass(frozen=True)
class Unreachable:
    """The node did not answer."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """The node has never seen it, or has dropped it. `height` is the chain's, 0 where untold."""

    height: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Pending:
    """The transaction waits in the node's memory pool. `height` is the chain's, 0 where untold.

    `reason` says what it waits for, where that is not its fee alone.
    """

    height: int = field(default=0, compare=False)
    reason: str = ""


@dataclass(frozen=True)
class Included:
    """The transaction is in a block that is not final yet; `tx_id` says which variant landed.

    `deep`: enough blocks lie on top for it to be called confirmed. `reason`: it had no effect.
    """

    tx_id: str
    height: int
    deep: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Final:
    """The transaction is in a final block; `ok` is False for a reverted one."""

    tx_id: str
    height: int
    ok: bool = True
    reason: str = ""


@dataclass(frozen=True)
class Built:
    """A signed transaction is ready. `others` are the ids of those that it replaces.

    `shared` are the keys of further items that it delivers too.
    """

    signed: bytes
    tx_id: str
    others: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Held:
    """It cannot be built yet; `reason` says what it waits for."""

    reason: str


@dataclass(frozen=True)
class Delivered:
    """An answer is on its contract already, whoever carried it. `tx_id` may be unknown."""

    tx_id: str


Submission = Accepted | NotTaken | Rejected | Unreachable
Status = Unknown | Pending | Included | Final | Stranded | Rejected | Unreachable
Construction = Built | Held | Delivered | Rejected | Unreachable
News = Submission | Status | Construction
