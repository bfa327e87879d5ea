"""Large answers are rendered beside the event loop, in turns, so that the others are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from zrchain_lite.api.turns import Turns

T = TypeVar("T")
LARGE_BYTES = 32 * 1024
"""An answer of more bytes than this, encoded, is rendered apart."""
MAX_LARGE = 32
"""How many large answers of one door may wait for their turn."""


class Rendering:
    """What one door renders."""

    def __init__(self) -> None:
        self._large = Turns(MAX_LARGE)

    async def run(self, size: int, render: Callable[[], T]) -> T:
        """What `render` makes of an answer of `size` bytes; raises Busy when too many wait."""
        return render() if size <= LARGE_BYTES else await self._large.run(render, apart=True)
