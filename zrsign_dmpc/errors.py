"""The errors of the package: one tree under `DmpcError`."""

from __future__ import annotations


class DmpcError(Exception):
    """Root of everything that `zrsign_dmpc` raises."""


class EncodingError(DmpcError, ValueError):
    """Bytes that are not the canonical encoding of a value, or a value that has no encoding."""


class InvalidPoint(EncodingError):
    """Bytes that are not the canonical encoding of a group element that may be used."""


class InvalidScalar(EncodingError):
    """Bytes or an integer outside 0 ≤ k < q."""


class GroupMismatch(DmpcError, TypeError):
    """Elements of two groups in one operation."""


class ParameterError(DmpcError, ValueError):
    """A protocol was started with parameters that it does not allow."""
