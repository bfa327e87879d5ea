"""What an operator found on chains of what is open; apart, as most operators do not look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from zrchain_lite.wire.zrsign.operators import operators_pb2 as operators
from zrsign_operator.peers.members import KeyringSettings


@dataclass(frozen=True)
class Seen:
    """What came of looking; what is in none of these may be answered."""

    refused: Mapping[int, str] = field(default_factory=dict)
    """Signature requests without a parent that follow from no event, and why."""
    waiting: frozenset[int] = frozenset()
    """Those whose event is not there yet."""
    waiting_keys: frozenset[int] = frozenset()
    """Key requests whose event is not there yet, or that do not follow from it."""


class Sight(Protocol):
    """Looks for the events that open requests follow from."""

    async def look(self, work: operators.QueryWorkResponse, settings: KeyringSettings) -> Seen:
        """What came of it. Raises ClientError, StoreUnusable."""
