"""Bounds on cost: that they see work, do not see the garbage of others, and stand in one place."""

from __future__ import annotations

import gc
import re
from pathlib import Path

import pytest

from tests.cost import measured, processor_seconds

HERE = Path(__file__).parent


def test_work__should_be_measured() -> None:
    with measured() as cost:
        sum(range(1_000_000))
    assert cost.seconds > 0
    refused = pytest.raises(AssertionError, match="of processor time, at most 0 s")
    with refused, processor_seconds(0):
        sum(range(1_000_000))


def test_garbage_of_others__should_not_be_collected_at_the_cost_of_a_block() -> None:
    collections = []
    gc.callbacks.append(lambda phase, info: collections.append(phase))
    try:
        with processor_seconds(60):
            assert [[] for _ in range(100_000)]
        assert collections == []
    finally:
        gc.callbacks.pop()
    assert gc.isenabled()


def test_processor_time__should_be_bounded_in_one_way() -> None:
    own = re.compile(r"\b(process_time|thread_time|perf_counter)\(")
    files = [path for path in HERE.rglob("*.py") if own.search(path.read_text())]
    assert [path.name for path in files] == ["cost.py"]
