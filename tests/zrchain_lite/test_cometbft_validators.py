"""Four real validators of CometBFT: some stop, one lies."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cometbft import network
from tests.waiting import wait_until
from tests.zrchain_lite.chain import CHAIN_ID, FUNDS, genesis
from tests.zrchain_lite.on_cometbft import balance, send
from zrchain_lite.light import Trust, answers, verify

pytestmark = pytest.mark.e2e


def test_four_validators__should_go_on_without_one_and_after_two_were_away(tmp_path: Path) -> None:
    nodes = network(tmp_path, genesis(), 4)
    with ExitStack() as stack:
        for node in nodes[:2]:
            stack.enter_context(node.validator())
        with nodes[2].validator():
            with nodes[3].validator():
                nodes[3].reach(2)
                send(nodes[0])
            send(nodes[0])
            height = nodes[0].height()
        stood = nodes[0].height()
        with nodes[3].validator():
            nodes[3].reach(max(height, stood) + 2)
            send(nodes[3])
            top = nodes[3].height()
            assert balance(nodes[3]) == FUNDS + 3
            assert all(node.reach(top) for node in nodes[:2])
            commits = [node.ask(f"commit?height={top}")["signed_header"] for node in nodes[:2]]
            assert len({each["header"]["app_hash"] for each in commits}) == 1
        early, late = (
            answers.light_block(
                nodes[0].ask(f"commit?height={height}"),
                nodes[0].ask(f"validators?height={height}")["validators"],
            )
            for height in (2, top)
        )
        verify(early, late, Trust(CHAIN_ID), time.time_ns())


def test_validator_with_another_application_hash__should_say_so_and_stop(tmp_path: Path) -> None:
    nodes = network(tmp_path, genesis(), 4)
    with ExitStack() as stack:
        for node in nodes[:3]:
            stack.enter_context(node.validator())
        with nodes[3].application("lie", 3), nodes[3].consensus():
            nodes[0].reach(6)
            failure = "wrong Block.Header.AppHash"
            wait_until(lambda: failure in nodes[3].log() or None, failure, nodes[3].log)
            send(nodes[0])
            assert nodes[3].height() == 3
