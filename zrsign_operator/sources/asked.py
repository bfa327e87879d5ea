"""What follows from an event: whose wallet signs, which bytes, and what its contract is told. Pure.

The rules are the receiver's own; the ledger's word is taken for nothing but the composed
transaction of a simple one, which is held against what was asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import ChainError, WalletType, networks_of
from zrsign_operator.errors import NotApproved
from zrsign_receiver.answers import authority
from zrsign_receiver.errors import Rejection
from zrsign_receiver.requests import payloads
from zrsign_receiver.requests.ownership import owner_id, wallet_address


@contextmanager
def _approved() -> Iterator[None]:
    try:
        yield
    except (Rejection, ChainError) as error:
        raise NotApproved(f"not_asked: {error}") from None


def wallet_type(event: receiver.SourceEvent) -> WalletType:
    """The type of the wallet that an event is about. Raises NotApproved."""
    ask = event.key if event.WhichOneof("ask") == "key" else event.sign
    with _approved():
        return payloads.wallet_type(ask.wallet_type_id)


def wallet(event: receiver.SourceEvent) -> str:
    """The wallet that an event is about: owner, coin type and index. Raises NotApproved."""
    ask = event.key if event.WhichOneof("ask") == "key" else event.sign
    with _approved():
        owner = owner_id(event)
    return f"wallet {owner}/{wallet_type(event).coin_type}/{ask.wallet_index}"


def contract(source: receiver.SourceId) -> str:
    """Whom a contract's authority key serves."""
    return f"contract {source.chain}:{source.contract}"


def items(
    request: receiver.Request, unsigned: bytes, public_key: bytes, fee_caps: Mapping[str, str]
) -> Sequence[bytes]:
    """What the request's event asks the wallet's key to sign, with `unsigned` for a transaction.

    `fee_caps` bound the network fee of what was composed, by namespace. Raises NotApproved.
    """
    event = request.event
    if event.WhichOneof("ask") != "sign":
        raise NotApproved("not_asked: the event asks for no signature")
    ask = event.sign
    with _approved():
        payloads.check_shape(ask)
        chain = payloads.destination(ask.dst_chain_id, wallet_type(event), [request.destination])
        if ask.kind == receiver.REQUEST_KIND_HASH:
            return [payloads.hash_item(ask.payload)]
        if ask.kind == receiver.REQUEST_KIND_DATA:
            return [payloads.data_item(chain, ask.payload)]
        if ask.kind == receiver.REQUEST_KIND_TX and unsigned != ask.payload:
            raise NotApproved("not_asked: the contract asked for another transaction")
        prepared = payloads.transaction(chain, unsigned, public_key)
        if ask.kind == receiver.REQUEST_KIND_SIMPLE_TX:
            intent = payloads.intent(chain, payloads.simple(chain, ask.payload), fee_caps)
            chain.verify_intent(prepared.parsed, intent, public_key)
        return prepared.items


def require_takes_place(request: receiver.Request, first: bytes, unsigned: bytes) -> None:
    """Raises NotApproved unless of two transactions of one event no more than one can land."""
    if first == unsigned:
        return
    with _approved():
        chain = payloads.destination(
            request.event.sign.dst_chain_id, wallet_type(request.event), [request.destination]
        )
        chain.verify_replacement(chain.parse(first), chain.parse(unsigned))


def answer_digest(request: receiver.Request, public_key: bytes) -> bytes:
    """What the contract's authority key signs as the answer to the event. Raises NotApproved.

    `public_key` is the wallet's. A context says that the contract takes typed answers.
    """
    event, told = request.event, receiver.Request()
    told.CopyFrom(request)
    kind = wallet_type(event)
    told.coin_type = kind.coin_type
    if event.WhichOneof("ask") == "key":
        told.kind = receiver.REQUEST_KIND_KEY
        if request.wallet not in _addresses(kind, public_key):
            raise NotApproved(f"not_asked: {request.wallet} is no address of the wallet's key")
    else:
        told.kind = event.sign.kind
    answer = authority.answer_of(told)
    if request.answer.context:
        answer.context = authority.context(event)
    return authority.digest(event.id, answer)


def _addresses(kind: WalletType, public_key: bytes) -> set[str]:
    with _approved():
        return {wallet_address(kind, public_key, [network]) for network in networks_of(kind)}
