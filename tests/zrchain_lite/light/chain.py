"""A chain of CometBFT's format whose blocks are made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256

from google.protobuf.timestamp_pb2 import Timestamp
from nacl.signing import SigningKey

from zrchain_lite.light import LightBlock, Trust, Validator, ValidatorSet, hashes, steps
from zrchain_lite.wire.tendermint.types.types_pb2 import (
    BLOCK_ID_FLAG_ABSENT,
    BLOCK_ID_FLAG_COMMIT,
    BlockID,
    Commit,
    CommitSig,
    Header,
    PartSetHeader,
)
from zrchain_lite.wire.tendermint.version.types_pb2 import Consensus

CHAIN_ID = "simulated-1"
START_NS = 1_700_000_000 * 10**9
BLOCK_NS = 5 * 10**9
TRUST = Trust(CHAIN_ID)


@cache
def key(number: int) -> SigningKey:
    """The key of the validator with this number."""
    return SigningKey(sha256(b"validator %d" % number).digest())


def moment(height: int) -> int:
    """The time of a block, Unix nanoseconds."""
    return START_NS + height * BLOCK_NS


def timestamp(time_ns: int) -> Timestamp:
    return Timestamp(seconds=time_ns // 10**9, nanos=time_ns % 10**9)


class Chain:
    """`members` says which validators (numbers) a height has, each with a power of 10."""

    def __init__(self, members: Callable[[int], Sequence[int]], *, mark: bytes = b"") -> None:
        self._members = members
        self._mark = mark
        self.asked: list[int] = []

    def validators(self, height: int) -> ValidatorSet:
        return ValidatorSet(
            Validator(bytes(key(each).verify_key), 10) for each in self._members(height)
        )

    def header(self, height: int) -> Header:
        digest = sha256(self._mark + b"%d" % height).digest()
        return Header(
            version=Consensus(block=11, app=1),
            chain_id=CHAIN_ID,
            height=height,
            time=timestamp(moment(height)),
            last_block_id=BlockID(hash=digest, part_set_header=PartSetHeader(total=1, hash=digest)),
            validators_hash=self.validators(height).hash,
            next_validators_hash=self.validators(height + 1).hash,
            app_hash=digest,
            proposer_address=bytes(20),
        )

    def block(self, height: int, *, absent: Sequence[int] = ()) -> LightBlock:
        """The block with the signatures of all its validators but the `absent` numbers."""
        header = self.header(height)
        commit = signed(header, self._members(height), absent=absent)
        return LightBlock.of(header, commit, self.validators(height))

    def follow(self, trusted: LightBlock, target: int, trust: Trust = TRUST) -> list[LightBlock]:
        """Bisect to `target`, as of two blocks later; `asked` lists the heights."""
        walk = steps(trusted, target, trust, moment(target + 2))
        answer = next(walk)
        while True:
            self.asked.append(answer)
            try:
                answer = walk.send(self.block(answer))
            except StopIteration as done:
                believed: list[LightBlock] = done.value
                return believed


def signed(
    header: Header,
    members: Sequence[int],
    *,
    absent: Sequence[int] = (),
    chain_id: str = CHAIN_ID,
    round_: int = 0,
) -> Commit:
    """A commit of a header by validators, signed for `chain_id`."""
    digest = hashes.header_hash(header)
    block_id = BlockID(hash=digest, part_set_header=PartSetHeader(total=1, hash=digest))
    signatures = []
    for number in members:
        if number in absent:
            signatures.append(CommitSig(block_id_flag=BLOCK_ID_FLAG_ABSENT))
            continue
        message = hashes.precommit(chain_id, header.height, round_, block_id, header.time)
        signatures.append(
            CommitSig(
                block_id_flag=BLOCK_ID_FLAG_COMMIT,
                validator_address=hashes.address(bytes(key(number).verify_key)),
                timestamp=header.time,
                signature=key(number).sign(message).signature,
            )
        )
    return Commit(height=header.height, round=round_, block_id=block_id, signatures=signatures)
