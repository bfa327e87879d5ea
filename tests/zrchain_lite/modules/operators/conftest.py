"""Fixtures of the operators module's tests."""

from __future__ import annotations

import pytest

from tests.zrchain_lite.modules.operators.world import OperatorsWorld


@pytest.fixture
def world() -> OperatorsWorld:
    return OperatorsWorld()
