"""Blocks as CometBFT has them: the header, its hash, and the hashes inside it.

Source: CometBFT 0.38 spec/core/data_structures.md. A field is hashed in its protobuf wrapper; an
empty one as nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from google.protobuf.timestamp_pb2 import Timestamp

from zrchain_lite.light import hashes
from zrchain_lite.store import merkle
from zrchain_lite.wire.tendermint.abci.types_pb2 import ExecTxResult
from zrchain_lite.wire.tendermint.types.block_pb2 import Block, EvidenceList
from zrchain_lite.wire.tendermint.types.params_pb2 import BlockParams
from zrchain_lite.wire.tendermint.types.types_pb2 import (
    BlockID,
    Commit,
    Data,
    Header,
    PartSetHeader,
)
from zrchain_lite.wire.tendermint.version.types_pb2 import Consensus

BLOCK_PROTOCOL = 11
PART_BYTES = 64 * 1024
UNSIGNED = merkle.root([])
"""Stands for the validators of blocks that were made before blocks were signed."""


def timestamp(time_ms: int) -> Timestamp:
    """A time in Unix milliseconds as protobuf's Timestamp."""
    value = Timestamp()
    value.FromMilliseconds(time_ms)
    return value


def make_block(
    *,
    chain_id: str,
    height: int,
    time_ms: int,
    txs: Sequence[bytes],
    last_commit: Commit,
    params: BlockParams,
    validators_hash: bytes,
    proposer: bytes,
    app_hash: bytes,
    last_results_hash: bytes,
) -> Block:
    """A block after the one that `last_commit` is for.

    `app_hash` and `last_results_hash` are those after it, too; its validators stay.
    """
    header = Header(
        version=Consensus(block=BLOCK_PROTOCOL, app=1),
        chain_id=chain_id,
        height=height,
        time=timestamp(time_ms),
        last_block_id=last_commit.block_id,
        last_commit_hash=hashes.commit_hash(last_commit),
        data_hash=merkle.root([sha256(tx).digest() for tx in txs]),
        validators_hash=validators_hash,
        next_validators_hash=validators_hash,
        consensus_hash=hashes.params_hash(params),
        app_hash=app_hash,
        last_results_hash=last_results_hash,
        evidence_hash=merkle.root([]),
        proposer_address=proposer,
    )
    return Block(
        header=header, data=Data(txs=txs), evidence=EvidenceList(), last_commit=last_commit
    )


def block_id(block: Block) -> BlockID:
    """The hash of its header, and of the parts of 64 KiB into which CometBFT cuts a block."""
    raw = block.SerializeToString(deterministic=True)
    parts = [raw[at : at + PART_BYTES] for at in range(0, len(raw), PART_BYTES)]
    return BlockID(
        hash=hashes.header_hash(block.header),
        part_set_header=PartSetHeader(total=len(parts), hash=merkle.root(parts)),
    )


def results_hash(results: Sequence[ExecTxResult]) -> bytes:
    """Over what every node must agree on: code, data, gas."""
    deterministic = [
        ExecTxResult(
            code=result.code,
            data=result.data,
            gas_wanted=result.gas_wanted,
            gas_used=result.gas_used,
        ).SerializeToString()
        for result in results
    ]
    return merkle.root(deterministic)
