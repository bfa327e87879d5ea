"""Signature requests: one item a request, or a parent whose children carry one item each.

Keyrings answer children and single requests. A parent is FULFILLED when all its children are, and
REJECTED with the first child that is, which ends the other children too. The fee is the whole
request's: children carry none.
"""

from __future__ import annotations

from collections.abc import Callable

from zrchain_lite.errors import Conflict, InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.treasury import parties, signatures, state
from zrchain_lite.modules.treasury.escrow import Escrow
from zrchain_lite.modules.treasury.requests import (
    FULFILLED,
    OPEN,
    PARTIAL,
    PENDING,
    REJECTED,
    TreasuryHooks,
    last_height,
    reason_text,
    require_open,
)
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import Params, SignRequest
from zrchain_lite.wire.zrsign.treasury.approvals_pb2 import Approval
from zrsign_chains.errors import ChainError

# In zrChain's words, which its clients know.
TIMED_OUT = "Signature request timed out"
UNVERIFIED = "signature verification failed: verifySignature- invalid signature"


class SignRequests:
    """The life of a signature request. Policies and the choice of keys are not its business."""

    def __init__(
        self,
        identity: IdentityKeeper,
        escrow: Escrow,
        params: Callable[[Context], Params],
        hooks: list[TreasuryHooks],
    ) -> None:
        self._identity = identity
        self._auth = identity.auth
        self._escrow = escrow
        self._params = params
        self._hooks = hooks

    def get(self, ctx: Context, request_id: int) -> SignRequest:
        """A signature request by its id; raises NotFound."""
        found = state.SIGN_REQUESTS.get(ctx.store, request_id)
        if found is None:
            raise NotFound(f"no signature request {request_id}")
        return found

    def create(self, ctx: Context, request: SignRequest, mpc_btl: int) -> None:
        """Give an approved request an id, a deadline and children; its fee is paid into escrow."""
        request.mpc_btl = last_height(ctx, self._params(ctx), mpc_btl)
        self._escrow.hold(ctx, request.fee_payer, request.fee)
        request.id = state.SIGN_REQUEST_COUNT.next(ctx.store)
        approval = Approval(
            sign_request_id=request.id, height=ctx.height, block_hash=ctx.block_hash
        )
        state.APPROVALS.set(ctx.store, request.id, approval)
        items = list(zip(request.key_ids, request.data_for_signing, strict=True))
        if len(items) > 1:
            for key_id, item in items:
                child = _child_of(request, key_id, item)
                child.id = state.SIGN_REQUEST_COUNT.next(ctx.store)
                request.child_req_ids.append(child.id)
                self._open(ctx, child)
        self._open(ctx, request)
        ctx.emit("new_sign_request", request_id=request.id)

    def fulfil(self, ctx: Context, msg: wire.MsgFulfilSignatureRequest) -> None:
        """One party's answer. A wrong one is a refusal; a wrong sender changes nothing.

        Any valid signature counts, and the first stays: the same digest may be signed in many ways.
        Too late but right, an answer changes nothing.
        """
        request = self.get(ctx, msg.request_id)
        keyring = self._identity.keyring(ctx, request.keyring_addr)
        parties.require_party(keyring, msg.creator)
        if request.status == FULFILLED and self._is_late_but_right(ctx, request, msg):
            return
        require_open(ctx, request)
        if request.child_req_ids:
            children = ", ".join(map(str, request.child_req_ids))
            raise Conflict(f"request {request.id} has children; answer these: {children}")
        if msg.status == REJECTED:
            self._refuse(ctx, request, keyring, msg.creator, reason_text(msg.reject_reason))
            return
        if msg.status not in (FULFILLED, PARTIAL):
            raise InvalidArgument(f"an answer is FULFILLED or REJECTED, not {msg.status}")
        if any(answer.creator == msg.creator for answer in request.keyring_party_sigs):
            raise Conflict(f"party {msg.creator} already sent a fulfilment")
        if not keyring.is_active:
            self.reject(ctx, request, f"keyring {keyring.address} is inactive")
            return
        signature, problem = self._judge(ctx, request, msg)
        if problem is not None:
            self._refuse(ctx, request, keyring, msg.creator, problem)
            return
        self._accept(ctx, request, keyring, msg, signature)

    def _is_late_but_right(
        self, ctx: Context, request: SignRequest, msg: wire.MsgFulfilSignatureRequest
    ) -> bool:
        if request.child_req_ids or msg.status not in (FULFILLED, PARTIAL):
            return False
        return self._judge(ctx, request, msg)[1] is None

    def _refuse(
        self, ctx: Context, request: SignRequest, keyring: Keyring, party: str, reason: str
    ) -> None:
        parties.refuse(request, party, reason)
        if parties.hopeless(keyring, request.keyring_party_sigs, request.refusals):
            self.reject(ctx, request, reason)
            return
        state.put_sign_request(ctx.store, request)
        ctx.emit("sign_request_refused", request_id=request.id, party=party, reason=reason)

    def reject(self, ctx: Context, request: SignRequest, reason: str) -> None:
        """End the request, or the whole family that it belongs to, and give the fee back."""
        if not request.parent_req_id:
            self._reject_root(ctx, request, reason_text(reason))
            return
        self._reject_one(ctx, request, reason_text(reason))
        parent = self.get(ctx, request.parent_req_id)
        because = f"Child request {request.id} rejected with reason: {request.reject_reason}"
        self._reject_root(ctx, parent, reason_text(because))

    def sweep(self, ctx: Context) -> None:
        """Reject the requests whose last block has passed; a family ends together."""
        state.SIGN_REQUEST_DEADLINES.sweep(ctx, self._time_out)

    def _time_out(self, ctx: Context, request_id: int) -> None:
        request = self.get(ctx, request_id)
        if request.status in OPEN:
            root = self.get(ctx, request.parent_req_id) if request.parent_req_id else request
            self._reject_root(ctx, root, TIMED_OUT, TIMED_OUT)

    def _judge(
        self,
        ctx: Context,
        request: SignRequest,
        msg: wire.MsgFulfilSignatureRequest,
    ) -> tuple[bytes, str | None]:
        """The signature in its stored form, or why the answer is wrong."""
        if not msg.signed_data:
            return b"", "missing signature data"
        problem = parties.signature_problem(
            ctx, self._auth, msg.creator, request.id, msg.keyring_party_signature
        )
        if problem is not None:
            return b"", problem
        key = state.KEYS.get(ctx.store, request.key_ids[0])
        if key is None:
            return b"", f"no key {request.key_ids[0]}"
        try:
            item = request.data_for_signing[0]
            signature = signatures.stored_form(key, item, msg.signed_data)
        except ChainError as error:
            return b"", f"{UNVERIFIED}, {error}"
        return signature, None

    def _accept(
        self,
        ctx: Context,
        request: SignRequest,
        keyring: Keyring,
        msg: wire.MsgFulfilSignatureRequest,
        signature: bytes,
    ) -> None:
        parties.take_back(request, msg.creator)
        if not request.signed_data:
            request.signed_data.add(sign_request_id=request.id, signed_data=signature)
        request.keyring_party_sigs.add(creator=msg.creator, signature=msg.keyring_party_signature)
        if not parties.enough(keyring, request.keyring_party_sigs):
            request.status = PARTIAL
            state.put_sign_request(ctx.store, request)
            ctx.emit("sign_request_partial", request_id=request.id, party=msg.creator)
        elif request.parent_req_id:
            self._close(ctx, request, FULFILLED)
            ctx.emit("sign_request_fulfilled", request_id=request.id)
            self._child_fulfilled(ctx, keyring, request)
        else:
            self._fulfilled(ctx, keyring, request)

    def _child_fulfilled(self, ctx: Context, keyring: Keyring, child: SignRequest) -> None:
        parent = self.get(ctx, child.parent_req_id)
        answers = {answer.sign_request_id: answer.signed_data for answer in parent.signed_data}
        answers[child.id] = child.signed_data[0].signed_data
        del parent.signed_data[:]
        for child_id in sorted(answers):
            parent.signed_data.add(sign_request_id=child_id, signed_data=answers[child_id])
        if len(answers) == len(parent.child_req_ids):
            self._fulfilled(ctx, keyring, parent)
        else:
            parent.status = PARTIAL
            state.put_sign_request(ctx.store, parent)
            ctx.emit("sign_request_partial", request_id=parent.id)

    def _fulfilled(self, ctx: Context, keyring: Keyring, root: SignRequest) -> None:
        self._close(ctx, root, FULFILLED)
        self._escrow.release(ctx, keyring, self._params(ctx), root.fee)
        ctx.emit("sign_request_fulfilled", request_id=root.id)
        for hook in self._hooks:
            hook.sign_request_ended(ctx, root)

    def _reject_root(
        self, ctx: Context, root: SignRequest, reason: str, childrens: str | None = None
    ) -> None:
        self._reject_one(ctx, root, reason)
        for child_id in root.child_req_ids:
            child = self.get(ctx, child_id)
            if child.status in OPEN:
                self._reject_one(ctx, child, childrens or f"Parent request {root.id} rejected")
        self._escrow.refund(ctx, root.fee_payer, root.fee)
        for hook in self._hooks:
            hook.sign_request_ended(ctx, root)

    def _reject_one(self, ctx: Context, request: SignRequest, reason: str) -> None:
        request.reject_reason = reason
        self._close(ctx, request, REJECTED)
        ctx.emit("sign_request_rejected", request_id=request.id, reason=reason)

    def _open(self, ctx: Context, request: SignRequest) -> None:
        request.status = PENDING
        state.put_sign_request(ctx.store, request)
        state.SIGN_REQUEST_DEADLINES.add(ctx.store, request.mpc_btl, request.id)

    def _close(self, ctx: Context, request: SignRequest, status: wire.SignRequestStatus) -> None:
        state.SIGN_REQUEST_DEADLINES.remove(ctx.store, request.mpc_btl, request.id)
        request.status = status
        state.put_sign_request(ctx.store, request)


def _child_of(parent: SignRequest, key_id: int, item: bytes) -> SignRequest:
    return SignRequest(
        creator=parent.creator,
        key_ids=[key_id],
        key_type=parent.key_type,
        data_for_signing=[item],
        parent_req_id=parent.id,
        cache_id=parent.cache_id,
        mpc_btl=parent.mpc_btl,
        fee_payer=parent.fee_payer,
        keyring_addr=parent.keyring_addr,
    )
