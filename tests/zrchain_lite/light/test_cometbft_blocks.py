"""Hashes, signatures and verification of blocks that four real CometBFT validators made."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from zrchain_lite.engine import blocks
from zrchain_lite.light import LightBlock, NotEnoughTrust, Trust, answers, hashes, verify
from zrchain_lite.store import merkle
from zrchain_lite.wire.tendermint.abci.types_pb2 import ExecTxResult
from zrchain_lite.wire.tendermint.types.params_pb2 import BlockParams

VECTORS = Path(__file__).parents[2] / "vectors" / "cometbft-4.json"
TRUST = Trust("vectors-1")
KVSTORE_PARAMS = BlockParams(max_bytes=21 * 1024 * 1024, max_gas=-1)


@pytest.fixture(scope="module")
def recorded() -> Any:
    return json.loads(VECTORS.read_text())


@pytest.fixture(scope="module")
def chain(recorded: Any) -> list[LightBlock]:
    return [
        answers.light_block({"signed_header": each}, recorded["validators"][each["validators"]])
        for each in recorded["signed_headers"]
    ]


def test_blocks__should_have_the_hashes_that_their_commits_name(chain: list[LightBlock]) -> None:
    assert [block.height for block in chain] == [*range(1, 19), 28]
    assert all(block.hash == block.commit.block_id.hash for block in chain)


def test_commit__should_hash_to_what_the_next_header_holds(chain: list[LightBlock]) -> None:
    assert all(
        hashes.commit_hash(before.commit) == after.header.last_commit_hash
        for before, after in pairwise(chain[:18])
    )


def test_each_block__should_follow_from_the_one_before(chain: list[LightBlock]) -> None:
    for before, after in pairwise(chain[1:]):
        verify(before, after, TRUST, chain[-1].time_ns + 1)


def test_block_with_votes_for_none_and_absent_ones__should_follow(chain: list[LightBlock]) -> None:
    flags = {vote.block_id_flag for block in chain for vote in block.commit.signatures}
    assert flags == {1, 2, 3}
    verify(chain[1], chain[14], TRUST, chain[-1].time_ns + 1)


def test_block_that_one_of_four_old_validators_signed__should_need_one_between(
    chain: list[LightBlock],
) -> None:
    with pytest.raises(NotEnoughTrust):
        verify(chain[1], chain[15], TRUST, chain[-1].time_ns + 1)
    verify(chain[14], chain[15], TRUST, chain[-1].time_ns + 1)


def test_contents__should_hash_to_what_the_headers_hold(
    recorded: Any, chain: list[LightBlock]
) -> None:
    txs = [base64.b64decode(tx) for tx in recorded["block"]["block"]["data"]["txs"]]
    header = chain[7].header
    assert merkle.root([sha256(tx).digest() for tx in txs]) == header.data_hash
    assert hashes.params_hash(KVSTORE_PARAMS) == header.consensus_hash
    results = [
        ExecTxResult(
            code=each["code"],
            data=base64.b64decode(each["data"] or ""),
            gas_wanted=int(each["gas_wanted"]),
            gas_used=int(each["gas_used"]),
        )
        for each in recorded["results"]["txs_results"]
    ]
    assert blocks.results_hash(results) == chain[8].header.last_results_hash
