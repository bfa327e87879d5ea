"""A pause that ends early."""

from __future__ import annotations

import asyncio


async def rest(timeout_s: float, *events: asyncio.Event) -> None:
    """Return when one of the events is set, or the time is up."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
