"""What Prometheus is told has one prefix, so that one query finds all of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum")


def names() -> Iterator[str]:
    """The metrics of all daemons, as their modules name them."""
    for room in ("zrsign*", "zrchain_lite", "relayer"):
        for path in ROOT.glob(f"{room}/**/*.py"):
            text = path.read_text()
            if "prometheus_client" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in KINDS:
                    yield str(ast.literal_eval(node.args[0]))


def test_metrics__should_have_one_prefix() -> None:
    found = sorted(names())
    assert len(found) > 25
    assert [name for name in found if not name.startswith("zrsign_")] == []
    assert len(set(found)) == len(found)
