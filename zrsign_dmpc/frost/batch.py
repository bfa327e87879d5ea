"""FROST signing of many messages at once: one session, one message a signer, one durable write.

As `start_frost_shares`, with commitments that were published in advance: each message has its own
package; all are of one signer set, and of one key or of
children of one. A wrong share anywhere names its sender and ends the
batch; the nonces of all its packages are burned. `MAX_BATCH` bounds what one cheat can burn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.frost.nonces import NoncePool
from zrsign_dmpc.frost.protocol import WRONG_SHARE
from zrsign_dmpc.frost.signing import InvalidShares, SigningPackage
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import (
    ONLINE_MESSAGE_BYTES,
    Execution,
    Heard,
    IdentityKey,
    Parties,
    Protocol,
    RoundSpec,
)
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record

NAME: Final = "zrsign-frost-batch-v1"
MAX_BATCH: Final = 64


@dataclass(frozen=True)
class SignatureShares(Record):
    """The only round: zᵢ for every package."""

    z: tuple[int, ...]


def frost_batch_execution(
    packages: Sequence[SigningPackage], signers: Parties, execution_id: bytes
) -> Execution:
    """The signing of 1 to MAX_BATCH packages of one suite, threshold and signer set.

    Raises:
        ParameterError: too few or too many, other signers, several suites, or nonces that come
            twice.
    """
    if not 1 <= len(packages) <= MAX_BATCH:
        raise ParameterError(f"a batch has 1 to {MAX_BATCH} packages, not {len(packages)}")
    suite, key = packages[0].suite, packages[0].key
    for package in packages:
        if package.signers != signers.indices:
            raise ParameterError(f"a package is for {package.signers}, not {signers.indices}")
        if package.suite is not suite or package.key.threshold != key.threshold:
            raise ParameterError("the packages of a batch are of one suite and one threshold")
    commitments = [each for package in packages for each in package.commitments]
    if len(set(commitments)) != len(commitments):
        raise ParameterError("nonces sign one message, ever: some are in the batch twice")

    def wrong_share(board: Heard, suspect: int, _: Value) -> bool:
        shares = board.broadcast(1, suspect, SignatureShares).z
        return len(shares) != len(packages) or not all(
            package.is_valid_share(suspect, z) for package, z in zip(packages, shares, strict=True)
        )

    protocol = Protocol(
        name=NAME,
        rounds=(RoundSpec(broadcast=SignatureShares, max_bytes=ONLINE_MESSAGE_BYTES),),
        faults={WRONG_SHARE: wrong_share},
        context=(suite.name, tuple(_value(package) for package in packages)),
    )
    return Execution(protocol, execution_id, signers, key.threshold, key.group)


def start_frost_batch(
    execution: Execution,
    packages: Sequence[SigningPackage],
    pool: NoncePool,
    identity: IdentityKey,
    shares: Sequence[KeyShare] = (),
) -> Session[tuple[bytes, ...]]:
    """This signer's side; its nonces are struck off now, all of them or none.

    `shares` sign a package each, where they are not the pool's own: children of its key.

    Raises:
        ParameterError: a share is not of its package's key.
        UnknownNonce, AlreadyConsumed: a package names nonces that this signer cannot use.
    """
    me = pool.share.index
    mine = [package.commitments[package.signers.index(me)] for package in packages]
    pairs = pool.consume_all(mine, packages[0].signers)
    signing = shares or (pool.share,) * len(packages)
    z = tuple(p.sign(s, pair) for p, s, pair in zip(packages, signing, pairs, strict=True))
    return Session(execution, me, identity, BatchRound(packages, z))


class BatchRound(Round[tuple[bytes, ...]]):
    """The only round."""

    number = 1

    def __init__(self, packages: Sequence[SigningPackage], shares: tuple[int, ...]) -> None:
        self._packages = tuple(packages)
        self._shares = shares

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=SignatureShares(self._shares))

    def finalize(self, board: Board) -> Result[tuple[bytes, ...]]:
        shares = {i: each.z for i, each in board.broadcasts(1, SignatureShares).items()}
        try:
            return Result(self._aggregate(shares))
        except InvalidShares as invalid:
            board.require_innocence(WRONG_SHARE)
            raise DmpcError("this party's own signature share is invalid") from invalid

    def _aggregate(self, shares: Mapping[int, tuple[int, ...]]) -> tuple[bytes, ...]:
        """Raises InvalidShares."""
        if short := tuple(i for i, own in shares.items() if len(own) != len(self._packages)):
            raise InvalidShares(short)
        return tuple(
            package.aggregate({i: own[place] for i, own in shares.items()})
            for place, package in enumerate(self._packages)
        )


def _value(package: SigningPackage) -> Value:
    return (
        package.key.key_id,
        package.message,
        tuple(commitment.to_value() for commitment in package.commitments),
    )
