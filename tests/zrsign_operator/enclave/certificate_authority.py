"""A vendor of the tests' own: certificates with whatever a real vendor puts in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
FROM = datetime(2024, 1, 1, tzinfo=UTC)
UNTIL = datetime(2034, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 6, 25, tzinfo=UTC).timestamp()
USAGES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
    "key_cert_sign crl_sign encipher_only decipher_only"
).split()


@dataclass(frozen=True)
class Holder:
    """A key and its certificate."""

    key: Key
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> bytes:
        return self.certificate.fingerprint(SHA256())

    @classmethod
    def root(cls, name: str, key: Key) -> Self:
        return cls(key, _certificate(name, key, name, key, ca=True))

    def issue(
        self,
        name: str,
        key: Key,
        *,
        ca: bool = False,
        extensions: Iterable[x509.UnrecognizedExtension] = (),
        until: datetime = UNTIL,
    ) -> Holder:
        issuer = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        assert isinstance(issuer, str)
        return Holder(key, _certificate(name, key, issuer, self.key, ca, extensions, until))

    def revoke(
        self, *certificates: x509.Certificate, first: datetime = FROM, last: datetime = UNTIL
    ) -> bytes:
        """The list of revoked certificates, DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(first)
            .next_update(last)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(_issued_by(self.key), critical=False)
        )
        for each in certificates:
            revoked = x509.RevokedCertificateBuilder().serial_number(each.serial_number)
            builder = builder.add_revoked_certificate(revoked.revocation_date(FROM).build())
        if isinstance(self.key, rsa.RSAPrivateKey):
            crl = builder.sign(self.key, SHA384(), rsa_padding=_PSS)
        else:
            crl = builder.sign(self.key, SHA256())
        return crl.public_bytes(Encoding.DER)


_PSS = padding.PSS(padding.MGF1(SHA384()), 48)


def _issued_by(key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    name: str,
    key: Key,
    issuer: str,
    issuer_key: Key,
    ca: bool,
    extensions: Iterable[x509.UnrecognizedExtension] = (),
    until: datetime = UNTIL,
) -> x509.Certificate:
    granted = {"key_cert_sign", "crl_sign"} if ca else {"digital_signature"}
    usage = x509.KeyUsage(**{each: each in granted for each in USAGES})
    subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM - timedelta(days=1))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(subject_key, critical=False)
        .add_extension(_issued_by(issuer_key), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    if isinstance(issuer_key, rsa.RSAPrivateKey):
        return builder.sign(issuer_key, SHA384(), rsa_padding=_PSS)
    curve_hash = SHA384() if issuer_key.curve.key_size > 256 else SHA256()
    return builder.sign(issuer_key, curve_hash)
