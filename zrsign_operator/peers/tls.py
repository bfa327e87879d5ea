"""Mutual TLS between operators: self-signed certificates, each pinned by both sides.

The ledger's groups hold the certificates. A connection is worth nothing until the certificate that
came with it is byte for byte the one of a member.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SERVER_NAME: Final = "operator.zrsign"
"""The host name in every certificate: what matters is which certificate it is."""
VALIDITY: Final = timedelta(days=3650)


@dataclass(frozen=True)
class TlsIdentity:
    """An operator's key and certificate, both PEM."""

    key: bytes = field(repr=False)
    certificate: bytes

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return ssl.PEM_cert_to_DER_cert(self.certificate.decode())

    def channel(self, peer_der: bytes) -> grpc.ChannelCredentials:
        """Credentials that reach exactly this peer."""
        return grpc.ssl_channel_credentials(pem(peer_der), self.key, self.certificate)

    def server(self, peers: Mapping[int, bytes]) -> grpc.ServerCredentials:
        """Credentials that let in whoever `peers` (DER, by index) holds at that moment."""
        used: list[tuple[bytes, ...]] = []

        def configuration() -> Any:
            """gRPC asks for each connection; None: as before.

            It frees what it replaces while other handshakes may be under way with it, so it is
            given something new only when the peers have changed.
            """
            now = tuple(peers.values())
            if used and used[-1] == now:
                return None
            used[:] = [now]
            roots = b"".join(pem(der) for der in now) or self.certificate
            return grpc.ssl_server_certificate_configuration(
                [(self.key, self.certificate)], root_certificates=roots
            )

        return grpc.dynamic_ssl_server_credentials(
            configuration(), configuration, require_client_authentication=True
        )


def make_identity(now: datetime | None = None) -> TlsIdentity:
    """A new P-256 key and its self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own: OpenSSL looks the issuer up by name among all the peers' certificates.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"operator {secrets.token_hex(8)}")])
    start = (now or datetime.now(UTC)) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + VALIDITY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return TlsIdentity(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


def read_or_make(key_file: Path, certificate_file: Path) -> TlsIdentity:
    """The TLS identity in two PEM files; made on the first use, the key with mode 0600.

    Raises OSError.
    """
    if not key_file.exists() and not certificate_file.exists():
        made = make_identity()
        key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_file.touch(mode=0o600)
        key_file.write_bytes(made.key)
        certificate_file.write_bytes(made.certificate)
    return TlsIdentity(key_file.read_bytes(), certificate_file.read_bytes())


def pem(der: bytes) -> bytes:
    """The certificate in PEM."""
    return ssl.DER_cert_to_PEM_cert(der).encode()


def peer_of(context: Any, peers: Mapping[int, bytes]) -> int | None:
    """The peer whose certificate the caller of a gRPC method showed; None: nobody's."""
    shown: Iterable[bytes] = context.auth_context().get("x509_pem_cert", ())
    for certificate in shown:
        der = ssl.PEM_cert_to_DER_cert(certificate.decode())
        for index, known in peers.items():
            if known == der:
                return index
    return None
