"""What becomes known about a transaction, as plain values.

A destination's `submit` answers with a Submission, its `status` with a Status; a builder answers
with a Construction. The stage machine knows no other news.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """The node took it, or had it already (`known`)."""

    known: bool = False


@dataclass(frozen=True)
class Refused:
    """It was not taken now and may be later; so many of these are waited for, and no more."""

    reason: str


@dataclass(frozen=True)
class Rejected:
    """It can never land. `nonce_lost`: another transaction of the account took its nonce."""

    reason: str
    nonce_lost: bool = False


@dataclass(frozen=True)
class Unreachable:
    """The node did not answer."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """The node has never seen it, or has dropped it."""


@dataclass(frozen=True)
class Pending:
    """The transaction waits in the node's memory pool."""


@dataclass(frozen=True)
class Included:
    """The transaction is in a block that is not final yet; `tx_id` says which variant landed."""

    tx_id: str
    height: int


@dataclass(frozen=True)
class Final:
    """The transaction is in a final block; `ok` is False for a reverted one."""

    tx_id: str
    height: int
    ok: bool = True
    reason: str = ""


@dataclass(frozen=True)
class Built:
    """A signed transaction is ready and stored."""

    signed: bytes
    tx_id: str


@dataclass(frozen=True)
class Held:
    """It cannot be built yet; `reason` says what it waits for."""

    reason: str


@dataclass(frozen=True)
class Delivered:
    """An answer is on its contract already, whoever carried it. `tx_id` may be unknown."""

    tx_id: str


Submission = Accepted | Refused | Rejected | Unreachable
Status = Unknown | Pending | Included | Final | Rejected | Unreachable
Construction = Built | Held | Refused | Delivered | Rejected | Unreachable
News = Submission | Status | Construction
