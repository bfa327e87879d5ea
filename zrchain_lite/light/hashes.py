"""What CometBFT 0.38 hashes and signs: headers, commits, validator sets, parameters, votes.

Source: CometBFT 0.38 spec/core/data_structures.md and spec/core/encoding.md. Go's encoder writes
an embedded message that is not optional even when it is empty: in the first block's header, say,
the parts of `last_block_id`. They are hashed if they are set, and whoever makes or parses one sets
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value, StringValue

from zrchain_lite.store import merkle
from zrchain_lite.wire.tendermint.crypto.keys_pb2 import PublicKey
from zrchain_lite.wire.tendermint.types.canonical_pb2 import (
    CanonicalBlockID,
    CanonicalPartSetHeader,
    CanonicalVote,
)
from zrchain_lite.wire.tendermint.types.params_pb2 import BlockParams, HashedParams
from zrchain_lite.wire.tendermint.types.types_pb2 import (
    SIGNED_MSG_TYPE_PRECOMMIT,
    BlockID,
    Commit,
    Header,
)
from zrchain_lite.wire.tendermint.types.validator_pb2 import SimpleValidator

ADDRESS_BYTES = 20


def address(key: bytes) -> bytes:
    """The address of an Ed25519 validator key: the first 20 bytes of its SHA-256."""
    return sha256(key).digest()[:ADDRESS_BYTES]


def header_hash(header: Header) -> bytes:
    """The hash of a header: a Merkle root over its encoded fields."""
    fields = [
        header.version.SerializeToString(),
        _wrapped(header.chain_id),
        _wrapped(header.height),
        header.time.SerializeToString(),
        header.last_block_id.SerializeToString(),
        _wrapped(header.last_commit_hash),
        _wrapped(header.data_hash),
        _wrapped(header.validators_hash),
        _wrapped(header.next_validators_hash),
        _wrapped(header.consensus_hash),
        _wrapped(header.app_hash),
        _wrapped(header.last_results_hash),
        _wrapped(header.evidence_hash),
        _wrapped(header.proposer_address),
    ]
    return merkle.root(fields)


def commit_hash(commit: Commit) -> bytes:
    """A Merkle root over a commit's signatures; the next block's header holds it."""
    return merkle.root([signature.SerializeToString() for signature in commit.signatures])


def validators_hash(validators: Iterable[tuple[bytes, int]]) -> bytes:
    """A Merkle root over (Ed25519 key, power) of each validator, in the order of the set."""
    return merkle.root(
        [
            SimpleValidator(pub_key=PublicKey(ed25519=key), voting_power=power).SerializeToString()
            for key, power in validators
        ]
    )


def params_hash(params: BlockParams) -> bytes:
    """The hash of those consensus parameters that a header commits to."""
    hashed = HashedParams(block_max_bytes=params.max_bytes, block_max_gas=params.max_gas)
    return sha256(hashed.SerializeToString()).digest()


def precommit(chain_id: str, height: int, round_: int, block_id: BlockID, time: Timestamp) -> bytes:
    """What a validator signs to commit a block: the canonical vote after its length (varint)."""
    parts = block_id.part_set_header
    vote = CanonicalVote(
        type=SIGNED_MSG_TYPE_PRECOMMIT,
        height=height,
        round=round_,
        block_id=CanonicalBlockID(
            hash=block_id.hash,
            part_set_header=CanonicalPartSetHeader(total=parts.total, hash=parts.hash),
        ),
        timestamp=time,
        chain_id=chain_id,
    ).SerializeToString()
    return _length(len(vote)) + vote


def _length(size: int) -> bytes:
    out = bytearray()
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*out, size])


def _wrapped(value: str | int | bytes) -> bytes:
    match value:
        case str():
            return StringValue(value=value).SerializeToString()
        case int():
            return Int64Value(value=value).SerializeToString()
        case bytes():
            return BytesValue(value=value).SerializeToString()
