"""What happens once a keyring has answered: an Omni answer stays on the ledger, a Direct one is
signed by the source's authority key first, and what must travel becomes a delivery.

    Omni     key, hash, data, tx without broadcast -> ANSWERED; tx with broadcast -> DELIVERING
    Direct   AUTHORISING -> DELIVERING: the answer to the source contract, and the transaction if
             it is to be broadcast
"""

from __future__ import annotations

from zrchain_lite.errors import LedgerError
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import module_address
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept
from zrsign_receiver.answers import authority
from zrsign_receiver.answers.deliveries import Deliveries
from zrsign_receiver.errors import Reason, Rejection
from zrsign_receiver.journey import Journey, savepoint
from zrsign_receiver.state import ReceiverState

MODULE_NAME = "receiver"
MODULE_ADDRESS = module_address(MODULE_NAME)
# A keyring that was away may miss one; the answer of a Direct request is not given up for that.
MAX_AUTHORITY_ATTEMPTS = 3


class ContractAnswers:
    """Takes a request from its first signature (or key) to its deliveries."""

    def __init__(
        self,
        state: ReceiverState,
        journey: Journey,
        treasury_keeper: TreasuryKeeper,
        deliveries: Deliveries,
    ) -> None:
        self._state = state
        self._journey = journey
        self._treasury = treasury_keeper
        self._deliveries = deliveries

    def key_ready(self, ctx: Context, request: pb.Request, wallet: pb.Wallet) -> None:
        """The wallet exists: give its address as the answer."""
        request.key_id = wallet.key_id
        request.wallet = wallet.address
        self._answered(ctx, request, "key_ready", f"{wallet.address} is key {wallet.key_id}")

    def signed(self, ctx: Context, request: pb.Request, signatures: list[bytes]) -> None:
        """`signatures` in the order of what was signed, in the ledger's form."""
        request.signatures[:] = signatures
        self._answered(ctx, request, "signed", f"{len(signatures)} by key {request.key_id}")

    def authority_ended(
        self, ctx: Context, request: pb.Request, sign_request: treasury.SignRequest
    ) -> None:
        """The authority's signature arrived, or asking for it failed; then it is asked again, a
        bounded number of times.
        """
        if sign_request.status == treasury.SIGN_REQUEST_STATUS_FULFILLED:
            request.answer.authority_signature = authority.authorisation(
                request.answer, sign_request.signed_data[0].signed_data
            )
            self._journey.note(ctx, request, "authorised", f"sign request {sign_request.id}")
            self._deliveries.open(ctx, request)
        elif request.authority_attempts < MAX_AUTHORITY_ATTEMPTS:
            self._journey.note(ctx, request, "authority_failed", sign_request.reject_reason)
            self._authorise(ctx, request)
        else:
            failed = Rejection(Reason.AUTHORITY_FAILED, sign_request.reject_reason)
            self._journey.reject(ctx, request, failed)

    def _answered(self, ctx: Context, request: pb.Request, step: str, detail: str) -> None:
        if request.mode == pb.MODE_DIRECT:
            request.answer.CopyFrom(authority.answer_of(request))
            self._journey.note(ctx, request, step, detail)
            self._authorise(ctx, request)
        else:
            self._journey.note(ctx, request, step, detail)
            self._deliveries.open(ctx, request)

    def _authorise(self, ctx: Context, request: pb.Request) -> None:
        source_id = request.event.id
        source = self._state.source(ctx.store, source_id.chain, source_id.contract)
        request.authority_attempts += 1
        request.answer.context = authority.context(request.event) if source.typed_answers else b""
        try:
            with savepoint(ctx) as attempt:
                asked = self._treasury.request_signature(
                    attempt,
                    creator=MODULE_ADDRESS,
                    key_ids=[source.authority_key_id],
                    items=[authority.digest(source_id, request.answer)],
                    fee_payer=self._state.params(ctx.store).fee_payer,
                    purpose=authority_purpose(source),
                )
        except LedgerError as error:
            failed = Rejection(Reason.AUTHORITY_FAILED, str(error))
            self._journey.reject(ctx, request, failed)
            return
        link = kept.SignatureLink(request_id=request.id, authority=True)
        self._state.links.set(ctx.store, asked.id, link)
        request.authority_sign_request_id = asked.id
        detail = f"sign request {asked.id} by key {source.authority_key_id}"
        self._journey.advance(ctx, request, pb.REQUEST_STATUS_AUTHORISING, "authorising", detail)


def authority_purpose(source: pb.Source) -> str:
    """What the treasury reserves an authority key for, for ever: an EIP-191 answer does not say
    which contract it is for, so a key that changed contracts would carry its old answers along.
    """
    return f"zrsign.receiver:{source.chain}:{source.contract}"
