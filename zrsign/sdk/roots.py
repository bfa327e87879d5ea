"""One root for whatever goes wrong in a call of the SDK: ZrSignError, with the next step."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from aiohttp import ClientError as HttpError
from web3.exceptions import TimeExhausted, Web3Exception

from zrchain_lite.client.errors import (
    ClientError,
    LedgerUnavailable,
    NotVerified,
    ObjectNotFound,
    TxNotIncluded,
)
from zrsign.errors import AnswerTimeout, LedgerFault, NetworkError, UsageError, ZrSignError
from zrsign_chains.errors import ChainError

P = ParamSpec("P")
R = TypeVar("R")


def rooted(call: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Let a call raise nothing but ZrSignError where chains, nodes or the ledger are at fault."""

    @functools.wraps(call)
    async def run(*args: P.args, **options: P.kwargs) -> R:
        try:
            return await call(*args, **options)
        except ZrSignError:
            raise
        except (ChainError, ClientError, Web3Exception, HttpError, OSError) as error:
            raise translated(error) from error

    return run


def translated(error: Exception) -> ZrSignError:
    """What a person is told of an error of another room, and of the libraries below."""
    said = str(error) or type(error).__name__
    said = said[:1].upper() + said[1:]
    match error:
        case ChainError():
            return UsageError(said, "See the known chains and wallets: zrsign ids")
        case LedgerUnavailable():
            return NetworkError(
                said, "Is the ledger's gRPC at this address? zrsign status, or networks check"
            )
        case NotVerified():
            return LedgerFault(said, "Ask another node of the chain; is the root of this chain?")
        case ObjectNotFound():
            return LedgerFault(said, "The ledger is there, and holds no such thing.")
        case TxNotIncluded() | TimeExhausted():
            return AnswerTimeout(said, "It may still come: look before you send it again.")
        case ClientError():
            return LedgerFault(said, "The ledger refused it: nothing was changed.")
    return NetworkError(
        f"The node does not answer: {said}", "Look whether the transaction came before you repeat."
    )
