"""Errors of the threshold ECDSA protocols."""

from zrsign_dmpc.errors import DmpcError, ParameterError


class EcdsaError(DmpcError):
    """Root of the package's errors."""


class InsecureLevelError(EcdsaError, ValueError):
    """A security level is too weak or contradicts itself."""


class StaleAuxInfo(EcdsaError, ParameterError):
    """Auxiliary information is older than the key's epoch: a thief may know its secrets."""


class MalformedValueError(EcdsaError, ValueError):
    """A value received from a peer is outside its group, range or length."""


class ProofError(MalformedValueError):
    """A zero-knowledge proof does not verify; the message names the check that failed."""


class UnsignableDigest(EcdsaError, ValueError):
    """The digest is 0 modulo q: its signature would not depend on what was signed."""
