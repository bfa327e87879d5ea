"""Which block is final, from what a node shows."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from zrsign_daemon.events.finality import DEFAULT_FINALITY, Finality, blocks_asked_for, newest_final

RULE: TypeAdapter[Finality] = TypeAdapter(Finality)


@pytest.mark.parametrize(
    ("rule", "shown", "final"),
    [
        (0, {"latest": 100}, 100),
        (12, {"latest": 100}, 88),
        (12, {"latest": 5}, -7),
        ("safe", {"latest": 100, "safe": 70}, 70),
        ("finalized", {"latest": 100, "finalized": 40}, 40),
    ],
)
def test_newest_final__should_follow_the_rule(
    rule: Finality, shown: dict[str, int], final: int
) -> None:
    assert set(blocks_asked_for(rule)) == set(shown)
    assert newest_final(rule, shown) == final


def test_default__should_be_the_nodes_own_word() -> None:
    assert DEFAULT_FINALITY == "finalized"


@pytest.mark.parametrize("rule", [-1, 100_001, "latest", "pending", "earliest", None, 1.5])
def test_rule_that_is_none__should_be_refused(rule: object) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(rule)
