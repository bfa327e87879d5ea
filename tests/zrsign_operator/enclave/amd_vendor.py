"""A secure processor of the tests' own: reports of any guest, endorsed under another root."""

from __future__ import annotations

from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from tests.zrsign_operator.enclave.certificate_authority import Holder
from zrsign_operator.enclave.sev_snp import (
    AMD_OID,
    HARDWARE_ID_OID,
    PRODUCT_OID,
    SIGNED_BYTES,
    SPL_OIDS,
    Endorsement,
    Tcb,
)

CHIP = b"c" * 64
TCB = Tcb(bootloader=3, tee=0, snp=8, microcode=200)
POLICY = 0x30000


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class AmdVendor:
    """Keys are made when they are first asked for: RSA's cost time, and modules hold vendors."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP384R1())

    @cached_property
    def ark(self) -> Holder:
        return Holder.root("ARK-Test", _rsa())

    @cached_property
    def ask(self) -> Holder:
        return self.ark.issue("SEV-Test", _rsa(), ca=True)

    def extensions(
        self, product: str = "Milan-B0", tcb: Tcb = TCB, chip: bytes = CHIP
    ) -> dict[str, bytes]:
        """The values that a key's certificate carries, by OID."""
        levels = tcb._asdict()
        values = {oid: _integer(levels[name]) for name, oid in SPL_OIDS.items()}
        values |= {f"{AMD_OID}.1": _integer(0)}
        values[PRODUCT_OID] = bytes([0x16, len(product)]) + product.encode()
        return values | ({HARDWARE_ID_OID: chip} if chip else {})

    def leaf(self, values: dict[str, bytes] | None = None, issuer: Holder | None = None) -> Holder:
        values = self.extensions() if values is None else values
        extensions = [
            x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
            for oid, value in values.items()
        ]
        return (issuer or self.ask).issue("SEV-VCEK", self.key, extensions=extensions)

    def endorsement(
        self, leaf: Holder | None = None, issuers: bytes | None = None, crl: bytes | None = None
    ) -> Endorsement:
        above = self.ask.pem + self.ark.pem if issuers is None else issuers
        return Endorsement.parse((leaf or self.leaf()).der, above, crl)

    def report(
        self,
        *,
        version: int = 3,
        policy: int = POLICY,
        vmpl: int = 0,
        signing_key: int = 0,
        tcb: bytes = TCB.encode("Milan"),
        chip: bytes = CHIP,
    ) -> bytes:
        """A report whose report data is 64 times "d", measurement 48 times "m"."""
        report = bytearray(SIGNED_BYTES)
        fields = {
            0x00: version.to_bytes(4, "little"),
            0x08: policy.to_bytes(8, "little"),
            0x30: vmpl.to_bytes(4, "little"),
            0x34: b"\1",
            0x48: bytes([signing_key << 2]),
            0x50: b"d" * 64,
            0x90: b"m" * 48,
            0x180: tcb,
            0x1A0: chip,
        }
        for at, value in fields.items():
            report[at : at + len(value)] = value
        signature = self.key.sign(bytes(report), ec.ECDSA(SHA384()))
        scalars = (each.to_bytes(72, "little") for each in decode_dss_signature(signature))
        return (bytes(report) + b"".join(scalars)).ljust(1184, b"\0")


def _integer(value: int) -> bytes:
    """A DER INTEGER from 0 to 255."""
    content = value.to_bytes(1 + (value > 127), "big")
    return bytes([0x02, len(content)]) + content
