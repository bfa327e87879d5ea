"""Why an attestation document is not believed."""

from __future__ import annotations

from zrsign_dmpc.errors import DmpcError


class BadQuote(DmpcError):
    """A document that proves nothing here. The subclass says at which step."""


class MalformedQuote(BadQuote, ValueError):
    """Bytes that are not a document of this kind."""


class UntrustedQuote(BadQuote):
    """A signature, a binding or a chain that does not lead to the vendor's pinned root."""


class ExpiredQuote(BadQuote):
    """A document, a certificate or collateral that is not valid at this time."""


class RefusedQuote(BadQuote):
    """A genuine document of an enclave that policy refuses: debug mode, or an old TCB."""


class UnboundQuote(BadQuote):
    """A genuine document that was made for something else."""


class UnknownMeasurement(BadQuote):
    """A genuine document of code that is not on the allow-list."""


class MissingCollateral(BadQuote):
    """A document whose vendor data this verifier was not given. The message says what to fetch."""


class BadCollateral(DmpcError, ValueError):
    """Collateral that cannot be read: a fault of the own configuration, not of a peer."""
