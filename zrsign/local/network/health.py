"""How a service says that it is well."""

from __future__ import annotations

import json
from dataclasses import dataclass

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=2)


@dataclass(frozen=True)
class Health:
    """A daemon's health endpoint."""

    url: str

    async def reachable(self) -> bool:
        """Whether something answers at the daemon's port, well or not, and waits for no group."""
        fault = await self.fault()
        return fault is None or not fault.startswith(("cannot connect", "group: waiting"))

    async def fault(self) -> str | None:
        """None when the daemon is well, else one line that says what fails."""
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as http,
                http.get(f"{self.url}/healthz") as answer,
            ):
                status, body = answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"cannot connect: {type(error).__name__} {error}"
        if status == 200:
            return None
        try:
            failures: dict[str, str] = json.loads(body)["failures"]
        except (ValueError, LookupError, TypeError):
            return f"HTTP {status}: something else answers on this port"
        return "; ".join(f"{name}: {fault}" for name, fault in failures.items())
