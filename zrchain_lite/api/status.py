"""How an error of the ledger is told in gRPC and in HTTP."""

from __future__ import annotations

from enum import IntEnum

from zrchain_lite.errors import (
    Conflict,
    InsufficientFunds,
    InvalidArgument,
    LedgerError,
    NotFound,
    TooMuch,
    TxRejected,
    Unauthorized,
    Unavailable,
    UnknownRequest,
)


class GrpcStatus(IntEnum):
    """The canonical gRPC codes that a node answers with."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


_BY_CLASS: tuple[tuple[type[LedgerError], GrpcStatus], ...] = (
    (NotFound, GrpcStatus.NOT_FOUND),
    (InvalidArgument, GrpcStatus.INVALID_ARGUMENT),
    (TxRejected, GrpcStatus.INVALID_ARGUMENT),
    (Unauthorized, GrpcStatus.PERMISSION_DENIED),
    (UnknownRequest, GrpcStatus.UNIMPLEMENTED),
    (InsufficientFunds, GrpcStatus.FAILED_PRECONDITION),
    (Conflict, GrpcStatus.FAILED_PRECONDITION),
    (TooMuch, GrpcStatus.RESOURCE_EXHAUSTED),
    (Unavailable, GrpcStatus.UNAVAILABLE),
)

HTTP = {
    GrpcStatus.INVALID_ARGUMENT: 400,
    GrpcStatus.NOT_FOUND: 404,
    GrpcStatus.PERMISSION_DENIED: 403,
    GrpcStatus.FAILED_PRECONDITION: 400,
    GrpcStatus.RESOURCE_EXHAUSTED: 429,
    GrpcStatus.UNIMPLEMENTED: 501,
    GrpcStatus.INTERNAL: 500,
    GrpcStatus.UNAVAILABLE: 503,
}
"""The HTTP status of each gRPC code, as grpc-gateway maps them."""


def status_of(error: LedgerError) -> GrpcStatus:
    """The gRPC code of an error; INTERNAL for a class that the table does not know."""
    for kind, status in _BY_CLASS:
        if isinstance(error, kind):
            return status
    return GrpcStatus.INTERNAL
