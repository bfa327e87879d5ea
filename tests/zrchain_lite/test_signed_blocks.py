"""The embedded engine's chain of one validator: blocks that a light client of CometBFT believes."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cometbft import cometbft
from tests.cost import processor_seconds
from tests.processes import running
from tests.waiting import until
from tests.zrchain_lite.chain import ALICE, BOB, CHAIN_ID, VALIDATOR, Chain, transfer
from zrchain_lite.engine import blocks
from zrchain_lite.engine.validator_key import FILE, ValidatorKey, ValidatorKeyError
from zrchain_lite.light import LightBlock, Trust, answers, hashes, validator_set, verify
from zrchain_lite.light.verification import verify_commit
from zrchain_lite.node import RunningNode
from zrchain_lite.store import merkle
from zrchain_lite.store.lmdb_store import StoreForeign
from zrchain_lite.verify import faults
from zrchain_lite.wire.tendermint.types.types_pb2 import BlockID, Commit, Header
from zrsign.local.network.ports import free_port

TRUST = Trust(CHAIN_ID)


class NoKey(ValidatorKey):
    """What made blocks before blocks were signed."""

    def __init__(self) -> None:
        super().__init__(bytes(32))
        self.validators_hash = blocks.UNSIGNED

    def commit(self, header: Header, block_id: BlockID) -> Commit:
        return Commit()


def light(chain: Chain, height: int) -> LightBlock:
    record = chain.engine.block(height)
    assert record is not None
    members = chain.engine.records.validators(record.block.header.validators_hash)
    assert members is not None
    return LightBlock.of(record.block.header, record.commit, validator_set(members))


def test_blocks__should_be_signed_and_follow_from_each_other(chain: Chain) -> None:
    for ahead in range(3):
        chain.clock.ms += 1_000
        chain.block(chain.tx(ALICE, transfer(ALICE, BOB, ahead + 1)))
    made = [light(chain, height) for height in range(1, chain.app.tip.height + 1)]
    now = made[-1].time_ns + 1
    for before, after in pairwise(made):
        verify(before, after, TRUST, now)
        assert after.header.last_commit_hash == hashes.commit_hash(before.commit)
        assert after.header.last_block_id == before.commit.block_id
    verify(made[0], made[-1], TRUST, now)
    assert made[-1].header.app_hash != made[-2].header.app_hash


def test_header__should_hold_the_application_hash_after_the_block_before(chain: Chain) -> None:
    before = chain.app.tip.app_hash
    record = chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    assert record.block.header.app_hash == before
    assert record.results.app_hash == chain.app.tip.app_hash


def test_large_block__should_be_cut_into_parts_as_cometbft_does(chain: Chain) -> None:
    memo = "m" * 256
    txs = [chain.tx(ALICE, transfer(ALICE, BOB), ahead=each, memo=memo) for each in range(50)]
    while sum(map(len, txs)) <= blocks.PART_BYTES:
        txs += [chain.tx(BOB, transfer(BOB, ALICE), ahead=len(txs) - 50, memo=memo)]
        if len(txs) > 110:
            break
    record = chain.block(*txs)
    raw = record.block.SerializeToString(deterministic=True)
    parts = [raw[at : at + 65_536] for at in range(0, len(raw), 65_536)]
    header = record.id.part_set_header
    assert (header.total, header.hash) == (len(parts), merkle.root(parts))


def test_store_without_signatures__should_go_on_and_be_signed_from_there(tmp_path: Path) -> None:
    before = Chain(tmp_path, validator=NoKey())
    before.block(before.tx(ALICE, transfer(ALICE, BOB)))
    height = before.app.tip.height
    before.close()
    after = Chain(tmp_path)
    first = after.block(after.tx(ALICE, transfer(ALICE, BOB)))
    assert first.height == height + 1
    verify_commit(light(after, first.height))
    second = after.block(after.tx(ALICE, transfer(ALICE, BOB)))
    made = light(after, first.height), light(after, second.height)
    verify(*made, TRUST, made[1].time_ns + 1)
    assert list(faults(after.store)) == []
    after.close()


def test_chain_that_another_key_signed__should_not_start(tmp_path: Path) -> None:
    Chain(tmp_path).close()
    other = ValidatorKey(bytes([6]) * 32)
    with pytest.raises(StoreForeign, match=r"put priv_validator_key\.json back") as raised:
        Chain(tmp_path, validator=other)
    assert other.address.hex().upper() in str(raised.value)


def test_key__should_be_kept_for_its_owner_alone(tmp_path: Path) -> None:
    made = ValidatorKey.kept(tmp_path)
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ValidatorKey.kept(tmp_path).public == made.public
    text = json.loads(file.read_text())
    assert text["address"] == made.address.hex().upper()
    file.chmod(0o640)
    with pytest.raises(ValidatorKeyError, match="chmod 600"):
        ValidatorKey.kept(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"priv_key": {"value": "AAAA"}}', "\ufffd"])
def test_damaged_key__should_be_refused_and_stay(tmp_path: Path, text: str) -> None:
    file = tmp_path / FILE
    file.touch(0o600)
    file.write_text(text)
    with pytest.raises(ValidatorKeyError, match="restore it from a backup"):
        ValidatorKey.kept(tmp_path)
    assert file.read_text() == text


def test_signature__should_cost_little_beside_a_block(chain: Chain) -> None:
    record = chain.engine.make_block()
    with processor_seconds(0.5):
        for _ in range(100):
            VALIDATOR.commit(record.block.header, record.id)


async def test_rpc__should_answer_a_light_client(node: RunningNode) -> None:
    for _ in range(3):
        node.embedded.make_block()
    url = f"http://127.0.0.1:{node.rpc_port}"
    async with httpx.AsyncClient(base_url=url) as client:

        async def ask(path: str) -> Any:
            return (await client.get(path)).json()["result"]

        made = [
            answers.light_block(
                await ask(f"/commit?height={height}"),
                (await ask(f"/validators?height={height}"))["validators"],
            )
            for height in (1, 2, 4)
        ]
        now = made[-1].time_ns + 1
        verify(made[0], made[1], TRUST, now)
        verify(made[0], made[2], TRUST, now)
        chain = await ask("/blockchain?minHeight=2&maxHeight=3")
        assert [meta["header"]["height"] for meta in chain["block_metas"]] == ["3", "2"]
        assert (await ask("/commit?height=2"))["canonical"] is True
        block = (await ask("/block?height=3"))["block"]
        assert block["last_commit"]["signatures"][0]["block_id_flag"] == 2


async def test_cometbfts_own_light_client__should_believe_the_embedded_chain(
    node: RunningNode, tmp_path: Path
) -> None:
    for _ in range(12):
        node.embedded.make_block()
    root = node.engine.block(2)
    assert root is not None
    url = f"http://127.0.0.1:{node.rpc_port}"
    port = free_port()
    command = [cometbft().path, "light", CHAIN_ID, "--home-dir", tmp_path / "light"]
    command += ["--primary", url, "--witnesses", url, "--laddr", f"tcp://127.0.0.1:{port}"]
    command += ["--height", "2", "--hash", root.id.hash.hex(), "--log_level", "error"]
    with (
        running(command, stdout=subprocess.DEVNULL) as proxy,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):

        def answer(path: str) -> Any:
            assert proxy.poll() is None
            try:
                return client.get(path).json()
            except httpx.TransportError:
                return None

        async def verified() -> Any:
            return await asyncio.to_thread(answer, "/commit?height=9")

        reply = await until(verified, "the light client verifies block 9")
        believed = node.engine.block(9)
        assert believed is not None
        header = reply["result"]["signed_header"]["header"]
        assert header["app_hash"] == believed.block.header.app_hash.hex().upper()
