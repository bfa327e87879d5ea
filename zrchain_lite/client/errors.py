"""What can go wrong between a client and the ledger.

ClientError
├── LedgerUnavailable   no answer from the node after all retries
├── QueryFailed         the node refused the query
│   ├── ObjectNotFound      nothing stored under that id or address
│   └── AccountUnknown      the signing account never received coins
├── TxFailed            the transaction was refused or failed, with its code
├── TxNotIncluded       accepted, but in no block in time; it may still come
└── NotVerified         what the node said does not follow from the trusted root
    ├── NodeBehind          it follows, but of a block that is too old
    └── ChainForked         two blocks of one height follow from it
"""

from __future__ import annotations


class ClientError(Exception):
    """Root of the tree."""


class LedgerUnavailable(ClientError, ConnectionError):
    """The node cannot be reached; whether it took what was sent is not known."""


class QueryFailed(ClientError):
    """`status` is the gRPC status name, such as "INVALID_ARGUMENT"."""

    def __init__(self, method: str, status: str, detail: str) -> None:
        super().__init__(f"{method}: {detail} ({status})")
        self.method, self.status, self.detail = method, status, detail


class ObjectNotFound(QueryFailed, LookupError):
    """The query succeeded and found nothing: gRPC's NOT_FOUND."""


class AccountUnknown(ObjectNotFound):
    """Send some urock to the account first."""


class TxFailed(ClientError):
    """`codespace` and `code` are the ledger's; `height` is 0 when it reached no block."""

    def __init__(self, codespace: str, code: int, log: str, *, hash_: str = "", height: int = 0):
        where = f"at height {height}" if height else "before any block"
        super().__init__(f"transaction failed {where} ({codespace} {code}): {log}")
        self.codespace, self.code, self.log = codespace, code, log
        self.hash, self.height = hash_, height


class TxNotIncluded(ClientError, TimeoutError):
    """`hash` can be looked up later."""

    def __init__(self, hash_: str, timeout_s: float) -> None:
        super().__init__(f"transaction {hash_} is in no block after {timeout_s:g} s; look again")
        self.hash = hash_


class NotVerified(ClientError):
    """What `endpoint` said does not follow from the trusted root; nothing of it was used."""

    def __init__(self, endpoint: str, why: str) -> None:
        super().__init__(f"the ledger at {endpoint} is not believed: {why}")
        self.endpoint = endpoint


class NodeBehind(NotVerified):
    """It shows a block that is older than what was seen before, or than the bound."""


class ChainForked(NotVerified):
    """The chain's own validators signed two blocks of one height: the evidence is kept."""
