"""A real CometBFT node drives the application, which dies on both sides of a commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cometbft import network
from tests.waiting import wait_until
from tests.zrchain_lite.chain import FUNDS, genesis
from tests.zrchain_lite.on_cometbft import balance, send

pytestmark = pytest.mark.e2e


def test_one_validator__should_execute_and_survive_crashes_around_commit(tmp_path: Path) -> None:
    (node,) = network(tmp_path, genesis(), 1)
    with node.validator():
        node.reach(2)
        send(node)
        assert balance(node) == FUNDS + 1
        height = node.height()
    for point in ("finalized", "committed"):
        with node.application("crash", height + 3, point) as application, node.consensus():
            wait_until(lambda: application.poll() is not None or None, "the crash", node.height)
        with node.validator():
            height = node.reach(height + 5)
            assert balance(node) == FUNDS + 1
