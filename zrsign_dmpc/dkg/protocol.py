"""Threshold key generation with commit and reveal, for any group: five broadcast rounds.

CGGMP24 key generation (Fig. 6) with Feldman's sharing in place of additive shares, as the LFDT and
Taurus implementations have it, and with the padded shares of CGGMP24's key refresh (Fig. 7) in
place of encrypted channels:

1. every party commits to its polynomial, its Schnorr nonce, its pad keys and its part of rid;
2. all open; rid is then fixed, and nobody could choose a key after seeing another's;
3. all broadcast the shares of the others, each hidden by a one-time pad that only the pair knows;
4. each adds up its shares, checks the sum, and proves that it knows it;
5. each confirms: whoever has all confirmations knows that everybody holds a verified share.

A bad share is complained about by opening the pad key: then all see who lied. The transport need be
neither secret nor reliable. The caller must use every execution id once only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from zrsign_dmpc.dkg import checks
from zrsign_dmpc.dkg.messages import (
    SEED_BYTES,
    Commitment,
    Confirmation,
    Opening,
    PaddedShares,
    ShareProof,
)
from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.group import schnorr
from zrsign_dmpc.group.curves import Group, Point, Rng, system_rng
from zrsign_dmpc.group.sharing import commit, evaluate, random_polynomial
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare, require_aux_epoch
from zrsign_dmpc.run.blame import Accusation, Blamed
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import (
    MAX_HOLDERS,
    Execution,
    IdentityKey,
    Parties,
    Protocol,
    RoundSpec,
)
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session

DKG: Final = Protocol(
    name="zrsign-dkg-v1",
    rounds=tuple(
        RoundSpec(broadcast=record)
        for record in (Commitment, Opening, PaddedShares, ShareProof, Confirmation)
    ),
    faults={
        "misshapen opening": checks.misshapen_opening,
        "wrong opening": checks.wrong_opening,
        "misshapen shares": checks.misshapen_shares,
        "wrong share": checks.wrong_share,
        "wrong share proof": checks.wrong_proof,
    },
)


def dkg_execution(
    group: Group, threshold: int, parties: Parties, execution_id: bytes, aux_epoch: int = 0
) -> Execution:
    """One key generation, of a key that may presign from `aux_epoch` on.

    Raises ParameterError unless 2 ≤ t ≤ n ≤ 32.
    """
    if not 2 <= threshold <= len(parties.indices) <= MAX_HOLDERS:
        raise ParameterError(f"no threshold {threshold} of {len(parties.indices)} parties exists")
    require_aux_epoch(aux_epoch)
    protocol = replace(DKG, context=aux_epoch)
    return Execution(protocol, execution_id, parties, threshold, group)


def start_dkg(
    execution: Execution, me: int, identity: IdentityKey, rng: Rng = system_rng
) -> Session[KeyShare]:
    """This party's side of a key generation."""
    return Session(execution, me, identity, CommitRound(execution, me, rng))


@dataclass(frozen=True)
class _Secrets:
    """What a party must not send in the clear; gone with the last round that holds it."""

    polynomial: tuple[int, ...] = field(repr=False)
    tau: int = field(repr=False)
    pad_secrets: Mapping[int, int] = field(repr=False)
    """yⱼ by peer j."""


class _DkgRound(Round[KeyShare]):
    """What all five rounds know."""

    def __init__(self, execution: Execution, me: int, secrets: _Secrets) -> None:
        self._execution = execution
        self._group = execution.group
        self._me = me
        self._secrets = secrets


class CommitRound(_DkgRound):
    """Round 1: choose, and commit to it."""

    number = 1

    def __init__(self, execution: Execution, me: int, rng: Rng = system_rng) -> None:
        group = execution.group
        others = execution.others(me)
        pad_secrets = {peer: group.random_scalar(rng) for peer in others}
        secrets = _Secrets(
            random_polynomial(group, execution.threshold, rng),
            group.random_scalar(rng),
            pad_secrets,
        )
        super().__init__(execution, me, secrets)
        self._opening = Opening(
            rid=rng(SEED_BYTES),
            coefficients=commit(group, secrets.polynomial),
            nonce=group.base_mul(secrets.tau),
            pad_keys=tuple(group.base_mul(pad_secrets[peer]) for peer in others),
            chain_code=rng(SEED_BYTES),
            blind=rng(SEED_BYTES),
        )

    def outgoing(self) -> Outgoing:
        digest = checks.commitment_to(self._execution, self._me, self._opening)
        return Outgoing(broadcast=Commitment(digest))

    def finalize(self, board: Board) -> Round[KeyShare]:
        return OpenRound(self._execution, self._me, self._secrets, self._opening)


class OpenRound(_DkgRound):
    """Round 2: open the commitment once everybody has committed."""

    number = 2

    def __init__(self, execution: Execution, me: int, secrets: _Secrets, opening: Opening) -> None:
        super().__init__(execution, me, secrets)
        self._opening = opening

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=self._opening)

    def finalize(self, board: Board) -> Round[KeyShare]:
        board.require_innocence("misshapen opening")
        board.require_innocence("wrong opening")
        shared = {
            peer: secret * checks.pad_key(board, peer, self._me)
            for peer, secret in self._secrets.pad_secrets.items()
        }
        return DealRound(self._execution, self._me, self._secrets, shared, board)


class DealRound(_DkgRound):
    """Round 3: send everybody's share, padded."""

    number = 3

    def __init__(
        self,
        execution: Execution,
        me: int,
        secrets: _Secrets,
        shared: Mapping[int, Point],
        board: Board,
    ) -> None:
        super().__init__(execution, me, secrets)
        self._shared = shared
        self._padded = tuple(
            (self._share_of(peer) + checks.pad(board, me, peer, shared[peer])) % self._group.order
            for peer in execution.others(me)
        )

    def _share_of(self, party: int) -> int:
        return evaluate(self._secrets.polynomial, party, self._group.order)

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=PaddedShares(self._padded))

    def finalize(self, board: Board) -> Round[KeyShare]:
        board.require_innocence("misshapen shares")
        received = {
            dealer: checks.unpad(board, dealer, self._me, shared)
            for dealer, shared in self._shared.items()
        }
        secret = (sum(received.values()) + self._share_of(self._me)) % self._group.order
        # A right sum is all that the key needs; only a wrong one has its parts looked through.
        if self._group.base_mul(secret) != checks.verification_share(board, self._me):
            raise Blamed(self._complaints(board))
        return ProveRound(self._execution, self._me, self._secrets, secret, board)

    def _complaints(self, board: Board) -> tuple[Accusation, ...]:
        found = []
        for dealer in self._shared:
            witness = (self._me, self._secrets.pad_secrets[dealer])
            if checks.wrong_share(board, dealer, witness):
                found.append(Accusation(dealer, "wrong share", witness))
        return tuple(found)


class ProveRound(_DkgRound):
    """Round 4: prove knowledge of the new share."""

    number = 4

    def __init__(
        self, execution: Execution, me: int, secrets: _Secrets, secret: int, board: Board
    ) -> None:
        super().__init__(execution, me, secrets)
        self._secret = secret
        e = checks.proof_challenge(board, me)
        self._response = schnorr.respond(self._group, e, secrets.tau, secret)

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=ShareProof(self._response))

    def finalize(self, board: Board) -> Round[KeyShare]:
        board.require_innocence("wrong share proof")
        info = key_info(board)
        return ConfirmRound(KeyShare(info, self._me, self._secret))


class ConfirmRound(Round[KeyShare]):
    """Round 5: tell the others, and wait until all have told."""

    number = 5

    def __init__(self, share: KeyShare) -> None:
        self._share = share

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=Confirmation())

    def finalize(self, board: Board) -> Result[KeyShare]:
        return Result(self._share)


def key_info(board: Board) -> KeyInfo:
    """The public side of the key that these messages make."""
    execution = board.execution
    public_key = checks.joint_coefficients(board)[0]
    shares = tuple((i, checks.verification_share(board, i)) for i in execution.parties.indices)
    if public_key.is_identity or any(share.is_identity for _, share in shares):
        # One honest contribution makes this as likely as guessing a key.
        raise DmpcError("the key or a share of it is zero: start a new execution")
    return KeyInfo(
        group=execution.group,
        threshold=execution.threshold,
        public_key=public_key,
        verification_shares=shares,
        chain_code=checks.joint_chain_code(board),
        epoch=0,
        execution_id=execution.sid,
        aux_epoch=_aux_epoch(execution),
    )


def _aux_epoch(execution: Execution) -> int:
    match execution.protocol.context:
        case int(aux_epoch):
            return aux_epoch
    raise ParameterError("the execution is no key generation")
