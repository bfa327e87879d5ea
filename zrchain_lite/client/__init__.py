"""A client of the ledger: query, sign, send, wait. Asynchronous, over gRPC."""

from zrchain_lite.client.account import Account, party_signature
from zrchain_lite.client.errors import (
    AccountUnknown,
    ClientError,
    LedgerUnavailable,
    ObjectNotFound,
    QueryFailed,
    TxFailed,
    TxNotIncluded,
)
from zrchain_lite.client.ledger import LedgerClient, TxResult, once_above

__all__ = [
    "Account",
    "AccountUnknown",
    "ClientError",
    "LedgerClient",
    "LedgerUnavailable",
    "ObjectNotFound",
    "QueryFailed",
    "TxFailed",
    "TxNotIncluded",
    "TxResult",
    "once_above",
    "party_signature",
]
