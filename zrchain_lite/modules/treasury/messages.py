"""The treasury's messages: asking (under the sign policy), answering (by parties), money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from google.protobuf.message import Message

from zrchain_lite.errors import InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import module_address
from zrchain_lite.modules.identity.addresses import require_account, require_keyring
from zrchain_lite.modules.identity.authority import Authority
from zrchain_lite.modules.policy import uses
from zrchain_lite.modules.policy.deadlines import require_blocks
from zrchain_lite.modules.policy.keeper import AtOnce, PolicyKeeper
from zrchain_lite.modules.treasury import state, transactions, wallets
from zrchain_lite.modules.treasury.escrow import KEYRING_ESCROW
from zrchain_lite.modules.treasury.keeper import MAX_ITEMS, TreasuryKeeper, require_items
from zrchain_lite.modules.treasury.signatures import MAX_MESSAGE
from zrchain_lite.modules.treasury.transactions import Prepared
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import Key, Params

R = TypeVar("R", bound=Message)

DENOM = "urock"
BAD_COMMISSION = 1506
_CONTRACTS_DOOR = (
    "what contracts ask for comes by /zrsign.receiver.MsgReportEvents, which names the source "
    "event, so that a request exists once, and once enough observers reported the same"
)
_NO_ASSETS = "this ledger has no wrapped assets; leave it out"


class TreasuryMessages:
    """Handlers, and the executors that run once a sign policy is satisfied.

    An executor repeats the checks of its handler: the keyring, the keys and the workspace may have
    changed while the action waited.
    """

    def __init__(self, keeper: TreasuryKeeper, policy: PolicyKeeper, authority: Authority) -> None:
        self._keeper = keeper
        self._identity = keeper.identity
        self._policy = policy
        self._authority = authority
        for message, execute in (
            (wire.MsgNewKeyRequest, self._execute_new_key),
            (wire.MsgNewSignatureRequest, self._execute_new_signature),
            (wire.MsgNewSignTransactionRequest, self._execute_sign_transaction),
            (wire.MsgUpdateKeyPolicy, self._execute_update_key_policy),
        ):
            policy.register_action("/" + message.DESCRIPTOR.full_name, execute)

    # Keys

    def new_key_request(
        self, ctx: Context, msg: wire.MsgNewKeyRequest
    ) -> wire.MsgNewKeyRequestResponse:
        """Ask a keyring for a key, once the workspace's sign policy is satisfied."""
        if msg.ext_requester or msg.ext_key_type:
            raise InvalidArgument(f"ext_requester and ext_key_type are refused: {_CONTRACTS_DOOR}")
        if msg.zenbtc_metadata.ByteSize():
            raise InvalidArgument(f"zenbtc_metadata asks for a deposit key, and {_NO_ASSETS}")
        wallets.key_type_of_word(msg.key_type)
        workspace = self._identity.workspace(ctx, msg.workspace_addr)
        self._identity.active_keyring(ctx, msg.keyring_addr)
        self._policy.require_owners(ctx, msg.sign_policy_id, list(workspace.owners))
        return self._submit(
            ctx,
            msg,
            policy_id=workspace.sign_policy_id,
            workspace=workspace.address,
            btl=msg.btl,
            empty=wire.MsgNewKeyRequestResponse(),
        )

    def _execute_new_key(
        self, ctx: Context, action: Action, msg: wire.MsgNewKeyRequest
    ) -> wire.MsgNewKeyRequestResponse:
        workspace = self._identity.workspace(ctx, msg.workspace_addr)
        self._policy.require_current(action, workspace.sign_policy_id)
        self._policy.require_owners(ctx, msg.sign_policy_id, list(workspace.owners))
        request = self._keeper.request_key(
            ctx,
            creator=msg.creator,
            workspace=msg.workspace_addr,
            keyring=msg.keyring_addr,
            key_type=wallets.key_type_of_word(msg.key_type),
            index=msg.index,
            sign_policy_id=msg.sign_policy_id,
            mpc_btl=msg.mpc_btl,
            own_key=wallets.wants_own_key(msg.key_type),
            max_fee=msg.max_keyring_fee,
        )
        return wire.MsgNewKeyRequestResponse(key_req_id=request.id)

    def fulfil_key_request(
        self, ctx: Context, msg: wire.MsgFulfilKeyRequest
    ) -> wire.MsgFulfilKeyRequestResponse:
        """Take a party's answer to a key request."""
        self._keeper.key_requests.fulfil(ctx, msg)
        return wire.MsgFulfilKeyRequestResponse()

    def update_key_policy(
        self, ctx: Context, msg: wire.MsgUpdateKeyPolicy
    ) -> wire.MsgUpdateKeyPolicyResponse:
        """Guarded by the policy that guards the key's signatures: who may lift it may sign."""
        key = self._checked_key_policy(ctx, msg)
        return self._submit(
            ctx,
            msg,
            policy_id=self._keeper.sign_policy_id(ctx, key),
            workspace=key.workspace_addr,
            btl=0,
            empty=wire.MsgUpdateKeyPolicyResponse(),
        )

    def _execute_update_key_policy(
        self, ctx: Context, action: Action, msg: wire.MsgUpdateKeyPolicy
    ) -> wire.MsgUpdateKeyPolicyResponse:
        key = self._checked_key_policy(ctx, msg)
        self._policy.require_current(action, self._keeper.sign_policy_id(ctx, key))
        uses.leave(ctx.store, key.workspace_addr, key.sign_policy_id)
        uses.take(ctx.store, key.workspace_addr, msg.sign_policy_id)
        key.sign_policy_id = msg.sign_policy_id
        state.KEYS.set(ctx.store, key.id, key)
        ctx.emit("key_policy_updated", key_id=key.id, sign_policy_id=msg.sign_policy_id)
        return wire.MsgUpdateKeyPolicyResponse()

    def _checked_key_policy(self, ctx: Context, msg: wire.MsgUpdateKeyPolicy) -> Key:
        (key,) = self._keeper.usable_keys(ctx, [msg.key_id])
        workspace = self._identity.workspace(ctx, key.workspace_addr)
        self._policy.require_owners(ctx, msg.sign_policy_id, list(workspace.owners))
        return key

    # Signatures

    def new_signature_request(
        self, ctx: Context, msg: wire.MsgNewSignatureRequest
    ) -> wire.MsgNewSignatureRequestResponse:
        """Ask for signatures over digests, once the sign policy is satisfied."""
        if msg.zenbtc_tx_bytes:
            raise InvalidArgument(f"zenbtc_tx_bytes is of a redemption, and {_NO_ASSETS}")
        keys = self._keeper.usable_keys(ctx, msg.key_ids)
        items = _items(msg.data_for_signing)
        require_items(keys, items, msg.cache_id)
        _verify_signing_data(msg, items)
        self._identity.active_keyring(ctx, keys[0].keyring_addr)
        return self._submit(
            ctx,
            msg,
            policy_id=self._keeper.sign_policy_id(ctx, keys[0]),
            workspace=keys[0].workspace_addr,
            btl=msg.btl,
            empty=wire.MsgNewSignatureRequestResponse(),
        )

    def _execute_new_signature(
        self, ctx: Context, action: Action, msg: wire.MsgNewSignatureRequest
    ) -> wire.MsgNewSignatureRequestResponse:
        self._require_same_policy(ctx, action, msg.key_ids[0])
        request = self._keeper.request_signature(
            ctx,
            creator=msg.creator,
            key_ids=msg.key_ids,
            items=_items(msg.data_for_signing),
            cache_id=msg.cache_id,
            mpc_btl=msg.mpc_btl,
            max_fee=msg.max_keyring_fee,
        )
        return wire.MsgNewSignatureRequestResponse(sig_req_id=request.id)

    def fulfil_signature_request(
        self, ctx: Context, msg: wire.MsgFulfilSignatureRequest
    ) -> wire.MsgFulfilSignatureRequestResponse:
        """Take a party's answer to a signature request."""
        self._keeper.sign_requests.fulfil(ctx, msg)
        return wire.MsgFulfilSignatureRequestResponse()

    def new_sign_transaction_request(
        self, ctx: Context, msg: wire.MsgNewSignTransactionRequest
    ) -> wire.MsgNewSignTransactionRequestResponse:
        """Ask for a transaction to be signed, once the sign policy is satisfied."""
        if msg.key_id not in (0, *msg.key_ids):
            raise InvalidArgument(f"key_id is of older clients; name key {msg.key_id} in key_ids")
        keys = self._keeper.usable_keys(ctx, msg.key_ids)
        prepared = _prepared(keys, msg)
        require_items(keys, prepared.items, msg.cache_id)
        self._identity.active_keyring(ctx, keys[0].keyring_addr)
        return self._submit(
            ctx,
            msg,
            policy_id=self._keeper.sign_policy_id(ctx, keys[0]),
            workspace=keys[0].workspace_addr,
            btl=msg.btl,
            policy_data=prepared.policy_data(),
            at_once=lambda ctx, _: self._ask_sign_transaction(ctx, msg, prepared),
            empty=wire.MsgNewSignTransactionRequestResponse(),
        )

    def _execute_sign_transaction(
        self, ctx: Context, action: Action, msg: wire.MsgNewSignTransactionRequest
    ) -> wire.MsgNewSignTransactionRequestResponse:
        self._require_same_policy(ctx, action, msg.key_ids[0])
        keys = self._keeper.usable_keys(ctx, msg.key_ids)
        return self._ask_sign_transaction(ctx, msg, _prepared(keys, msg))

    def _ask_sign_transaction(
        self, ctx: Context, msg: wire.MsgNewSignTransactionRequest, prepared: Prepared
    ) -> wire.MsgNewSignTransactionRequestResponse:
        request = self._keeper.request_sign_transaction(
            ctx,
            prepared,
            creator=msg.creator,
            key_ids=msg.key_ids,
            no_broadcast=msg.no_broadcast,
            cache_id=msg.cache_id,
            mpc_btl=msg.mpc_btl,
            max_fee=msg.max_keyring_fee,
        )
        return wire.MsgNewSignTransactionRequestResponse(
            id=request.id, signature_request_id=request.sign_request_id
        )

    def new_zr_sign_signature_request(
        self, ctx: Context, msg: wire.MsgNewZrSignSignatureRequest
    ) -> wire.MsgNewZrSignSignatureRequestResponse:
        """Refused: one connector's word would do, and would do again for the same event."""
        raise InvalidArgument(f"MsgNewZrSignSignatureRequest is refused: {_CONTRACTS_DOOR}")

    # Money and parameters

    def transfer_from_keyring(
        self, ctx: Context, msg: wire.MsgTransferFromKeyring
    ) -> wire.MsgTransferFromKeyringResponse:
        """Earned fees go to an admin."""
        keyring = self._identity.keyring(ctx, msg.keyring)
        for account in (msg.creator, msg.recipient):
            if account not in keyring.admins:
                raise Unauthorized(f"{account} is no admin of keyring {msg.keyring}")
        if msg.denom not in ("", DENOM):
            raise InvalidArgument(f"a keyring earns {DENOM}, not {msg.denom[:50]!r}")
        if msg.amount == 0:
            raise InvalidArgument("the amount is 0; name what to transfer")
        self._identity.bank.send(ctx, keyring.address, msg.recipient, msg.amount)
        return wire.MsgTransferFromKeyringResponse()

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        """Replace the module's parameters; only its authority may."""
        self._authority.require(ctx, msg.authority)
        state.PARAMS.set(ctx.store, b"", checked_params(msg.params))
        return wire.MsgUpdateParamsResponse()

    # Policy guard

    def _require_same_policy(self, ctx: Context, action: Action, key_id: int) -> None:
        key = self._keeper.key(ctx, key_id)
        self._policy.require_current(action, self._keeper.sign_policy_id(ctx, key))

    def _submit(
        self,
        ctx: Context,
        msg: wire.MsgNewKeyRequest
        | wire.MsgNewSignatureRequest
        | wire.MsgNewSignTransactionRequest
        | wire.MsgUpdateKeyPolicy,
        *,
        policy_id: int,
        workspace: str,
        btl: int,
        empty: R,
        policy_data: dict[str, bytes] | None = None,
        at_once: AtOnce | None = None,
    ) -> R:
        """The executor's response, or `empty` while approvals are missing."""
        outcome = self._policy.submit(
            ctx,
            creator=msg.creator,
            policy_id=policy_id,
            workspace=workspace,
            msg=msg,
            btl=btl,
            policy_data=policy_data,
            at_once=at_once,
        )
        return outcome.response if isinstance(outcome.response, type(empty)) else empty


def checked_params(params: Params) -> Params:
    """The parameters; raises InvalidArgument (code 1506 for a bad commission)."""
    if params.keyring_commission > 100:
        raise InvalidArgument(
            f"keyring_commission is a percentage of 0 to 100, not {params.keyring_commission}",
            code=BAD_COMMISSION,
        )
    if params.keyring_commission_destination:
        require_account(params.keyring_commission_destination)
        if params.keyring_commission_destination == module_address(KEYRING_ESCROW):
            raise InvalidArgument(
                "keyring_commission_destination is the escrow, which holds the fees of open "
                "requests and nothing else; name another account"
            )
    if params.mpc_keyring:
        require_keyring(params.mpc_keyring)
    require_blocks(params.default_btl, "default_btl")
    return params


def _items(data_for_signing: str) -> list[bytes]:
    """Comma-separated hexadecimal items; raises InvalidArgument."""
    if len(data_for_signing) > MAX_ITEMS * (2 * MAX_MESSAGE + 1):
        raise InvalidArgument(f"data_for_signing has {len(data_for_signing)} characters")
    items = []
    for position, text in enumerate(data_for_signing.split(",")):
        try:
            items.append(bytes.fromhex(text.strip()))
        except ValueError:
            raise InvalidArgument(f"item {position} of data_for_signing is not hex") from None
        if not items[-1]:
            raise InvalidArgument(f"item {position} of data_for_signing is empty")
    return items


def _verify_signing_data(msg: wire.MsgNewSignatureRequest, items: list[bytes]) -> None:
    if not msg.verify_signing_data:
        return
    if msg.verify_signing_data_version != wire.BITCOIN_PLUS:
        raise InvalidArgument("verify_signing_data needs verify_signing_data_version BITCOIN_PLUS")
    transactions.require_sighashes(msg.verify_signing_data, items)


def _prepared(keys: Sequence[Key], msg: wire.MsgNewSignTransactionRequest) -> Prepared:
    """The transaction as these keys would sign it; raises InvalidArgument."""
    wallets.require_wallet(msg.wallet_type, keys[0].type)
    return transactions.prepare_as_asked(
        msg.wallet_type,
        msg.unsigned_transaction,
        msg.metadata if msg.HasField("metadata") else None,
        [key.public_key for key in keys],
    )
