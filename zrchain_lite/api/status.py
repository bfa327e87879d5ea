"""How an error of the ledger is told in gRPC and in HTTP."""

from __future__ import annotations

from enum import IntEnum

from zrchain_lite.errors import (
    Conflict,
    InsufficientFunds,
    InvalidArgument,
    LedgerError,
    NotFound,
    TxRejected,
    Unauthorized,
    UnknownRequest,
)


class Status(IntEnum):
    """The canonical gRPC codes that a node answers with."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    PERMISSION_DENIED = 7
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13


_BY_CLASS: tuple[tuple[type[LedgerError], Status], ...] = (
    (NotFound, Status.NOT_FOUND),
    (InvalidArgument, Status.INVALID_ARGUMENT),
    (TxRejected, Status.INVALID_ARGUMENT),
    (Unauthorized, Status.PERMISSION_DENIED),
    (UnknownRequest, Status.UNIMPLEMENTED),
    (InsufficientFunds, Status.FAILED_PRECONDITION),
    (Conflict, Status.FAILED_PRECONDITION),
)

HTTP = {
    Status.INVALID_ARGUMENT: 400,
    Status.NOT_FOUND: 404,
    Status.PERMISSION_DENIED: 403,
    Status.FAILED_PRECONDITION: 400,
    Status.UNIMPLEMENTED: 501,
    Status.INTERNAL: 500,
}
"""As grpc-gateway maps them."""


def status_of(error: LedgerError) -> Status:
    for kind, status in _BY_CLASS:
        if isinstance(error, kind):
            return status
    return Status.INTERNAL
