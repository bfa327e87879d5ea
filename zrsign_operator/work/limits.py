"""How many executions of each kind run at once, how long, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zrsign_operator.peers.frames import WorkKind

TIMEOUTS_S: Final[Mapping[WorkKind, float]] = {
    WorkKind.AUX: 180.0,
    WorkKind.KEYGEN: 20.0,
    WorkKind.PRESIGN: 60.0,
    WorkKind.ECDSA: 15.0,
    WorkKind.FROST: 15.0,
    WorkKind.RESHARE: 30.0,
}
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
