"""Stored objects as queries answer them: enums as text."""

from __future__ import annotations

from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire


def key_response(key: wire.Key) -> wire.KeyResponse:
    """A key as queries show it."""
    return wire.KeyResponse(
        id=key.id,
        workspace_addr=key.workspace_addr,
        keyring_addr=key.keyring_addr,
        type=wire.KeyType.Name(key.type),
        public_key=key.public_key,
        index=key.index,
        sign_policy_id=key.sign_policy_id,
    )


def key_request_response(request: wire.KeyRequest) -> wire.KeyReqResponse:
    """A key request as queries show it."""
    return wire.KeyReqResponse(
        id=request.id,
        creator=request.creator,
        workspace_addr=request.workspace_addr,
        keyring_addr=request.keyring_addr,
        key_type=wire.KeyType.Name(request.key_type),
        status=wire.KeyRequestStatus.Name(request.status),
        keyring_party_signatures=request.keyring_party_sigs,
        reject_reason=request.reject_reason,
        index=request.index,
        sign_policy_id=request.sign_policy_id,
        mpc_btl=request.mpc_btl,
        fee=request.fee,
        public_key=request.public_key,
        refusals=request.refusals,
    )


def sign_request_response(request: wire.SignRequest) -> wire.SignReqResponse:
    """A signature request as queries show it."""
    response = wire.SignReqResponse(
        id=request.id,
        creator=request.creator,
        key_ids=request.key_ids,
        key_type=wire.KeyType.Name(request.key_type),
        data_for_signing=request.data_for_signing,
        status=wire.SignRequestStatus.Name(request.status),
        signed_data=request.signed_data,
        keyring_party_sigs=request.keyring_party_sigs,
        reject_reason=request.reject_reason,
        parent_req_id=request.parent_req_id,
        child_req_ids=request.child_req_ids,
        cache_id=request.cache_id,
        mpc_btl=request.mpc_btl,
        fee=request.fee,
        refusals=request.refusals,
    )
    if request.HasField("metadata"):
        response.metadata.CopyFrom(request.metadata)
    return response


def sign_transaction_response(request: wire.SignTransactionRequest) -> wire.SignTxReqResponse:
    """A request to sign a transaction as queries show it."""
    return wire.SignTxReqResponse(
        id=request.id,
        creator=request.creator,
        wallet_type=wire.WalletType.Name(request.wallet_type),
        unsigned_transaction=request.unsigned_transaction,
        sign_request_id=request.sign_request_id,
        no_broadcast=request.no_broadcast,
        key_ids=request.key_ids,
    )
