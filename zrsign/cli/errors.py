"""Errors as a person sees them: what happened, the next step, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import typer

from zrsign import extras
from zrsign.errors import ZrSignError
from zrsign_daemon.validation import requirement

DONE, REFUSED, WRONG_CALL, UNFINISHED, INTERRUPTED = 0, 1, 2, 3, 130
CODES = {
    DONE: "done",
    REFUSED: "the network, a node or a contract refused, or a check failed",
    WRONG_CALL: "the call itself was wrong: an option, a file, a setting; nothing was sent",
    UNFINISHED: "no answer yet: the request goes on, and waits for what the message says",
    INTERRUPTED: "interrupted by Ctrl-C",
}
"""What the exit codes of every command mean."""


class Fault(NamedTuple):
    """One message; `hint` may be empty."""

    text: str
    hint: str
    exit_code: int


def _detail(error: Any) -> str:
    """What a ledger said, without the method that was called and gRPC's word for it."""
    return f"The ledger says: {error.detail}"


def _named(error: Exception) -> str:
    """Messages of libraries need their error's name to be understood."""
    return f"{type(error).__name__}: {error}"


NOT_THERE = (
    "The ledger is there, and holds no such thing. See what it holds: "
    "zrsign keys, zrsign policies, zrsign workspaces"
)
NEAR_NODE = "Is the node running, and is this its URL? zrsign status"
KNOWN: tuple[tuple[str, str, Callable[[Any], str], str, int], ...] = (
    ("zrsign.local.tools.errors", "ToolError", str, "See what is there: zrsign doctor", REFUSED),
    ("zrsign_chains.errors", "ChainError", str, "See the supported ids: zrsign ids", WRONG_CALL),
    *(
        ("zrchain_lite.client.errors", name, text, hint, code)
        for name, text, hint, code in (
            ("TxFailed", str, "The ledger refused it: nothing was changed.", REFUSED),
            ("TxNotIncluded", str, "It may still come: look before you send it again.", UNFINISHED),
            ("AccountUnknown", _detail, "Send some urock to the account first.", REFUSED),
            (
                "ObjectNotFound",
                _detail,
                NOT_THERE,
                REFUSED,
            ),
            ("QueryFailed", _detail, "Correct what was asked for; the ledger is there.", REFUSED),
            (
                "NotVerified",
                str,
                "Ask another node of the chain. If its state was made anew, so is its root.",
                REFUSED,
            ),
            ("ClientError", str, "Is the network running? zrsign status", REFUSED),
        )
    ),
    ("zrchain_lite.errors", "LedgerError", str, "Start another: zrsign up --state DIR", WRONG_CALL),
    ("zrsign_daemon.jsonrpc", "NodeUnavailable", str, NEAR_NODE, REFUSED),
    ("zrsign_daemon.jsonrpc", "NodeRefused", str, "See the node's log.", REFUSED),
    ("zrsign_daemon.errors", "DaemonError", str, "", WRONG_CALL),
    ("web3.exceptions", "Web3Exception", _named, NEAR_NODE, REFUSED),
    ("aiohttp", "ClientError", _named, NEAR_NODE, REFUSED),
    (
        "builtins",
        "OSError",
        _named,
        "Check the path, its permissions and the space on the disk.",
        REFUSED,
    ),
)
"""Module, class, text, next step and exit code, the special before the general.

A room that was not imported raised nothing, so looking these up costs no start-up time.
"""


def fault_of(error: Exception) -> Fault | None:
    """What a person is told of a foreseen error; None for any other."""
    if isinstance(error, ModuleNotFoundError):
        error = extras.of_module(error.name or "") or error
    if isinstance(error, ZrSignError):
        return Fault(str(error), error.hint, error.exit_code)
    for module, name, text, hint, code in KNOWN:
        if module in sys.modules and isinstance(error, getattr(sys.modules[module], name)):
            return Fault(text(error), hint, code)
    return None


def wrong_call(error: typer.TyperException) -> str:
    """What is wrong with a call, in our words; "" when its help was shown instead."""
    from pydantic import ValidationError

    parameter = getattr(error, "param", None)
    if parameter is not None and isinstance(error.__cause__, ValidationError):
        return f"{parameter.get_error_hint()} {requirement(error.__cause__)}."
    return error.format_message()
