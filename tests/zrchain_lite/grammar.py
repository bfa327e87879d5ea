"""The grammar of ABCI 2.0's calls, and a checker over a log of them.

    execution   = ( handshake / state-sync ) *height
    handshake   = info [init-chain]
    state-sync  = *( offer *apply ) offer 1*apply info
    height      = *round finalize-block commit
    round       = *vote [ prepare [process] / process ] *vote

A vote is extend-vote or verify-vote-extension. A process that is killed ends anywhere. Calls of the
other connections (check-tx, query, list-snapshots, load-snapshot-chunk) come at any time.

Source: CometBFT 0.38 spec/abci/abci++_comet_expected_behavior.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from zrchain_lite.wire.tendermint.abci import types_pb2 as abci

START = "start 0"
"""Is logged before the first call of a process."""
LETTERS = {
    "info": "i",
    "init_chain": "I",
    "offer_snapshot": "o",
    "apply_snapshot_chunk": "a",
    "prepare_proposal": "p",
    "process_proposal": "r",
    "extend_vote": "e",
    "verify_vote_extension": "v",
    "finalize_block": "f",
    "commit": "c",
}
_ROUND = "[ev]*(?:pr?|r)[ev]*"
_EXECUTION = re.compile(f"(?:iI?|(?:oa*)*oa+i)?(?:(?:{_ROUND})*fc)*(?:{_ROUND})*f?|(?:oa*)*")


def line(request: abci.Request, response: abci.Response) -> str:
    """What is logged of a call, nothing for those that the grammar is not about."""
    name = request.WhichOneof("value") or ""
    if name not in LETTERS:
        return ""
    height = getattr(getattr(request, name), "height", 0)
    if name == "info":
        height = response.info.last_block_height
    rejected = response.process_proposal.status == abci.ResponseProcessProposal.REJECT
    return f"{name} {height}{' rejected' if rejected else ''}"


def check(lines: Iterable[str]) -> int:
    """How many calls were checked; raises AssertionError where they are not in the grammar."""
    executions: list[list[tuple[str, int]]] = []
    for each in lines:
        name, height = each.split()[:2]
        if each == START:
            executions.append([])
        else:
            executions[-1].append((name, int(height)))
    for calls in executions:
        word = "".join(LETTERS[name] for name, _ in calls)
        assert _EXECUTION.fullmatch(word), f"these calls are not in the grammar: {word}"
        _in_order(calls)
    return sum(map(len, executions))


def _in_order(calls: list[tuple[str, int]]) -> None:
    """Each height is decided once and after the one before; proposals are for the next one."""
    height = 0
    for name, said in calls:
        if name == "info":
            height = said
        elif name in ("prepare_proposal", "process_proposal", "finalize_block"):
            assert said == height + 1, f"{name} of {said} after block {height}"
        if name == "finalize_block":
            height = said
