"""How a service says that it is well."""

from __future__ import annotations

from dataclasses import dataclass

import httpx


@dataclass(frozen=True)
class Health:
    """A daemon's health endpoint."""

    url: str

    async def reachable(self) -> bool:
        """Whether something answers at the daemon's port, well or not."""
        fault = await self.fault()
        return fault is None or not fault.startswith("cannot connect")

    async def fault(self) -> str | None:
        """None when the daemon is well, else one line that says what fails."""
        try:
            async with httpx.AsyncClient(timeout=2) as client:
                answer = await client.get(f"{self.url}/healthz")
        except httpx.HTTPError as error:
            return f"cannot connect: {type(error).__name__} {error}"
        if answer.status_code == 200:
            return None
        try:
            failures: dict[str, str] = answer.json()["failures"]
        except (ValueError, LookupError):
            return f"HTTP {answer.status_code}: something else answers on this port"
        return "; ".join(f"{name}: {fault}" for name, fault in failures.items())
