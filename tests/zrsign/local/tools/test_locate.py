"""The order of the resolver, and what it says when it finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zrsign.local.tools.catalogue import TOOLS, Version, parse_version, show
from zrsign.local.tools.errors import ToolMissing
from zrsign.local.tools.locate import Candidate, Origin, choose

SOLC = TOOLS["solc"]
GOOD: Version = (0, 8, 37)
OLD: Version = (0, 8, 19)


def seen(origin: Origin, version: Version | None = GOOD) -> Candidate:
    return Candidate(Path(f"/{origin.name.lower()}/solc"), origin, version)


def test_environment_variable__should_win_over_path_and_tools() -> None:
    found = choose(SOLC, [seen(origin) for origin in Origin])
    assert found.origin is Origin.ENVIRONMENT


def test_path__should_win_over_tools() -> None:
    found = choose(SOLC, [seen(Origin.PATH), seen(Origin.TOOLS)])
    assert (found.origin, found.version) == (Origin.PATH, "0.8.37")


@pytest.mark.parametrize("version", [OLD, None])
def test_unfit_program_on_path__should_be_passed_over(version: Version | None) -> None:
    found = choose(SOLC, [seen(Origin.PATH, version), seen(Origin.TOOLS)])
    assert found.origin is Origin.TOOLS


def test_program_named_by_environment_variable__should_be_used_whatever_its_version() -> None:
    assert choose(SOLC, [seen(Origin.ENVIRONMENT, OLD)]).version == "0.8.19"


def test_broken_environment_variable__should_be_an_error_not_a_fallback() -> None:
    with pytest.raises(ToolMissing, match=r"SOLC=/environment/solc does not run") as raised:
        choose(SOLC, [seen(Origin.ENVIRONMENT, None), seen(Origin.TOOLS)])
    assert raised.value.fix == "Point SOLC to a working solc, or unset it."


def test_missing_tool__should_name_the_fix_and_what_was_passed_over() -> None:
    with pytest.raises(ToolMissing) as raised:
        choose(SOLC, [seen(Origin.PATH, OLD)])
    assert raised.value.reason == (
        "not found (compiles the contracts; wanted: 0.8.37); passed over: /path/solc is 0.8.19"
    )
    assert raised.value.fix.startswith("Run: zrsign tools install.")


def test_missing_optional_tool__should_not_promise_an_installation() -> None:
    with pytest.raises(ToolMissing) as raised:
        choose(TOOLS["solana-test-validator"], [])
    assert "tools install" not in raised.value.fix
    assert "SOLANA_TEST_VALIDATOR" in raised.value.fix


@given(st.tuples(*[st.integers(0, 10**6)] * 3), st.sampled_from(["v{}", "anvil Version: {}-x"]))
def test_version__should_be_read_back_from_what_a_program_prints(
    version: tuple[int, int, int], answer: str
) -> None:
    assert parse_version(answer.format(show(version))) == version


@given(st.lists(st.sampled_from([None, OLD, GOOD]), max_size=3))
def test_choice__should_be_the_first_usable_candidate(versions: list[Version | None]) -> None:
    candidates = [seen(Origin.PATH, version) for version in versions]
    if GOOD in versions:
        assert choose(SOLC, candidates).path == Path("/path/solc")
    else:
        with pytest.raises(ToolMissing):
            choose(SOLC, candidates)
