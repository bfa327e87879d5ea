"""A real CometBFT drives the application; one of the two dies at each point around a commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cometbft import network
from tests.waiting import wait_until
from tests.zrchain_lite import grammar
from tests.zrchain_lite.chain import FUNDS, genesis
from tests.zrchain_lite.on_cometbft import balance, refusal, send
from zrchain_lite.engine.records import Records
from zrchain_lite.store.lmdb_store import LmdbStore
from zrsign.node import verify

pytestmark = pytest.mark.e2e
FAIL_POINTS = range(9)
"""CometBFT 0.38's own, in the order in which a block passes them: around saving the block, the end
of its height in the write-ahead log, FinalizeBlock, its results, Commit, and the new state."""


def test_one_validator__should_execute_and_survive_crashes_around_commit(tmp_path: Path) -> None:
    (node,) = network(tmp_path, genesis(), 1)
    with node.validator():
        node.reach(2)
        send(node)
        assert balance(node) == FUNDS + 1
        height = node.height()
    for point in ("finalized", "committed"):
        with node.validator("crash", height + 3, point) as crashing:
            wait_until(lambda: crashing.poll() is not None or None, "the crash", node.height)
        height += 3
    for index in FAIL_POINTS:
        with node.validator(env={"FAIL_TEST_INDEX": str(index)}) as crashing:
            wait_until(lambda: crashing.poll() is not None or None, "the crash", node.height)
        assert f"*** fail-test {index} ***" in node.log()
    with node.validator():
        top = node.reach(height + 5)
        sent = send(node)
        assert balance(node) == FUNDS + 2
        # Words of CometBFT's mempool, as the Cosmos SDK's codes.
        assert refusal(node, sent) == ("sdk", 19)
        assert refusal(node, bytes(1_100_000)) == ("sdk", 21)
    home = node.folder / "home"
    tip, faults = verify(home)
    assert (tip.height > top, faults) == (True, [])
    assert grammar.check(node.calls()) > top
    store = LmdbStore(home, readonly=True)
    assert Records(store.chain).first_height() == 1
    store.close()
