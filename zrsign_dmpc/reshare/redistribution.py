"""Redistribution: the five broadcast rounds that move a key to its next epoch.

The rounds of key generation (`zrsign_dmpc.dkg`), with the same messages, pads and complaints:

1. every party commits to its polynomial if it deals, its Schnorr nonce, its pad keys and its rid;
2. all open; the constant term of a dealer's polynomial is known and therefore not sent;
3. dealers broadcast the holders' shares, each under a one-time pad that only the pair knows;
4. each holder adds up what it got, checks the sum against the dealers' old public shares, and
   proves that it knows it; who only deals proves that it knows what it dealt;
5. each confirms.

Whoever ends with a result must not use it, nor forget the old share, before the two-phase commit
in `zrsign_dmpc.kept.epochs` has decided. The caller must use every execution id once only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from zrsign_dmpc.dkg import checks as dkg_checks
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
from zrsign_dmpc.group.curves import Rng, system_rng
from zrsign_dmpc.group.sharing import commit, evaluate, random_polynomial
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.reshare.checks import NO_CHAIN_CODE, Checks
from zrsign_dmpc.reshare.plan import NewEpoch, Redistribution
from zrsign_dmpc.run.blame import Accusation, Blamed
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties, Protocol, RoundSpec
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session

MISSHAPEN_OPENING: Final = "misshapen opening"
WRONG_OPENING: Final = "wrong opening"
MISSHAPEN_SHARES: Final = "misshapen shares"
WRONG_SHARE: Final = "wrong share"
WRONG_PROOF: Final = "wrong share proof"


def redistribution_execution(
    name: str, plan: Redistribution, parties: Parties, execution_id: bytes
) -> Execution:
    """One redistribution under a protocol's name. Raises ParameterError for other parties."""
    if parties.indices != plan.parties:
        raise ParameterError(f"the parties are {plan.parties}, not {parties.indices}")
    checks = Checks(plan)
    protocol = Protocol(
        name=name,
        rounds=tuple(
            RoundSpec(broadcast=record)
            for record in (Commitment, Opening, PaddedShares, ShareProof, Confirmation)
        ),
        faults={
            MISSHAPEN_OPENING: checks.misshapen_opening,
            WRONG_OPENING: dkg_checks.wrong_opening,
            MISSHAPEN_SHARES: checks.misshapen_shares,
            WRONG_SHARE: checks.wrong_share,
            WRONG_PROOF: checks.wrong_proof,
        },
        context=plan.value(),
    )
    return Execution(protocol, execution_id, parties, plan.threshold, plan.group)


def start_redistribution(
    execution: Execution,
    plan: Redistribution,
    me: int,
    identity: IdentityKey,
    share: KeyShare | None,
    rng: Rng = system_rng,
) -> Session[NewEpoch]:
    """This party's side. A dealer brings its share of the old epoch; others bring None."""
    return Session(execution, me, identity, CommitRound(_Task(execution, plan, me), share, rng))


@dataclass(frozen=True)
class _Task:
    """What all rounds of one party know."""

    execution: Execution
    plan: Redistribution
    me: int

    def __post_init__(self) -> None:
        if self.execution.protocol.context != self.plan.value():
            raise ParameterError("the execution is for another plan")

    @property
    def checks(self) -> Checks:
        return Checks(self.plan)


@dataclass(frozen=True)
class _Secrets:
    """What a party must not send in the clear; gone with the last round that holds it."""

    polynomial: tuple[int, ...] = field(repr=False)
    """Constant first; empty for a party that does not deal."""
    kept: int = field(repr=False)
    """The old share if it is added to, else 0."""
    tau: int = field(repr=False)
    pad_secrets: Mapping[int, int] = field(repr=False)
    """yⱼ by peer j."""


def _choose(task: _Task, share: KeyShare | None, rng: Rng) -> _Secrets:
    plan, group = task.plan, task.plan.group
    polynomial: tuple[int, ...] = ()
    if task.me in plan.constants:
        if share is None or share.info != plan.key or share.index != task.me:
            raise ParameterError(f"party {task.me} deals: it brings its share of the old epoch")
        higher = random_polynomial(group, plan.threshold - 1, rng)
        polynomial = (plan.constant_of(share), *higher)
    elif share is not None:
        raise ParameterError(f"party {task.me} does not deal: it brings no share")
    return _Secrets(
        polynomial=polynomial,
        kept=share.secret if plan.keeps and share is not None else 0,
        tau=group.random_scalar(rng),
        pad_secrets={peer: group.random_scalar(rng) for peer in task.execution.others(task.me)},
    )


class CommitRound(Round[NewEpoch]):
    """Round 1: choose, and commit to it."""

    number = 1

    def __init__(self, task: _Task, share: KeyShare | None, rng: Rng = system_rng) -> None:
        self._task = task
        self._secrets = _choose(task, share, rng)
        group = task.plan.group
        self._opening = Opening(
            rid=rng(SEED_BYTES),
            coefficients=commit(group, self._secrets.polynomial[1:]),
            nonce=group.base_mul(self._secrets.tau),
            pad_keys=tuple(group.base_mul(y) for _, y in sorted(self._secrets.pad_secrets.items())),
            chain_code=NO_CHAIN_CODE,
            blind=rng(SEED_BYTES),
        )

    def outgoing(self) -> Outgoing:
        task = self._task
        return Outgoing(
            Commitment(dkg_checks.commitment_to(task.execution, task.me, self._opening))
        )

    def finalize(self, board: Board) -> Round[NewEpoch]:
        return OpenRound(self._task, self._secrets, self._opening)


class OpenRound(Round[NewEpoch]):
    """Round 2: open the commitment once everybody has committed."""

    number = 2

    def __init__(self, task: _Task, secrets: _Secrets, opening: Opening) -> None:
        self._task = task
        self._secrets = secrets
        self._opening = opening

    def outgoing(self) -> Outgoing:
        return Outgoing(self._opening)

    def finalize(self, board: Board) -> Round[NewEpoch]:
        board.require_innocence(MISSHAPEN_OPENING)
        board.require_innocence(WRONG_OPENING)
        return DealRound(self._task, self._secrets, board)


class DealRound(Round[NewEpoch]):
    """Round 3: send every holder's share, padded; nothing from a party that does not deal."""

    number = 3

    def __init__(self, task: _Task, secrets: _Secrets, board: Board) -> None:
        self._task = task
        self._secrets = secrets
        self._shared = {
            peer: secret * dkg_checks.pad_key(board, peer, task.me)
            for peer, secret in secrets.pad_secrets.items()
        }
        self._padded = tuple(
            (self._share_of(peer) + self._pad(board, peer)) % task.plan.group.order
            for peer in task.plan.recipients(task.me)
        )

    def _pad(self, board: Board, peer: int) -> int:
        return dkg_checks.pad(board, self._task.me, peer, self._shared[peer])

    def _share_of(self, party: int) -> int:
        return evaluate(self._secrets.polynomial, party, self._task.plan.group.order)

    def outgoing(self) -> Outgoing:
        return Outgoing(PaddedShares(self._padded))

    def finalize(self, board: Board) -> Round[NewEpoch]:
        board.require_innocence(MISSHAPEN_SHARES)
        return ProveRound(self._task, self._secrets.tau, self._proven_secret(board), board)

    def _proven_secret(self, board: Board) -> int:
        """The new share of a holder; what a party dealt that gets none."""
        task, group = self._task, self._task.plan.group
        if task.me not in task.plan.holders:
            return self._secrets.polynomial[0]
        dealers = [peer for peer in self._shared if peer in task.plan.constants]
        total = self._secrets.kept + self._share_of(task.me)
        for dealer in dealers:
            total += task.checks.unpad(board, dealer, task.me, self._shared[dealer])
        # As in key generation: a right sum needs no look at its parts.
        if group.base_mul(total) != task.checks.verification_share(board, task.me):
            raise Blamed(self._complaints(board, dealers))
        return total % group.order

    def _complaints(self, board: Board, dealers: Iterable[int]) -> tuple[Accusation, ...]:
        complaints = []
        for dealer in dealers:
            witness = (self._task.me, self._secrets.pad_secrets[dealer])
            if self._task.checks.wrong_share(board, dealer, witness):
                complaints.append(Accusation(dealer, WRONG_SHARE, witness))
        return tuple(complaints)


class ProveRound(Round[NewEpoch]):
    """Round 4: prove knowledge of the new share."""

    number = 4

    def __init__(self, task: _Task, tau: int, secret: int, board: Board) -> None:
        self._task = task
        self._secret = secret
        e = task.checks.proof_challenge(board, task.me)
        self._response = schnorr.respond(task.plan.group, e, tau, secret)

    def outgoing(self) -> Outgoing:
        return Outgoing(ShareProof(self._response))

    def finalize(self, board: Board) -> Round[NewEpoch]:
        board.require_innocence(WRONG_PROOF)
        info = next_info(self._task.plan, board)
        me = self._task.me
        share = KeyShare(info, me, self._secret) if me in info.shares else None
        return ConfirmRound(NewEpoch(info, share))


class ConfirmRound(Round[NewEpoch]):
    """Round 5: tell the others, and wait until all have told."""

    number = 5

    def __init__(self, outcome: NewEpoch) -> None:
        self._outcome = outcome

    def outgoing(self) -> Outgoing:
        return Outgoing(Confirmation())

    def finalize(self, board: Board) -> Result[NewEpoch]:
        return Result(self._outcome)


def next_info(plan: Redistribution, board: Board) -> KeyInfo:
    """The public side of the key in the epoch that these messages make."""
    checks = Checks(plan)
    shares = tuple((j, checks.verification_share(board, j)) for j in plan.holders)
    if any(share.is_identity for _, share in shares):
        # One honest contribution makes this as likely as guessing a key.
        raise DmpcError("a new share is zero: start a new execution")
    return replace(
        plan.key,
        threshold=plan.threshold,
        verification_shares=shares,
        epoch=plan.key.epoch + 1,
        aux_epoch=plan.aux_epoch,
        execution_id=board.execution.sid,
    )
