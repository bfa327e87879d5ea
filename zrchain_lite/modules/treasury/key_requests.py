"""Key requests: from being asked, over the parties' answers, to a key or a refusal."""

from __future__ import annotations

from collections.abc import Callable

from zrchain_lite.errors import Conflict, InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.identity.peers import Auth
from zrchain_lite.modules.policy import uses
from zrchain_lite.modules.treasury import parties, state, wallets
from zrchain_lite.modules.treasury.escrow import Escrow
from zrchain_lite.modules.treasury.requests import (
    TreasuryHooks,
    last_height,
    reason_text,
    require_fee,
    require_open,
)
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import Key, KeyRequest, Params
from zrsign_chains import keys as curves
from zrsign_chains.errors import ChainError

TIMED_OUT = "Key request timed out"


class KeyRequests:
    """The life of a key request. Policies are not its business."""

    def __init__(
        self,
        identity: IdentityKeeper,
        escrow: Escrow,
        params: Callable[[Context], Params],
        hooks: list[TreasuryHooks],
    ) -> None:
        self._identity = identity
        self._auth: Auth = identity.auth
        self._escrow = escrow
        self._params = params
        self._hooks = hooks
        self.created: list[Callable[[Context, KeyRequest, bool], None]] = []
        """Who is told of a new request, and whether it is for a key generation of its own."""

    def get(self, ctx: Context, request_id: int) -> KeyRequest:
        """A key request by its id; raises NotFound."""
        found = state.KEY_REQUESTS.get(ctx.store, request_id)
        if found is None:
            raise NotFound(f"no key request {request_id}")
        return found

    def create(
        self,
        ctx: Context,
        request: KeyRequest,
        keyring: Keyring,
        mpc_btl: int,
        *,
        own_key: bool = False,
        max_fee: int = 0,
    ) -> None:
        """Give the request an id, a deadline and its fee, which `fee_payer` pays into escrow.

        Raises FeeTooHigh above `max_fee`, in urock; 0 is no limit.
        """
        request.id = state.KEY_REQUEST_COUNT.next(ctx.store)
        request.status = wire.KEY_REQUEST_STATUS_PENDING
        request.mpc_btl = last_height(ctx, self._params(ctx), mpc_btl)
        request.fee = require_fee(keyring, keyring.key_req_fee, max_fee)
        self._escrow.hold(ctx, request.fee_payer, request.fee)
        state.put_key_request(ctx.store, request)
        uses.take(ctx.store, request.workspace_addr, request.sign_policy_id)
        state.KEY_REQUEST_DEADLINES.add(ctx.store, request.mpc_btl, request.id)
        ctx.emit("new_key_request", request_id=request.id)
        for told in self.created:
            told(ctx, request, own_key)

    def fulfil(self, ctx: Context, msg: wire.MsgFulfilKeyRequest) -> None:
        """One party's answer. A wrong one is a refusal; a wrong sender changes nothing.

        Too late but right, it changes nothing either: the others were faster.
        """
        request = self.get(ctx, msg.request_id)
        keyring = self._identity.keyring(ctx, request.keyring_addr)
        parties.require_party(keyring, msg.creator)
        fulfilled = msg.status == wire.KEY_REQUEST_STATUS_FULFILLED
        agrees = fulfilled and msg.key.public_key == request.public_key
        if agrees and request.status == wire.KEY_REQUEST_STATUS_FULFILLED:
            return
        require_open(ctx, request)
        if msg.status == wire.KEY_REQUEST_STATUS_REJECTED:
            self._refuse(ctx, request, keyring, msg.creator, reason_text(msg.reject_reason))
            return
        if not fulfilled:
            raise InvalidArgument(f"an answer is FULFILLED or REJECTED, not {msg.status}")
        if any(answer.creator == msg.creator for answer in request.keyring_party_sigs):
            raise Conflict(f"party {msg.creator} already sent a fulfilment")
        if not keyring.is_active:
            self.reject(ctx, request, f"keyring {keyring.address} is inactive")
            return
        problem = self._problem(ctx, request, msg)
        if problem is not None:
            self._refuse(ctx, request, keyring, msg.creator, problem)
            return
        self._count(ctx, request, keyring, msg)

    def _count(
        self, ctx: Context, request: KeyRequest, keyring: Keyring, msg: wire.MsgFulfilKeyRequest
    ) -> None:
        parties.take_back(request, msg.creator)
        request.keyring_party_sigs.add(
            creator=msg.creator,
            signature=msg.keyring_party_signature,
            value=msg.key.public_key,
        )
        answers = request.keyring_party_sigs
        request.public_key, _ = parties.leading(keyring, answers)
        if parties.enough(keyring, answers):
            self._fulfilled(ctx, request, keyring)
        elif parties.hopeless(keyring, answers, request.refusals):
            expected, got = request.public_key.hex(), msg.key.public_key.hex()
            self.reject(ctx, request, f"public key mismatch, expected {expected}, got {got}")
        else:
            request.status = wire.KEY_REQUEST_STATUS_PARTIAL
            state.put_key_request(ctx.store, request)
            ctx.emit("key_request_partial", request_id=request.id, party=msg.creator)

    def _refuse(
        self, ctx: Context, request: KeyRequest, keyring: Keyring, party: str, reason: str
    ) -> None:
        parties.refuse(request, party, reason)
        if parties.hopeless(keyring, request.keyring_party_sigs, request.refusals):
            self.reject(ctx, request, reason)
            return
        state.put_key_request(ctx.store, request)
        ctx.emit("key_request_refused", request_id=request.id, party=party, reason=reason)

    def reject(self, ctx: Context, request: KeyRequest, reason: str) -> None:
        """End the request without a key and give the fee back."""
        request.reject_reason = reason_text(reason)
        self._close(ctx, request, wire.KEY_REQUEST_STATUS_REJECTED)
        uses.leave(ctx.store, request.workspace_addr, request.sign_policy_id)
        self._escrow.refund(ctx, request.fee_payer, request.fee)
        ctx.emit("key_request_rejected", request_id=request.id, reason=request.reject_reason)
        for hook in self._hooks:
            hook.key_request_ended(ctx, request)

    def sweep(self, ctx: Context) -> None:
        """Reject the requests whose last block has passed."""
        state.KEY_REQUEST_DEADLINES.sweep(ctx, self._time_out)

    def _time_out(self, ctx: Context, request_id: int) -> None:
        self.reject(ctx, self.get(ctx, request_id), TIMED_OUT)

    def _problem(
        self, ctx: Context, request: KeyRequest, msg: wire.MsgFulfilKeyRequest
    ) -> str | None:
        problem = parties.signature_problem(
            ctx,
            self._auth,
            msg.creator,
            request.id,
            msg.keyring_party_signature,
            msg.key.public_key,
        )
        if problem is not None:
            return problem
        return public_key_problem(request.key_type, msg.key.public_key)

    def _fulfilled(self, ctx: Context, request: KeyRequest, keyring: Keyring) -> None:
        self._close(ctx, request, wire.KEY_REQUEST_STATUS_FULFILLED)
        key = Key(
            id=request.id,
            workspace_addr=request.workspace_addr,
            keyring_addr=request.keyring_addr,
            type=request.key_type,
            public_key=request.public_key,
            index=request.index,
            sign_policy_id=request.sign_policy_id,
        )
        state.KEYS.set(ctx.store, key.id, key)
        state.KEYS_BY_WORKSPACE.add(ctx.store, (key.workspace_addr,), key.id)
        for wallet in wallets.addresses(key):
            state.KEYS_BY_ADDRESS.add(ctx.store, (wallet.address,), key.id)
        self._escrow.release(ctx, keyring, self._params(ctx), request.fee)
        ctx.emit("key_request_fulfilled", request_id=request.id)
        for hook in self._hooks:
            hook.key_request_ended(ctx, request)

    def _close(self, ctx: Context, request: KeyRequest, status: wire.KeyRequestStatus) -> None:
        state.KEY_REQUEST_DEADLINES.remove(ctx.store, request.mpc_btl, request.id)
        request.status = status
        state.put_key_request(ctx.store, request)


def public_key_problem(key_type: wire.KeyType, public_key: bytes) -> str | None:
    """Why this is no public key of the type, None when it is one."""
    if not public_key:
        return "missing public key"
    name = wire.KeyType.Name(key_type).removeprefix("KEY_TYPE_").lower()
    length = 32 if key_type == wallets.EDDSA else 33
    if len(public_key) != length:
        return (
            f"invalid {name} public key {public_key[:100].hex()} "
            f"of length {len(public_key)}, expected {length} bytes"
        )
    try:
        curves.validate_public_key(wallets.ALGORITHMS[key_type], public_key)
    except ChainError as error:
        return f"invalid {name} public key {public_key.hex()}: {error}"
    return None
