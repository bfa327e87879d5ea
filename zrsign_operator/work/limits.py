"""How many executions of each kind run at once, how long, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zrsign_dmpc.run.execution import ROUND_MESSAGE_BYTES, Execution
from zrsign_operator.peers.frames import WorkKind

TIMEOUTS_S: Final[Mapping[WorkKind, float]] = {
    WorkKind.AUX: 180.0,
    WorkKind.KEYGEN: 20.0,
    WorkKind.PRESIGN: 60.0,
    WorkKind.ECDSA: 15.0,
    WorkKind.FROST: 15.0,
    WorkKind.RESHARE: 30.0,
}
AUX_PATIENCE_S: Final = 45.0
"""How long auxiliary information waits for one party at least."""
SLOWER: Final = 4
"""How many times as long as anything took in it until then it waits for one."""
HEAVY: Final = frozenset({WorkKind.AUX, WorkKind.KEYGEN, WorkKind.PRESIGN, WorkKind.RESHARE})
"""Too long for the event loop: their steps run in threads."""
COSTLY: Final = frozenset({WorkKind.AUX, WorkKind.PRESIGN, WorkKind.RESHARE})
"""They wait for a peer that is silent for a while: to begin again takes longer."""
MOST: Final[Mapping[WorkKind, int]] = {
    WorkKind.AUX: 1,
    WorkKind.KEYGEN: 16,
    WorkKind.PRESIGN: 16,
    WorkKind.ECDSA: 256,
    WorkKind.FROST: 256,
    WorkKind.RESHARE: 16,
}
"""How many executions of each kind one operator runs at once."""
SUBJECTS: Final[Mapping[WorkKind, int]] = {
    WorkKind.AUX: 0,
    WorkKind.KEYGEN: 1,
    WorkKind.PRESIGN: 1,
    WorkKind.RESHARE: 1,
}
"""How many requests or keys an execution is about; signatures come in batches."""


def patience_s(kind: WorkKind, slowest_s: float) -> float:
    """Seconds that an execution waits for its parties, when its slowest part took so long.

    All have the same to do in auxiliary information, so who takes much longer than the others did
    holds it back. With too little time for the busiest machine nothing would ever be made.
    """
    if kind is not WorkKind.AUX:
        return TIMEOUTS_S[kind]
    return min(max(AUX_PATIENCE_S, SLOWER * slowest_s), TIMEOUTS_S[kind])


def allowance(execution: Execution) -> int:
    """Bytes that one party may say in an execution.

    Its own messages, an accusation of each other party, which holds two of the longest, and once
    everybody's broadcasts; with what it passes on, and a rest.
    """
    longest = max(spec.max_bytes for spec in execution.protocol.rounds)
    return 2 * len(execution.parties.indices) * longest + 16 * ROUND_MESSAGE_BYTES
