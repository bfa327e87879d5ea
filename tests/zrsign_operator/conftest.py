"""Clusters, and parts of an operator, for its tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_operator.asked import ALL, Asked
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.echo import Harness
from zrsign_dmpc.ecdsa.security import LEVELS

MakeCluster = Callable[..., Awaitable[Cluster]]


@pytest.fixture
async def make_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MakeCluster]:
    """Starts a cluster with the arguments of `Cluster`; it ends with the test."""
    monkeypatch.setitem(LEVELS, TINY.name, TINY)
    # No machine loses its power here.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    async with AsyncExitStack() as stack:

        async def make(*args: Any, name: str = "cluster", **options: Any) -> Cluster:
            cluster = Cluster(tmp_path / name, *args, **options)
            stack.push_async_callback(cluster.stop)
            await cluster.start(*(member.index for member in cluster.ledger.groups[-1].members))
            await cluster.deliver()
            return cluster

        yield make


@pytest.fixture
async def asked(make_cluster: MakeCluster) -> Asked:
    """Three operators who hold two keys for ECDSA and two for Ed25519, of two of three.

    Whether a proposal is due is asked in `test_rules`.
    """
    asked = await Asked.of(await make_cluster(2, ALL))
    asked.operator.work.rules.require_due = lambda *_: None  # type: ignore[method-assign]
    return asked


@pytest.fixture
def harness() -> Harness:
    return Harness()
