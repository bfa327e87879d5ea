"""A client of the ledger: query, sign, send, wait. Asynchronous, over gRPC."""

from zrchain_lite.client.account import Account, party_signature
from zrchain_lite.client.believed import TrustedRoot, TrustSettings
from zrchain_lite.client.connection import once_above
from zrchain_lite.client.errors import (
    AccountUnknown,
    ChainForked,
    ClientError,
    LedgerUnavailable,
    NodeBehind,
    NotVerified,
    ObjectNotFound,
    QueryFailed,
    TxFailed,
    TxNotIncluded,
)
from zrchain_lite.client.ledger import LedgerClient, TxResult
from zrchain_lite.client.signed import Signed

__all__ = [
    "Account",
    "AccountUnknown",
    "ChainForked",
    "ClientError",
    "LedgerClient",
    "LedgerUnavailable",
    "NodeBehind",
    "NotVerified",
    "ObjectNotFound",
    "QueryFailed",
    "Signed",
    "TrustSettings",
    "TrustedRoot",
    "TxFailed",
    "TxNotIncluded",
    "TxResult",
    "once_above",
    "party_signature",
]
