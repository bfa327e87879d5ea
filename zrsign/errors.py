"""Errors that a person sees. Every one says what to do next.

ZrSignError
├── NetworkError        a node or a daemon did not start, stopped, or does not answer
├── ManifestError       no network was found, or its description does not parse
├── LedgerFault         the ledger refused what was asked, or what it said does not verify
├── ContractError       at the address is no zrSign contract, or one of the other mode
├── RequestRejected     the network answered a request with a refusal; `reason` is machine-readable
├── AnswerTimeout       no answer within the time asked for; the request itself goes on
├── TransactionReverted the source chain refused a call; carries the contract's custom error
└── UsageError          an argument is not acceptable
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zrsign.sdk.waiting import Waiting


class ZrSignError(Exception):
    """Root. `hint` is the next step, shown on a line of its own."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NetworkError(ZrSignError, ConnectionError):
    """A node or a daemon did not start, stopped, or does not answer as what it should be."""


class ManifestError(ZrSignError):
    """No network was found, or its description does not parse."""

    exit_code = 2


class LedgerFault(ZrSignError):
    """The ledger refused what was asked for, or what it said does not follow from the root."""


class ContractError(ZrSignError):
    """There is no zrSign contract at the address, or one of the other mode."""

    exit_code = 2


class RequestRejected(ZrSignError):
    """The network refused a request; `reason` starts with a code word."""

    def __init__(self, request_id: int, reason: str) -> None:
        super().__init__(
            f"Request {request_id} was rejected: {reason}",
            f"See its road: zrsign track {request_id}",
        )
        self.request_id = request_id
        self.reason = reason


class AnswerTimeout(ZrSignError, TimeoutError):
    """No answer came within the time asked for; the request itself goes on.

    `waiting` is what it waits for, None where nothing is known of it yet.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "", waiting: Waiting | None = None) -> None:
        super().__init__(message, hint)
        self.waiting = waiting


class TransactionReverted(ZrSignError):
    """The source chain refused a call; the message holds the contract's custom error."""


class UsageError(ZrSignError, ValueError):
    """An argument is not acceptable."""

    exit_code = 2
