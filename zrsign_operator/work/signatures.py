"""Signatures that the ledger shows as approved: what is checked before, and what becomes of them.

As in `tasks`, everything that is to be believed comes from the ledger's view and from what this
operator holds.
"""

from __future__ import annotations

from zrsign_dmpc.ecdsa import (
    EcdsaSignature,
    Order,
    Presignature,
    sign_batch_execution,
    start_sign_batch,
)
from zrsign_dmpc.ecdsa.presign.presignature import PRESIGNATURE
from zrsign_dmpc.frost import SigningPackage, frost_batch_execution, start_frost_batch
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.kept.single_use import AlreadyConsumed
from zrsign_dmpc.run.session import Session
from zrsign_operator.errors import Refused
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.ledger.view import SignAsked
from zrsign_operator.peers.frames import Proposal
from zrsign_operator.work.desk import Desk, Task
from zrsign_operator.work.details import EcdsaDetails, FrostDetails


def ecdsa(desk: Desk, proposal: Proposal) -> Task:
    """ECDSA signatures that the ledger shows as approved. Raises Refused, with the reason."""
    presignatures = _presignatures(desk, proposal)
    orders = [
        _order(desk, request_id, made)
        for request_id, made in zip(proposal.subjects, presignatures, strict=True)
    ]
    if EcdsaDetails.decode(proposal.details).beacons != tuple(o.beacon for o in orders):
        raise Refused("the ledger shows other beacons here")
    execution = sign_batch_execution(
        orders,
        desk.settings.parties(proposal.members),
        len(proposal.members),
        proposal.execution_id,
    )

    def begin() -> Session[tuple[EcdsaSignature, ...]]:
        for made in presignatures:
            desk.holdings.take_presignature(made.public.id)
        ledger = desk.holdings.single_use
        return start_sign_batch(execution, orders, presignatures, desk.identity, ledger)

    def finish(signatures: tuple[EcdsaSignature, ...]) -> None:
        for made in presignatures:
            desk.holdings.drop_presignature(made.public.id)
        for request_id, signature in zip(proposal.subjects, signatures, strict=True):
            desk.on_signature(request_id, signature.encode())

    return Task(execution, begin, finish)


def _order(desk: Desk, request_id: int, made: Presignature) -> Order:
    """What a request asks of a presignature. Raises Refused: that would sign for another key.

    A key of its own is signed for with shift 0.
    """
    asked, held = desk.asked(request_id)
    wallet, shift, expected = asked.wallet, 0, held.public_key
    if wallet.root:
        shift, expected = held.shift_of(desk.settings.keyring, wallet), wallet.public_key
    order = Order(made.public, asked.approved.message, asked.approved.beacon, shift)
    if order.public_key.encode() != expected:
        raise Refused("a presignature is of another key than its name says")
    return order


def _presignatures(desk: Desk, proposal: Proposal) -> list[Presignature]:
    """Those that the details name, one a request, each of the request's key in its epoch."""
    names = EcdsaDetails.decode(proposal.details).presignatures
    if len(names) != len(proposal.subjects) or not names:
        raise Refused("a batch names one presignature a request")
    found = []
    for request_id, name in zip(proposal.subjects, names, strict=True):
        _, held = desk.asked(request_id)
        made = desk.holdings.presignatures.get(name)
        if made is None:
            if desk.holdings.single_use.is_consumed(PRESIGNATURE, name):
                # It does not come back: another one is to be proposed.
                raise AlreadyConsumed("I used that presignature")
            raise Refused("I do not have that presignature")
        if name in desk.holdings.from_before and not desk.remembers():
            raise Refused("too few peers told me yet whether my memory is whole")
        public = made.public
        if public.key_id != held.share.info.key_id or public.signers != proposal.members:
            raise Refused("a presignature is for another key, epoch or signer set")
        found.append(made)
    return found


def frost(desk: Desk, proposal: Proposal) -> Task:
    """FROST signatures that the ledger shows as approved. Raises Refused, with the reason."""
    asked = [desk.asked(request_id) for request_id in proposal.subjects]
    if len({held.ledger_key for _, held in asked}) != 1:
        raise Refused("a batch of FROST is of one key, or of the children of one")
    shares = [_signing(desk, each, held) for each, held in asked]
    held = asked[0][1]
    pool, suite, size = held.nonces, held.suite, len(proposal.members)
    commitments = FrostDetails.decode(proposal.details).commitments
    if pool is None or suite is None or len(commitments) != size * len(asked):
        raise Refused("a batch names the nonces of all signers for each request")
    packages = [
        SigningPackage(
            suite,
            share.info,
            each.approved.message,
            commitments[place * size : (place + 1) * size],
        )
        for place, ((each, _), share) in enumerate(zip(asked, shares, strict=True))
    ]
    execution = frost_batch_execution(
        packages, desk.settings.parties(proposal.members), proposal.execution_id
    )

    def begin() -> Session[tuple[bytes, ...]]:
        return start_frost_batch(execution, packages, pool, desk.identity, shares)

    def finish(signatures: tuple[bytes, ...]) -> None:
        for request_id, signature in zip(proposal.subjects, signatures, strict=True):
            desk.on_signature(request_id, signature)

    return Task(execution, begin, finish)


def _signing(desk: Desk, asked: SignAsked, held: HeldKey) -> KeyShare:
    """The share that signs for what is asked: of a key of its own, or of a child of a root."""
    if not asked.wallet.root:
        return held.signing
    return held.child(desk.settings.keyring, asked.wallet)
