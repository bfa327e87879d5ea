"""FROST between equals: every signer ends with the signature.

`start_frost` takes two broadcast rounds: a nonce commitment from a pool, then the signature share.
`start_frost_shares` takes the second only, for commitments that were published in advance. A bad
share is found when the aggregate fails, and proven by the share's own check against the commitments
that its sender had seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.frost.nonces import NoncePool
from zrsign_dmpc.frost.signing import InvalidShares, NonceCommitment, SigningPackage
from zrsign_dmpc.frost.suites import Suite
from zrsign_dmpc.kept.keys import KeyInfo
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Execution, Heard, IdentityKey, Parties, Protocol, RoundSpec
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record

NAME: Final = "zrsign-frost-v1"
SHARES_NAME: Final = "zrsign-frost-shares-v1"
FOREIGN_COMMITMENT: Final = "nonce commitment under another index"
WRONG_SHARE: Final = "wrong signature share"


@dataclass(frozen=True)
class SignatureShare(Record):
    """Round 2: zᵢ."""

    z: int


@dataclass(frozen=True)
class _Task:
    """What is signed, and how the checks rebuild the package from the messages."""

    suite: Suite
    key: KeyInfo
    message: bytes

    def package(self, board: Heard) -> SigningPackage:
        commitments = tuple(board.broadcasts(1, NonceCommitment).values())
        return board.derive(
            "package", lambda: SigningPackage(self.suite, self.key, self.message, commitments)
        )

    def foreign_commitment(self, board: Heard, suspect: int, _: Value) -> bool:
        return board.broadcast(1, suspect, NonceCommitment).index != suspect

    def wrong_share(self, board: Heard, suspect: int, _: Value) -> bool:
        share = board.broadcast(2, suspect, SignatureShare)
        return not self.package(board).is_valid_share(suspect, share.z)

    def protocol(self) -> Protocol:
        return Protocol(
            name=NAME,
            rounds=(RoundSpec(broadcast=NonceCommitment), RoundSpec(broadcast=SignatureShare)),
            faults={FOREIGN_COMMITMENT: self.foreign_commitment, WRONG_SHARE: self.wrong_share},
            context=(self.suite.name, self.key.key_id, self.message),
        )


def frost_execution(
    suite: Suite, key: KeyInfo, message: bytes, signers: Parties, execution_id: bytes
) -> Execution:
    """The signing of one message by these signers. Raises ParameterError for too few or unknown."""
    key.check_signers(signers.indices)
    protocol = _Task(suite, key, message).protocol()
    return Execution(protocol, execution_id, signers, key.threshold, key.group)


def start_frost(
    execution: Execution, pool: NoncePool, message: bytes, identity: IdentityKey
) -> Session[bytes]:
    """This signer's side. `execution` was made for the pool's suite and key, and this message."""
    task = _Task(pool.suite, pool.share.info, message)
    me = pool.share.index
    return Session(execution, me, identity, CommitmentRound(task, pool))


def frost_shares_execution(
    package: SigningPackage, signers: Parties, execution_id: bytes
) -> Execution:
    """The signing of a package in one round. Raises ParameterError for other signers."""
    if signers.indices != package.signers:
        raise ParameterError(f"the package is for {package.signers}, not {signers.indices}")

    def wrong_share(board: Heard, suspect: int, _: Value) -> bool:
        share = board.broadcast(1, suspect, SignatureShare)
        return not package.is_valid_share(suspect, share.z)

    key = package.key
    protocol = Protocol(
        name=SHARES_NAME,
        rounds=(RoundSpec(broadcast=SignatureShare),),
        faults={WRONG_SHARE: wrong_share},
        context=(
            package.suite.name,
            key.key_id,
            package.message,
            tuple(commitment.to_value() for commitment in package.commitments),
        ),
    )
    return Execution(protocol, execution_id, signers, key.threshold, key.group)


def start_frost_shares(
    execution: Execution, package: SigningPackage, pool: NoncePool, identity: IdentityKey
) -> Session[bytes]:
    """This signer's side; its nonces are struck off now.

    Raises:
        UnknownNonce, AlreadyConsumed: the package names nonces that this signer cannot use.
    """
    me = pool.share.index
    mine = package.commitments[package.signers.index(me)]
    nonces = pool.consume(mine, package.signers)
    share = package.sign(pool.share, nonces)
    return Session(execution, me, identity, ShareRound(package, share, number=1))


class CommitmentRound(Round[bytes]):
    """Round 1: publish a nonce commitment and wait for the other signers' (RFC 9591 §5.1)."""

    number = 1

    def __init__(self, task: _Task, pool: NoncePool) -> None:
        self._task = task
        self._pool = pool
        self._commitment = pool.publish()

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=self._commitment)

    def finalize(self, board: Board) -> Round[bytes]:
        board.require_innocence(FOREIGN_COMMITMENT)
        package = self._task.package(board)
        nonces = self._pool.consume(self._commitment, package.signers)
        return ShareRound(package, package.sign(self._pool.share, nonces))


class ShareRound(Round[bytes]):
    """The last round: the second, or the only one."""

    def __init__(self, package: SigningPackage, z: int, number: int = 2) -> None:
        self._package = package
        self._z = z
        self._number = number

    @property
    def number(self) -> int:
        return self._number

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=SignatureShare(self._z))

    def finalize(self, board: Board) -> Result[bytes]:
        shares = {i: s.z for i, s in board.broadcasts(self._number, SignatureShare).items()}
        try:
            return Result(self._package.aggregate(shares))
        except InvalidShares as invalid:
            board.require_innocence(WRONG_SHARE, [i for i in invalid.culprits if i != board.me])
            raise DmpcError("this party's own signature share is invalid") from invalid
