"""Who may change a module's parameters: one account, named in the genesis file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite.errors import Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import require_account


class Authority:
    """A module's authority. Where the genesis names none, parameters cannot change."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._key = f"{module}/authority".encode()

    def init(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        """Take the authority's address from the module's part of the genesis, if it names one."""
        address = genesis.get("authority")
        if address is not None:
            ctx.store.set(self._key, require_account(address).encode())

    def require(self, ctx: Context, sender: str) -> None:
        """Raises Unauthorized when `sender` is not the authority."""
        known = ctx.store.get(self._key)
        if known is None or known.decode() != sender:
            named = "nobody" if known is None else known.decode()
            raise Unauthorized(
                f"{sender} may not change the parameters of {self._module}; its authority is "
                f"{named}"
            )
