"""X.509 as the vendors of enclaves use it: chains to a pinned root, valid at a given time.

Certificates of AMD carry the serial number 0 and are signed with RSASSA-PSS. The library warns of
the one and excludes the other from its path validation, hence `require_issued`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import (
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from zrsign_operator.enclave.errors import ExpiredQuote, MalformedQuote, UntrustedQuote


def utc(now: float) -> datetime:
    """Unix time in seconds as a time with a zone."""
    return datetime.fromtimestamp(now, UTC)


def load(der: bytes) -> x509.Certificate:
    """One DER certificate. Raises MalformedQuote."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as error:
        raise MalformedQuote(f"not a DER certificate: {error}") from None


def load_pem(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM text, in its order. Raises MalformedQuote."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion) as error:
        raise MalformedQuote(f"not PEM certificates: {error}") from None


def fingerprint(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the DER encoding."""
    return certificate.fingerprint(SHA256())


def require_valid(certificates: Sequence[x509.Certificate], now: float) -> None:
    """Raises ExpiredQuote for the first that is not valid at `now`."""
    for certificate in certificates:
        try:
            first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        except ValueError as error:
            raise MalformedQuote(f"a certificate has no validity: {error}") from None
        if not first <= utc(now) <= last:
            raise ExpiredQuote(
                f"a certificate is valid from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, "
                f"not on {utc(now):%Y-%m-%d %H:%M}: check this machine's clock, then ask again"
            )


def first_end(certificates: Sequence[x509.Certificate]) -> float:
    """Unix time in seconds at which the first of these ends."""
    return min(each.not_valid_after_utc for each in certificates).timestamp()


def require_path(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    root: x509.Certificate,
    now: float,
) -> None:
    """RFC 5280 path validation from the leaf to this root. Raises UntrustedQuote."""
    policy = (
        PolicyBuilder()
        .store(Store([root]))
        .time(utc(now))
        .extension_policies(
            ca_policy=ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=ExtensionPolicy.permit_all(),
        )
    )
    try:
        policy.build_client_verifier().verify(leaf, list(intermediates))
    except (VerificationError, ValueError) as error:
        raise UntrustedQuote(f"the certificates do not lead to the pinned root: {error}") from None


def require_issued(chain: Sequence[x509.Certificate]) -> None:
    """Each certificate is signed by the next, the last by itself. Raises UntrustedQuote."""
    for certificate, issuer in zip(chain, (*chain[1:], chain[-1]), strict=True):
        try:
            certificate.verify_directly_issued_by(issuer)
            constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        except (
            InvalidSignature,
            UnsupportedAlgorithm,
            ValueError,
            TypeError,
            x509.ExtensionNotFound,
            x509.DuplicateExtension,
        ) as error:
            raise UntrustedQuote(
                f"{certificate.subject.rfc4514_string()} was not issued by "
                f"{issuer.subject.rfc4514_string()}: {type(error).__name__}"
            ) from None
        if not constraints.ca:
            raise UntrustedQuote(f"{issuer.subject.rfc4514_string()} is no certificate authority")


def require_signed(certificate: x509.Certificate, r: int, s: int, message: bytes) -> None:
    """ECDSA P-384 with SHA-384 by the certificate's key. Raises UntrustedQuote."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UntrustedQuote(f"the certificate has no usable key: {error}") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP384R1):
        raise UntrustedQuote("the certificate's key is not on the curve P-384")
    try:
        key.verify(encode_dss_signature(r, s), message, ECDSA(SHA384()))
    except InvalidSignature:
        raise UntrustedQuote("the document's signature is not by its certificate's key") from None


def require_not_revoked(
    certificates: Sequence[x509.Certificate],
    revoked: x509.CertificateRevocationList,
    issuer: x509.Certificate,
    now: float,
) -> None:
    """None is on the issuer's current list. Raises UntrustedQuote or ExpiredQuote."""
    try:
        genuine = revoked.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        genuine = False
    if not genuine or revoked.issuer != issuer.subject:
        raise UntrustedQuote("the revocation list is not by the root")
    if revoked.next_update_utc is None or not (
        revoked.last_update_utc <= utc(now) <= revoked.next_update_utc
    ):
        raise ExpiredQuote("the revocation list is not current: fetch it anew")
    for certificate in certificates:
        serial = certificate.serial_number
        if serial > 0 and revoked.get_revoked_certificate_by_serial_number(serial) is not None:
            raise UntrustedQuote(f"{certificate.subject.rfc4514_string()} is revoked")
