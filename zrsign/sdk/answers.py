"""What comes back: typed answers, made from the receiver's record of a request."""

from __future__ import annotations

from dataclasses import dataclass

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.errors import AnswerTimeout, RequestRejected
from zrsign.sdk.waiting import Waiting

Status = wire.RequestStatus
FINAL = frozenset(
    {wire.REQUEST_STATUS_ANSWERED, wire.REQUEST_STATUS_CONFIRMED, wire.REQUEST_STATUS_REJECTED}
)


@dataclass(frozen=True)
class KeyAnswer:
    """A wallet of the owner."""

    request_id: int
    address: str
    # The place among the owner's wallets of this type: what sign requests name.
    index: int
    key_id: int


@dataclass(frozen=True)
class SignatureAnswer:
    """One signature: 65 bytes r||s||v with v 0 or 1 (EVM), DER (Bitcoin), or 64 bytes (Ed25519)."""

    request_id: int
    signature: bytes


@dataclass(frozen=True)
class TransactionAnswer:
    """A signed transaction. `tx_id` is the destination's own id, None when it was not broadcast."""

    request_id: int
    chain: str
    unsigned_transaction: bytes
    signatures: tuple[bytes, ...]
    tx_id: str | None


def is_final(request: wire.Request) -> bool:
    """Tell whether nothing will happen to the request any more."""
    return request.status in FINAL


def checked(request: wire.Request) -> wire.Request:
    """Return the request when it went well.

    Raises RequestRejected, or AnswerTimeout while it is still open.
    """
    if request.status == wire.REQUEST_STATUS_REJECTED:
        raise RequestRejected(request.id, request.reject_reason)
    if not is_final(request):
        raise unfinished(request, None)
    return request


def unfinished(request: wire.Request, waiting: Waiting | None, when: str = "") -> AnswerTimeout:
    """Say that a request is open, what it waits for, and what can be done about it."""
    said = f"is {status_name(request)}" if waiting is None else str(waiting)
    steps = [] if waiting is None else waiting.next_steps()
    hint = ", ".join(steps) or f"See its road: zrsign track {request.id}"
    return AnswerTimeout(f"Request {request.id} {said}{when}.", hint, waiting)


def status_name(request: wire.Request) -> str:
    """Name the status of a request in lower case, such as "signing"."""
    return wire.RequestStatus.Name(request.status).removeprefix("REQUEST_STATUS_").lower()


def key_answer(request: wire.Request) -> KeyAnswer:
    """Read the answer to a key request that went well."""
    index = request.event.key.wallet_index
    return KeyAnswer(request.id, request.wallet, index, request.key_id)


def signature_answer(request: wire.Request) -> SignatureAnswer:
    """Read the answer to a hash or data request that went well."""
    return SignatureAnswer(request.id, request.signatures[0])


def transaction_answer(request: wire.Request) -> TransactionAnswer:
    """Read the answer to a transaction request that went well."""
    sent = [
        each.tx_id
        for each in request.deliveries
        if each.kind == wire.DELIVERY_KIND_TRANSACTION and each.tx_id
    ]
    return TransactionAnswer(
        request_id=request.id,
        chain=request.destination,
        unsigned_transaction=request.unsigned_transaction,
        signatures=tuple(request.signatures),
        tx_id=sent[-1] if sent else None,
    )
