"""What the modules need of accounts and money; the auth and bank keepers have these shapes."""

from __future__ import annotations

from typing import Protocol

from zrchain_lite.module import Context


class Auth(Protocol):
    """Accounts and their keys."""

    def public_key(self, ctx: Context, address: str) -> bytes | None:
        """33 bytes, compressed secp256k1; None before the account's first transaction."""
        ...

    def evm_address(self, ctx: Context, address: str) -> str | None:
        """EIP-55 address of the same key; None while the key is unknown."""
        ...


class Bank(Protocol):
    """Balances in urock."""

    def balance(self, ctx: Context, address: str) -> int: ...

    def send(self, ctx: Context, from_: str, to: str, amount: int) -> None:
        """Raises InsufficientFunds."""
        ...

    def module_address(self, name: str) -> str: ...
