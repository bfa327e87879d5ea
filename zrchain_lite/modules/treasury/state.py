"""What the treasury stores: keys and requests, and the indexes by which they are found."""

from __future__ import annotations

from zrchain_lite.modules.policy.deadlines import Deadlines
from zrchain_lite.store.collections import Counter, Index, StoredMap
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import (
    Key,
    KeyRequest,
    Params,
    SignRequest,
    SignTransactionRequest,
)
from zrchain_lite.wire.zrsign.treasury.approvals_pb2 import Approval

PARAMS = StoredMap("treasury/params", Params)
KEYS = StoredMap("treasury/key", Key)
KEY_REQUESTS = StoredMap("treasury/key_request", KeyRequest)
SIGN_REQUESTS = StoredMap("treasury/sign_request", SignRequest)
SIGN_TRANSACTIONS = StoredMap("treasury/sign_transaction", SignTransactionRequest)
# By the id of a signature request without a parent.
APPROVALS = StoredMap("treasury/approval", Approval)

KEY_REQUEST_COUNT = Counter("treasury/key_request_count")
SIGN_REQUEST_COUNT = Counter("treasury/sign_request_count")
SIGN_TRANSACTION_COUNT = Counter("treasury/sign_transaction_count")

KEY_REQUEST_DEADLINES = Deadlines("treasury/key_request_deadline")
SIGN_REQUEST_DEADLINES = Deadlines("treasury/sign_request_deadline")

KEYS_BY_WORKSPACE = Index("treasury/key_by_workspace")
KEYS_BY_ADDRESS = Index("treasury/key_by_address")
# By (keyring, status).
KEY_REQUESTS_BY_STATUS = Index("treasury/key_request_by_status")
KEY_REQUESTS_BY_WORKSPACE = Index("treasury/key_request_by_workspace")
# By (keyring, status).
SIGN_REQUESTS_BY_STATUS = Index("treasury/sign_request_by_status")
# By (wallet type, status of the signature request).
SIGN_TRANSACTIONS_BY_STATUS = Index("treasury/sign_transaction_by_status")
SIGN_TRANSACTIONS_BY_KEY = Index("treasury/sign_transaction_by_key")
_SIGN_TRANSACTION_OF = Index("treasury/sign_transaction_of")


def put_key_request(store: KVStore, request: KeyRequest) -> None:
    """Store a key request and keep the indexes of workspace and status in step."""
    before = KEY_REQUESTS.get(store, request.id)
    if before is None:
        KEY_REQUESTS_BY_WORKSPACE.add(store, (request.workspace_addr,), request.id)
    else:
        KEY_REQUESTS_BY_STATUS.remove(store, (before.keyring_addr, before.status), before.id)
    KEY_REQUESTS_BY_STATUS.add(store, (request.keyring_addr, request.status), request.id)
    KEY_REQUESTS.set(store, request.id, request)


def put_sign_request(store: KVStore, request: SignRequest) -> None:
    """Store a signature request and keep the index of statuses in step."""
    before = SIGN_REQUESTS.get(store, request.id)
    if before is not None:
        SIGN_REQUESTS_BY_STATUS.remove(store, (before.keyring_addr, before.status), before.id)
    SIGN_REQUESTS_BY_STATUS.add(store, (request.keyring_addr, request.status), request.id)
    SIGN_REQUESTS.set(store, request.id, request)
    transaction = sign_transaction_of(store, request.id)
    if before is not None and transaction is not None:
        wallet_type, id_ = transaction.wallet_type, transaction.id
        SIGN_TRANSACTIONS_BY_STATUS.remove(store, (wallet_type, before.status), id_)
        SIGN_TRANSACTIONS_BY_STATUS.add(store, (wallet_type, request.status), id_)


def put_sign_transaction(
    store: KVStore, transaction: SignTransactionRequest, sign_request: SignRequest
) -> None:
    """Store a new sign-transaction request; it never changes afterwards."""
    SIGN_TRANSACTIONS.set(store, transaction.id, transaction)
    _SIGN_TRANSACTION_OF.add(store, (sign_request.id,), transaction.id)
    group = (transaction.wallet_type, sign_request.status)
    SIGN_TRANSACTIONS_BY_STATUS.add(store, group, transaction.id)
    for key_id in transaction.key_ids:
        SIGN_TRANSACTIONS_BY_KEY.add(store, (key_id,), transaction.id)


def sign_transaction_of(store: KVStore, sign_request_id: int) -> SignTransactionRequest | None:
    """The sign-transaction request whose signatures this signature request makes."""
    ids = _SIGN_TRANSACTION_OF.members(store, (sign_request_id,))
    return SIGN_TRANSACTIONS.get(store, ids[0]) if ids else None
