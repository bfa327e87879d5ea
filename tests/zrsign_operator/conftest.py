"""Clusters for the tests of the operator."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_operator.cluster import Cluster
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
