"""Fixtures that every room's tests may use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT.parent / "shared" / "vectors"

# Loaded machines are slow machines: an example may take its time, and there are few of them.
settings.register_profile("zrsign", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("zrsign")


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Any]:
    """Read a file of conformance vectors by name; skips where the folder is absent."""

    def read(name: str) -> Any:
        path = VECTORS / name
        if not path.is_file():
            pytest.skip(f"conformance vectors are not on this machine: {name}")
        return json.loads(path.read_text(encoding="utf-8"))

    return read
