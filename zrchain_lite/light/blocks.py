"""A header with the commit that signs it and the validators who may: parsed once, then believed
to be well formed, never to be true.

Source: CometBFT 0.38 types/block.go and types/validator_set.go (ValidateBasic), spec/core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from zrchain_lite.light import hashes
from zrchain_lite.light.errors import BadBlock
from zrchain_lite.wire.tendermint.types.types_pb2 import (
    BLOCK_ID_FLAG_ABSENT,
    BLOCK_ID_FLAG_COMMIT,
    BLOCK_ID_FLAG_NIL,
    Commit,
    CommitSig,
    Header,
)
from zrchain_lite.wire.tendermint.types.types_pb2 import (
    LightBlock as WireLightBlock,
)
from zrchain_lite.wire.tendermint.types.validator_pb2 import ValidatorSet as WireValidatorSet

BLOCK_PROTOCOL = 11
MAX_VALIDATORS = 10_000
MAX_POWER = (2**63 - 1) // 8
"""The most power that all validators have together."""
MAX_CHAIN_ID = 50
_HASHES = (
    "last_commit_hash",
    "data_hash",
    "validators_hash",
    "next_validators_hash",
    "consensus_hash",
    "last_results_hash",
    "evidence_hash",
)


@dataclass(frozen=True)
class Validator:
    """An Ed25519 key (32 bytes) and its power, above 0."""

    key: bytes
    power: int

    @cached_property
    def address(self) -> bytes:
        """The first 20 bytes of the key's SHA-256."""
        return hashes.address(self.key)


class ValidatorSet:
    """The validators of a height, in the order in which commits list their signatures."""

    def __init__(self, validators: Iterable[Validator]) -> None:
        """Raises BadBlock for no or too many validators, and for one that stands in it twice."""
        self._validators = tuple(validators)
        if not 0 < len(self._validators) <= MAX_VALIDATORS:
            raise BadBlock(f"{len(self._validators)} validators; 1 to {MAX_VALIDATORS} are a set")
        if any(each.power <= 0 or len(each.key) != 32 for each in self._validators):
            raise BadBlock("a validator has no power, or a key that is not of 32 bytes")
        self.power = sum(each.power for each in self._validators)
        if self.power > MAX_POWER:
            raise BadBlock(f"the validators' power is {self.power}, above {MAX_POWER}")
        self._by_address = {each.address: each for each in self._validators}
        if len(self._by_address) != len(self._validators):
            raise BadBlock("a validator stands in its set twice")
        self.hash = hashes.validators_hash((each.key, each.power) for each in self._validators)

    def __len__(self) -> int:
        return len(self._validators)

    def __iter__(self) -> Iterator[Validator]:
        return iter(self._validators)

    def get(self, address: bytes) -> Validator | None:
        """The validator with this address (20 bytes), None when it is not in the set."""
        return self._by_address.get(address)


@dataclass(frozen=True)
class LightBlock:
    """One block without its contents, well formed: header, commit and validators belong together.

    Its signatures are not verified yet.
    """

    header: Header
    commit: Commit
    validators: ValidatorSet
    hash: bytes

    @property
    def height(self) -> int:
        """The block's height, 1 or more."""
        return self.header.height

    @property
    def time_ns(self) -> int:
        """The block's time, Unix nanoseconds."""
        return int(self.header.time.ToNanoseconds())

    @classmethod
    def of(cls, header: Header, commit: Commit, validators: ValidatorSet) -> LightBlock:
        """Put together what a node says; raises BadBlock where it does not hold together."""
        _check_header(header)
        block_hash = hashes.header_hash(header)
        if commit.height != header.height:
            raise BadBlock(f"the commit of height {commit.height} stands under {header.height}")
        if commit.block_id.hash != block_hash:
            raise BadBlock(f"the commit of height {commit.height} is for another header")
        parts = commit.block_id.part_set_header
        if commit.round < 0 or not parts.total or len(parts.hash) != 32:
            raise BadBlock("the commit's round or part set is out of range")
        if validators.hash != header.validators_hash:
            raise BadBlock(f"the validators are not those of header {header.height}")
        if len(commit.signatures) != len(validators):
            raise BadBlock(f"{len(commit.signatures)} signatures of {len(validators)} validators")
        for signature in commit.signatures:
            _check_signature(signature)
        return cls(header, commit, validators, block_hash)

    @classmethod
    def from_wire(cls, block: WireLightBlock) -> LightBlock:
        """Parse CometBFT's message; raises BadBlock."""
        signed = block.signed_header
        return cls.of(signed.header, signed.commit, validator_set(block.validator_set))


def validator_set(wire: WireValidatorSet) -> ValidatorSet:
    """Parse CometBFT's message; raises BadBlock, also for keys that are not Ed25519."""
    if len(wire.validators) > MAX_VALIDATORS:
        raise BadBlock(f"{len(wire.validators)} validators; {MAX_VALIDATORS} are the most")
    parsed = [Validator(each.pub_key.ed25519, each.voting_power) for each in wire.validators]
    for said, validator in zip(wire.validators, parsed, strict=True):
        if said.address and said.address != validator.address:
            raise BadBlock(f"{said.address.hex()} is not the address of its key")
    return ValidatorSet(parsed)


def _check_header(header: Header) -> None:
    if header.version.block != BLOCK_PROTOCOL:
        raise BadBlock(f"block protocol {header.version.block}; {BLOCK_PROTOCOL} is known")
    if not 0 < len(header.chain_id) <= MAX_CHAIN_ID or header.height <= 0:
        raise BadBlock("the header's chain id or height is out of range")
    for name in _HASHES:
        if len(getattr(header, name)) not in (0, 32):
            raise BadBlock(f"{name} of header {header.height} is no hash")
    if len(header.proposer_address) != hashes.ADDRESS_BYTES:
        raise BadBlock(f"header {header.height} names no proposer")
    try:
        header.time.ToNanoseconds()
        valid = 0 <= header.time.nanos < 10**9
    except ValueError:
        valid = False
    if not valid:
        raise BadBlock(f"the time of header {header.height} is out of range")


def _check_signature(signature: CommitSig) -> None:
    match signature.block_id_flag:
        case flag if flag == BLOCK_ID_FLAG_ABSENT:
            if signature.validator_address or signature.signature:
                raise BadBlock("an absent vote has an address or a signature")
        case flag if flag in (BLOCK_ID_FLAG_COMMIT, BLOCK_ID_FLAG_NIL):
            if len(signature.validator_address) != 20 or len(signature.signature) != 64:
                raise BadBlock("a vote's address or signature has a wrong length")
        case flag:
            raise BadBlock(f"a vote has the unknown flag {flag}")
