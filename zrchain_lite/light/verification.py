"""Whether a block follows from one that is trusted: from the next height, or by skipping.

Source: CometBFT 0.38 spec/light-client/verification and light/verifier.go. A signature that does
not verify counts for nothing and refuses nothing: CometBFT accepts encodings of Ed25519 (ZIP 215)
that libsodium does not, and one validator alone must not be able to stop who verifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from zrchain_lite.light import hashes
from zrchain_lite.light.blocks import LightBlock, Validator, ValidatorSet
from zrchain_lite.light.errors import (
    BadBlock,
    FromTheFuture,
    NotCommitted,
    NotEnoughTrust,
    TrustExpired,
)
from zrchain_lite.wire.tendermint.types.types_pb2 import BLOCK_ID_FLAG_COMMIT

SECOND_NS = 10**9
DAY_NS = 24 * 3600 * SECOND_NS
ONE_THIRD = Fraction(1, 3)
TWO_THIRDS = Fraction(2, 3)


@dataclass(frozen=True)
class Trust:
    """What a client of one chain relies on.

    `period_ns` is how long those who signed a block answer for it; it has to be shorter than the
    time after which their stake is free. `level` is the share of a trusted set's power that has
    to sign a block further on, from 1/3 to 1.
    """

    chain_id: str
    period_ns: int = 14 * DAY_NS
    level: Fraction = ONE_THIRD
    max_clock_drift_ns: int = 10 * SECOND_NS

    def __post_init__(self) -> None:
        if not ONE_THIRD <= self.level <= 1 or self.period_ns <= 0 or self.max_clock_drift_ns < 0:
            raise ValueError("a trust level is from 1/3 to 1, and a trust period above 0")


def verify(trusted: LightBlock, block: LightBlock, trust: Trust, now_ns: int) -> None:
    """Believe `block` because `trusted` is believed, or raise LightError.

    NotEnoughTrust alone says that a block between the two may lead there.
    """
    _check_order(trusted, block, trust, now_ns)
    votes = _Votes(block)
    if block.height == trusted.height + 1:
        if block.header.validators_hash != trusted.header.next_validators_hash:
            raise BadBlock(f"the validators of {block.height} are not those that were announced")
    else:
        votes.require_overlap(trusted, trust.level)
    votes.require_commit()


def verify_commit(block: LightBlock) -> None:
    """Whether its own validators signed a block: what a trusted root has to show, too."""
    _Votes(block).require_commit()


def signers(block: LightBlock, validators: ValidatorSet) -> tuple[Validator, ...]:
    """Those of `validators` whose signature of a block verifies, in the order of its commit."""
    votes = _Votes(block)
    found = []
    for index, signature in enumerate(block.commit.signatures):
        validator = validators.get(signature.validator_address)
        if validator is None or validator in found:
            continue
        if signature.block_id_flag == BLOCK_ID_FLAG_COMMIT and votes.signed(index, validator):
            found.append(validator)
    return tuple(found)


def _check_order(trusted: LightBlock, block: LightBlock, trust: Trust, now_ns: int) -> None:
    if trusted.time_ns + trust.period_ns <= now_ns:
        raise TrustExpired(f"the trusted block {trusted.height} is older than the trust period")
    if block.header.chain_id != trust.chain_id or trusted.header.chain_id != trust.chain_id:
        raise BadBlock(f"block {block.height} is not of chain {trust.chain_id!r}")
    if block.height <= trusted.height:
        raise BadBlock(f"block {block.height} does not come after the trusted {trusted.height}")
    if block.time_ns <= trusted.time_ns:
        raise BadBlock(f"block {block.height} is not later than the trusted {trusted.height}")
    if block.time_ns >= now_ns + trust.max_clock_drift_ns:
        raise FromTheFuture(f"block {block.height} is ahead of this machine's clock")


class _Votes:
    """A commit's signatures, each verified once at most for each key."""

    def __init__(self, block: LightBlock) -> None:
        self._block = block
        self._verified: dict[tuple[int, bytes], bool] = {}

    def require_commit(self) -> None:
        """Raises NotCommitted unless more than 2/3 of the block's own validators signed it."""
        power, total = 0, self._block.validators.power
        signatures = self._block.commit.signatures
        for index, (validator, signature) in enumerate(
            zip(self._block.validators, signatures, strict=True)
        ):
            if signature.block_id_flag != BLOCK_ID_FLAG_COMMIT:
                continue
            if signature.validator_address != validator.address:
                raise BadBlock(f"signature {index} stands in another validator's place")
            if self.signed(index, validator):
                power += validator.power
            if power > total * TWO_THIRDS:
                return
        raise NotCommitted(f"{power} of a power of {total} signed block {self._block.height}")

    def require_overlap(self, trusted: LightBlock, level: Fraction) -> None:
        """Raises NotEnoughTrust unless more than `level` of the trusted power signed the block."""
        power, total = 0, trusted.validators.power
        seen: set[bytes] = set()
        for index, signature in enumerate(self._block.commit.signatures):
            if signature.block_id_flag != BLOCK_ID_FLAG_COMMIT:
                continue
            validator = trusted.validators.get(signature.validator_address)
            if validator is None:
                continue
            if validator.address in seen:
                raise BadBlock(f"{validator.address.hex()} signed block {self._block.height} twice")
            seen.add(validator.address)
            if self.signed(index, validator):
                power += validator.power
            if power > total * level:
                return
        raise NotEnoughTrust(
            f"{power} of the power of {total} at {trusted.height} signed {self._block.height}"
        )

    def signed(self, index: int, validator: Validator) -> bool:
        """Whether the signature at this place is the validator's."""
        place = (index, validator.key)
        if place not in self._verified:
            self._verified[place] = self._verifies(index, validator)
        return self._verified[place]

    def _verifies(self, index: int, validator: Validator) -> bool:
        header, commit = self._block.header, self._block.commit
        vote = commit.signatures[index]
        message = hashes.precommit(
            header.chain_id, commit.height, commit.round, commit.block_id, vote.timestamp
        )
        try:
            VerifyKey(validator.key).verify(message, vote.signature)
        except BadSignatureError:
            return False
        return True
