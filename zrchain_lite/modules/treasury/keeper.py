"""The treasury's door for other modules: ask for keys and signatures, read keys and requests.

The three `request_…` methods execute; they ask no policy. The messages put them under the sign
policy of the workspace or key.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf import any_pb2

from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.treasury import signatures, state, wallets
from zrchain_lite.modules.treasury.escrow import Escrow
from zrchain_lite.modules.treasury.key_requests import KeyRequests
from zrchain_lite.modules.treasury.requests import TreasuryHooks, require_fee
from zrchain_lite.modules.treasury.sign_requests import SignRequests
from zrchain_lite.modules.treasury.transactions import Prepared
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import (
    Key,
    KeyRequest,
    Params,
    SignRequest,
    SignTransactionRequest,
)

MAX_ITEMS = 256
MAX_CACHE_ID = 256
_RESERVED = b"treasury/reserved/"


class TreasuryKeeper:
    """Keys and requests. `hooks` are told when a request ends."""

    def __init__(self, identity: IdentityKeeper) -> None:
        self.identity = identity
        self.hooks: list[TreasuryHooks] = []
        self.escrow = Escrow(identity.bank)
        self.key_requests = KeyRequests(identity, self.escrow, self.params, self.hooks)
        self.sign_requests = SignRequests(identity, self.escrow, self.params, self.hooks)

    def params(self, ctx: Context) -> Params:
        """The module's parameters."""
        return state.PARAMS.get(ctx.store, b"") or Params()

    # Reading

    def key(self, ctx: Context, key_id: int) -> Key:
        """A key by its id; raises NotFound."""
        found = state.KEYS.get(ctx.store, key_id)
        if found is None:
            raise NotFound(f"no key {key_id}")
        return found

    def keys_in(self, ctx: Context, workspace: str) -> list[Key]:
        """Keys of a workspace, by id."""
        ids = state.KEYS_BY_WORKSPACE.members(ctx.store, (workspace,))
        return [self.key(ctx, key_id) for key_id in ids]

    def key_request(self, ctx: Context, request_id: int) -> KeyRequest:
        """A key request by its id; raises NotFound."""
        return self.key_requests.get(ctx, request_id)

    def sign_request(self, ctx: Context, request_id: int) -> SignRequest:
        """A signature request by its id; raises NotFound."""
        return self.sign_requests.get(ctx, request_id)

    def sign_transaction_request(self, ctx: Context, request_id: int) -> SignTransactionRequest:
        """A request to sign a transaction by its id; raises NotFound."""
        found = state.SIGN_TRANSACTIONS.get(ctx.store, request_id)
        if found is None:
            raise NotFound(f"no sign-transaction request {request_id}")
        return found

    def sign_transaction_by_sign_request(
        self, ctx: Context, sign_request_id: int
    ) -> SignTransactionRequest | None:
        """The transaction that a single or parent request is for; None for plain data."""
        return state.sign_transaction_of(ctx.store, sign_request_id)

    def sign_policy_id(self, ctx: Context, key: Key) -> int:
        """The policy that guards the key: its own, else its workspace's."""
        workspace = self.identity.workspace(ctx, key.workspace_addr)
        return key.sign_policy_id or workspace.sign_policy_id

    # Reserved keys

    def reserve_key(self, ctx: Context, key_id: int, purpose: str) -> None:
        """Keep a key from users' messages; only requests that name the same purpose may use it."""
        self.key(ctx, key_id)
        known = self.reserved_for(ctx, key_id)
        if known not in (None, purpose):
            raise Conflict(f"key {key_id} is reserved for {known}")
        ctx.store.set(_RESERVED + key_id.to_bytes(8, "big"), purpose.encode())

    def reserved_for(self, ctx: Context, key_id: int) -> str | None:
        """The one purpose that a key may sign for, None when it is free."""
        purpose = ctx.store.get(_RESERVED + key_id.to_bytes(8, "big"))
        return None if purpose is None else purpose.decode()

    # Asking

    def request_key(
        self,
        ctx: Context,
        *,
        creator: str,
        workspace: str,
        keyring: str,
        key_type: wire.KeyType,
        index: int = 0,
        sign_policy_id: int = 0,
        fee_payer: str | None = None,
        mpc_btl: int = 0,
        own_key: bool = False,
        max_fee: int = 0,
    ) -> KeyRequest:
        """Ask the keyring for a key. The fee is the payer's (the creator's when None).

        `mpc_btl` is in blocks; 0 takes the default. With `own_key` it is no child of a root. The
        keyring's fee is at most `max_fee`, in urock; 0 is no limit.
        Raises NotFound, KeyringInactive, InvalidArgument, InsufficientFunds, FeeTooHigh.
        """
        if key_type not in wallets.ALGORITHMS:
            raise InvalidArgument(f"key type {key_type} is not one that keyrings make")
        self.identity.workspace(ctx, workspace)
        request = KeyRequest(
            creator=creator,
            workspace_addr=workspace,
            keyring_addr=keyring,
            key_type=key_type,
            index=index,
            sign_policy_id=sign_policy_id,
            fee_payer=fee_payer or creator,
        )
        active = self.identity.active_keyring(ctx, keyring)
        self.key_requests.create(ctx, request, active, mpc_btl, own_key=own_key, max_fee=max_fee)
        return request

    def request_signature(
        self,
        ctx: Context,
        *,
        creator: str,
        key_ids: Sequence[int],
        items: Sequence[bytes],
        fee_payer: str | None = None,
        cache_id: bytes = b"",
        metadata: any_pb2.Any | None = None,
        mpc_btl: int = 0,
        purpose: str | None = None,
        max_fee: int = 0,
    ) -> SignRequest:
        """Ask for one signature an item; item i is signed by key i. `purpose` opens reserved keys.

        More than one item makes a parent with a child an item. Raises as `request_key`.
        """
        keys = self.usable_keys(ctx, key_ids, purpose)
        require_items(keys, items, cache_id)
        keyring = self.identity.active_keyring(ctx, keys[0].keyring_addr)
        charged = sum(1 for key in keys if self.reserved_for(ctx, key.id) is None)
        request = SignRequest(
            creator=creator,
            key_ids=key_ids,
            key_type=keys[0].type,
            data_for_signing=items,
            cache_id=cache_id,
            fee=require_fee(keyring, keyring.sig_req_fee * charged, max_fee),
            fee_payer=fee_payer or creator,
            keyring_addr=keyring.address,
        )
        if metadata is not None:
            request.metadata.CopyFrom(metadata)
        self.sign_requests.create(ctx, request, mpc_btl)
        return request

    def request_sign_transaction(
        self,
        ctx: Context,
        prepared: Prepared,
        *,
        creator: str,
        key_ids: Sequence[int],
        no_broadcast: bool,
        fee_payer: str | None = None,
        cache_id: bytes = b"",
        mpc_btl: int = 0,
        purpose: str | None = None,
        max_fee: int = 0,
    ) -> SignTransactionRequest:
        """Ask for the signatures of an unsigned transaction that these keys, in order, can make."""
        sign_request = self.request_signature(
            ctx,
            creator=creator,
            key_ids=key_ids,
            items=prepared.items,
            fee_payer=fee_payer,
            cache_id=cache_id,
            metadata=prepared.metadata,
            mpc_btl=mpc_btl,
            purpose=purpose,
            max_fee=max_fee,
        )
        request = SignTransactionRequest(
            id=state.SIGN_TRANSACTION_COUNT.next(ctx.store),
            creator=creator,
            wallet_type=prepared.wallet_type,
            unsigned_transaction=prepared.unsigned,
            sign_request_id=sign_request.id,
            no_broadcast=no_broadcast,
            key_ids=key_ids,
        )
        state.put_sign_transaction(ctx.store, request, sign_request)
        ctx.emit(
            "new_sign_transaction_request",
            request_id=request.id,
            sign_request_id=sign_request.id,
        )
        for hook in self.hooks:
            hook.sign_transaction_created(ctx, request)
        return request

    def usable_keys(
        self, ctx: Context, key_ids: Sequence[int], purpose: str | None = None
    ) -> list[Key]:
        """The keys of one request: of one workspace, keyring, type and policy, and not reserved."""
        if not 1 <= len(key_ids) <= MAX_ITEMS:
            raise InvalidArgument(f"a request names 1 to {MAX_ITEMS} keys, not {len(key_ids)}")
        keys = [self.key(ctx, key_id) for key_id in key_ids]
        first = keys[0]
        # Read once: a large workspace must not make a transaction of many inputs too dear to ask.
        shared = self.identity.workspace(ctx, first.workspace_addr).sign_policy_id
        for key in keys:
            reserved = self.reserved_for(ctx, key.id)
            if reserved is not None and reserved != purpose:
                raise Unauthorized(f"key {key.id} is reserved for {reserved}")
            if _family(key, shared) != _family(first, shared):
                raise InvalidArgument(
                    f"keys {first.id} and {key.id} differ in workspace, keyring, type or policy; "
                    "ask for each in a request of its own"
                )
        return keys

    def sweep(self, ctx: Context) -> None:
        """Reject the requests whose last block has passed."""
        self.key_requests.sweep(ctx)
        self.sign_requests.sweep(ctx)


def require_items(keys: Sequence[Key], items: Sequence[bytes], cache_id: bytes) -> None:
    """Raises InvalidArgument unless there is one signable item a key."""
    if len(items) != len(keys):
        raise InvalidArgument(f"{len(items)} items for {len(keys)} keys; name one key an item")
    for item in items:
        signatures.require_item(keys[0].type, item)
    if len(cache_id) > MAX_CACHE_ID:
        raise InvalidArgument(f"a cache id has at most {MAX_CACHE_ID} bytes, not {len(cache_id)}")


def _family(key: Key, shared_policy_id: int) -> tuple[str, str, int, int]:
    """What the keys of one request have in common."""
    policy_id = key.sign_policy_id or shared_policy_id
    return key.workspace_addr, key.keyring_addr, key.type, policy_id
