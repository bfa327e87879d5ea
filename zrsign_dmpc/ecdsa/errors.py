"""Errors of the threshold ECDSA protocols."""

from zrsign_dmpc.errors import DmpcError


class EcdsaError(DmpcError):
    """Root of the package's errors."""


class InsecureLevelError(EcdsaError, ValueError):
    """A security level is too weak or contradicts itself."""


class MalformedValueError(EcdsaError, ValueError):
    """A value received from a peer is outside its group, range or length."""


class ProofError(MalformedValueError):
    """A zero-knowledge proof does not verify; the message names the check that failed."""
