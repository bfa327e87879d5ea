"""The checker of ABCI's grammar, against calls that are in it and calls that are not."""

from __future__ import annotations

import pytest

from tests.zrchain_lite.grammar import START, check

BLOCK = ["process_proposal 1", "finalize_block 1", "commit 0"]


@pytest.mark.parametrize(
    "calls",
    [
        ["info 0", "init_chain 0", "prepare_proposal 1", *BLOCK, "prepare_proposal 2"],
        ["info 0", "process_proposal 1 rejected", *BLOCK],
        ["info 4", "finalize_block 5", "commit 0", START, "info 5"],
        ["offer_snapshot 0", "offer_snapshot 0", "apply_snapshot_chunk 0", "info 9"],
    ],
)
def test_calls_in_the_grammar__should_be_counted(calls: list[str]) -> None:
    assert check([START, *calls]) == len(calls) - calls.count(START)


@pytest.mark.parametrize(
    "calls",
    [
        ["init_chain 0", "info 0"],
        ["info 0", *BLOCK, "commit 0"],
        ["info 0", "finalize_block 1", "finalize_block 2"],
        ["info 0", "finalize_block 1", "prepare_proposal 2"],
        ["info 0", "finalize_block 2", "commit 0"],
        ["info 3", "finalize_block 3", "commit 0"],
        ["info 0", *BLOCK, "process_proposal 3"],
        ["info 0", *BLOCK, "info 1"],
        ["apply_snapshot_chunk 0", "info 9"],
    ],
)
def test_calls_out_of_the_grammar__should_be_refused(calls: list[str]) -> None:
    with pytest.raises(AssertionError):
        check([START, *calls])
