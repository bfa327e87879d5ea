"""Fixtures of the ledger's tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.zrchain_lite.chain import Chain, genesis, node_config
from zrchain_lite.node import RunningNode, serving
from zrsign.node import modules


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """A chain at height 1, without servers."""
    made = Chain(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    """A running node of the core modules, on free ports."""
    config = node_config(tmp_path, genesis())
    async with serving(config, modules, asyncio.Event()) as (running, _):
        yield running
