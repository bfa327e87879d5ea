"""What a token payment needs to know: the mint's decimals, and whose account is there already."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from zrsign_chains.solana_messages import TOKEN, address_of
from zrsign_chains.solana_tokens import token_account
from zrsign_daemon.composing import ComposeTask, Uncomposable

TOKEN_PROGRAM = address_of(TOKEN)
# SPL Token: a mint's decimals; the amount of a token account, u64 little-endian.
DECIMALS_AT = 44
AMOUNT_AT = slice(64, 72)
TOKEN_ACCOUNT_BYTES = 165

AccountInfo = Callable[[str], Awaitable[Any]]


@dataclass(frozen=True)
class Token:
    """A token that can be paid; `create`: the recipient has no account for it yet."""

    decimals: int
    create: bool


async def look(task: ComposeTask, to: bytes, account: AccountInfo) -> Token:
    """The token of a payment to the wallet `to`. Raises Uncomposable, with figures."""
    mint = task.intent.data
    name = address_of(mint)
    found = await account(name)
    if found is None or found["owner"] != TOKEN_PROGRAM or len(_data(found)) <= DECIMALS_AT:
        raise Uncomposable(f"unknown_token: {name} is no mint of the Token program")
    recipient = await account(task.intent.to)
    if recipient is not None and recipient["owner"] == TOKEN_PROGRAM:
        raise Uncomposable(
            f"not_a_wallet: {task.intent.to} is a token account or a mint; name the wallet that "
            "owns the account"
        )
    own = await account(address_of(token_account(task.public_key, mint)))
    held = 0 if own is None else int.from_bytes(_data(own)[AMOUNT_AT], "little")
    if held < task.intent.value:
        raise Uncomposable(
            f"insufficient_funds: {task.sender} holds {held} units of {name}; "
            f"{task.intent.value} are to be paid"
        )
    theirs = await account(address_of(token_account(to, mint)))
    return Token(_data(found)[DECIMALS_AT], create=theirs is None)


def _data(found: Any) -> bytes:
    return base64.b64decode(found["data"][0])
