"""What keys and requests may be listed by: each filter of the treasury's queries, and all of them.

Groups are tuples of what a query may name, 0 or empty where it names nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from zrchain_lite.modules.treasury import state
from zrchain_lite.store.views import Read, Row, View, subsets
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import (
    Key,
    KeyRequest,
    SignRequest,
    SignTransactionRequest,
)


def _of_key(_: Read, id_: bytes, raw: bytes) -> Iterator[Row]:
    key = Key.FromString(raw)
    return ((group, id_) for group in subsets(key.workspace_addr, int(key.type)))


def _of_key_request(_: Read, id_: bytes, raw: bytes) -> Iterator[Row]:
    request = KeyRequest.FromString(raw)
    named = subsets(request.workspace_addr, request.keyring_addr, int(request.status))
    return ((group, id_) for group in named)


def _of_sign_request(_: Read, id_: bytes, raw: bytes) -> Iterator[Row]:
    request = SignRequest.FromString(raw)
    return ((group, id_) for group in subsets(request.keyring_addr, int(request.status)))


def _of_sign_transaction(read: Read, key: bytes, _: bytes) -> Iterator[Row]:
    """A key of the index by wallet type and status: it follows the signature request's status."""
    wallet_type, status, id_ = (int.from_bytes(key[at : at + 8], "big") for at in (0, 8, 16))
    raw = read(state.SIGN_TRANSACTIONS.prefix + key[16:])
    keys = SignTransactionRequest.FromString(raw or b"").key_ids
    for key_id in sorted({0, *keys}):
        for group in subsets(wallet_type, status):
            yield (key_id, *group), id_.to_bytes(8, "big")


# By (workspace, key type).
KEYS = View("keys", state.KEYS.prefix, _of_key)
# By (workspace, keyring, status).
KEY_REQUESTS = View("key_requests", state.KEY_REQUESTS.prefix, _of_key_request)
# By (keyring, status).
SIGN_REQUESTS = View("sign_requests", state.SIGN_REQUESTS.prefix, _of_sign_request)
# By (key, wallet type, status of the signature request).
SIGN_TRANSACTIONS = View(
    "sign_transactions", state.SIGN_TRANSACTIONS_BY_STATUS.prefix, _of_sign_transaction
)
ALL = (KEYS, KEY_REQUESTS, SIGN_REQUESTS, SIGN_TRANSACTIONS)
