"""Four real validators of CometBFT: some stop, one begins anew, one lies, one proposes rubbish."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cometbft import Node, network, twin
from tests.waiting import wait_until
from tests.zrchain_lite import grammar
from tests.zrchain_lite.chain import CHAIN_ID, FUNDS, genesis
from tests.zrchain_lite.on_cometbft import balance, payment, query, send
from zrchain_lite.light import Trust, answers, verify
from zrchain_lite.wire.cosmos.slashing.v1beta1 import query_pb2 as slashing
from zrchain_lite.wire.cosmos.staking.v1beta1 import query_pb2 as staking
from zrsign.local.testnet import SETTINGS

pytestmark = pytest.mark.e2e
STAKE_ROCK = 10
SIGNING_INFOS = "/cosmos.slashing.v1beta1.Query/SigningInfos"
INFOS = slashing.QuerySigningInfosResponse
VALIDATORS = "/cosmos.staking.v1beta1.Query/Validators"
FOUND = staking.QueryValidatorsResponse
SNAPSHOT_INTERVAL = 20


def test_four_validators__should_lose_nothing_while_some_are_away(tmp_path: Path) -> None:
    made = {"snapshot_interval": SNAPSHOT_INTERVAL}
    nodes = network(tmp_path, genesis(), 4, made, empty_block_interval_s=0.5)
    with ExitStack() as stack:
        for node in nodes[:2]:
            stack.enter_context(node.validator())
        with nodes[2].validator():
            with nodes[3].validator() as killed:
                nodes[3].reach(2)
                send(nodes[0])
                killed.kill()
                killed.wait()
            # One of four is away, and comes back with its blocks: it asks the others for the next.
            send(nodes[0])
            missed = nodes[0].reach(nodes[0].height() + 5)
            with nodes[3].validator():
                nodes[3].reach(missed)
                assert (balance(nodes[3]), first_block(nodes[3])) == (FUNDS + 2, 1)
            height = nodes[0].reach(SNAPSHOT_INTERVAL + 3)
            begin_anew(nodes[3], nodes[:2])
            with nodes[3].validator():
                nodes[3].reach(height + 2)
                assert first_block(nodes[3]) > SNAPSHOT_INTERVAL
                assert balance(nodes[3]) == FUNDS + 2
        # Two of four are away: no block is made until one is back, and what was sent is kept.
        stood = halted(nodes[:2])
        sent = payment(nodes[0])
        assert nodes[0].ask(f"broadcast_tx_sync?tx=0x{sent.hex()}")["code"] == 0
        assert int(nodes[0].ask("num_unconfirmed_txs")["total"]) == 1
        assert halted(nodes[:2]) == stood
        with nodes[3].validator():
            nodes[3].reach(stood + 2)
            wait_until(lambda: balance(nodes[3]) == FUNDS + 3, "what was sent", nodes[3].log)
            top = nodes[3].height()
            assert balance(nodes[3]) == FUNDS + 3
            assert all(node.reach(top) for node in nodes[:2])
        assert_one_chain(nodes[:2], top)
    assert all(grammar.check(node.calls()) > top for node in nodes[:2])
    assert any(call.startswith("apply_snapshot_chunk") for call in nodes[3].calls())
    assert grammar.check(nodes[3].calls())


def begin_anew(node: Node, others: list[Node]) -> None:
    """Take a validator's blocks and state away, and let it begin with a state of the others."""
    home = node.folder / "home"
    for lost in ("data.mdb", "lock.mdb"):
        (home / lost).unlink()
    shutil.rmtree(home / "cometbft" / "data")
    trusted = others[0].ask("commit?height=2")["signed_header"]["commit"]
    file = node.folder / SETTINGS
    settings = json.loads(file.read_text())
    settings["cometbft"]["state_sync"] = {
        "rpc_servers": [other.url for other in others],
        "height": 2,
        "hash": trusted["block_id"]["hash"],
    }
    file.write_text(json.dumps(settings))


def halted(nodes: list[Node]) -> int:
    """Wait until two of four validators have both voted, which is not enough; the last height."""

    def stuck() -> bool:
        votes = (node.ask("consensus_state")["round_state"]["height_vote_set"] for node in nodes)
        return all(any("= 0.50" in each["prevotes_bit_array"] for each in sets) for sets in votes)

    wait_until(stuck, "two of four have voted", nodes[0].log)
    (height,) = {node.height() for node in nodes}
    return height


def first_block(node: Node) -> int:
    """The first block that CometBFT has."""
    return int(node.ask("status")["sync_info"]["earliest_block_height"])


def assert_one_chain(nodes: list[Node], top: int) -> None:
    """The nodes have one application hash, and a light client follows to it from an early block."""
    commits = [node.ask(f"commit?height={top}")["signed_header"] for node in nodes]
    assert len({each["header"]["app_hash"] for each in commits}) == 1
    early, late = (
        answers.light_block(
            nodes[0].ask(f"commit?height={height}"),
            nodes[0].ask(f"validators?height={height}")["validators"],
        )
        for height in (2, top)
    )
    verify(early, late, Trust(CHAIN_ID), time.time_ns())


def test_two_faulty_validators__should_be_named_and_be_outvoted(tmp_path: Path) -> None:
    nodes = network(tmp_path, genesis(), 4)
    with ExitStack() as stack:
        others = [stack.enter_context(node.validator()) for node in nodes[:2]]
        others.append(stack.enter_context(nodes[2].validator("rubbish")))
        with nodes[3].validator("lie", 3) as liar:

            def stopped() -> bool:
                # The liar stops when three others have agreed on the next block.
                for node, process in zip(nodes[:3], others, strict=True):
                    assert process.poll() is None, node.log()
                return liar.poll() is not None

            wait_until(stopped, "the liar stops", nodes[3].log)
            assert liar.returncode == 2
            assert "CometBFT gave up: " in nodes[3].log()
            assert "wrong Block.Header.AppHash" in nodes[3].log().splitlines()[-1]
            assert balance(nodes[0]) == FUNDS
            nodes[0].reach(nodes[0].height() + 6)
            send(nodes[0])
            assert_one_chain(nodes[:3], nodes[0].height())
    refusals = [call for call in nodes[0].calls() if call.endswith("rejected")]
    proposed = {call.split()[1] for call in nodes[2].calls() if call.startswith("prepare")}
    assert refusals
    assert {call.split()[1] for call in refusals} <= proposed
    assert all(grammar.check(node.calls()) for node in nodes)


def test_key_that_signs_twice__should_be_slashed_and_never_sign_again(tmp_path: Path) -> None:
    """Two machines with one key, from CometBFT's own evidence to the tombstone."""
    nodes = network(tmp_path, genesis(), 4, stake_rock=STAKE_ROCK)
    copied = twin(nodes[3])
    with ExitStack() as stack:
        for node in (*nodes, copied):
            stack.enter_context(node.validator())

        def punished() -> bool:
            infos = query(nodes[0], SIGNING_INFOS, slashing.QuerySigningInfosRequest(), INFOS)
            return any(each.tombstoned for each in infos.info)

        nodes[0].reach(1)
        wait_until(punished, "the tombstone", lambda: [node.height() for node in nodes])
        found = query(nodes[0], VALIDATORS, staking.QueryValidatorsRequest(), FOUND).validators
        (jailed,) = (each for each in found if each.jailed)
        assert jailed.description.moniker == nodes[3].folder.name
        staked = STAKE_ROCK * 1_000_000
        assert sorted(int(each.tokens) for each in found) == [staked * 95 // 100] + [staked] * 3
        # Those who are left go on, without the key.
        height = nodes[0].reach(nodes[0].height() + 4)
        signing = nodes[0].ask(f"validators?height={height}")["validators"]
        assert len(signing) == 3
        send(nodes[0])
        assert_one_chain(nodes[:3], nodes[0].height())
