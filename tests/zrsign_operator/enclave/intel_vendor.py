"""A quoting enclave of the tests' own: real quotes and collateral, altered and signed again.

The bodies, the quoting enclave's report and the platform's extension come from the samples; keys,
certificates, revocation lists and signatures are made here, under another root.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.zrsign_operator.enclave.certificate_authority import Holder
from tests.zrsign_operator.enclave.samples import sample
from zrsign_operator.enclave.dcap import Collateral

SGX_EXTENSION = x509.ObjectIdentifier("1.2.840.113741.1.13.1")
SIGNED_BYTES = {3: 48 + 384, 4: 48 + 584, 5: 48 + 6 + 648}
"""By the version of a quote: header and body."""
QE_REPORT_BYTES, QE_REPORT_DATA = 384, 320
PCK_CHAIN, QE_CERTIFICATION = 5, 6

Change = Callable[[dict[str, Any]], None]


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _sign(key: Any, message: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _sized(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2, "little") + len(content).to_bytes(4, "little") + content


class IntelVendor:
    """Of the platform that made one sample."""

    def __init__(self, name: str) -> None:
        self.sample = sample(name)
        self.version = int.from_bytes(self.sample[:2], "little")
        self.signed = self.sample[: SIGNED_BYTES[self.version]]
        pem_at = self.sample.index(b"-----BEGIN CERTIFICATE-----")
        real = x509.load_pem_x509_certificates(self.sample[pem_at:].rstrip(b"\0"))[0]
        extension = real.extensions.get_extension_for_oid(SGX_EXTENSION).value
        assert isinstance(extension, x509.UnrecognizedExtension)
        self.root = Holder.root("Intel SGX Root CA", _key())
        self.ca = self.root.issue("Intel SGX PCK Platform CA", _key(), ca=True)
        self.pck = self.ca.issue("Intel SGX PCK Certificate", _key(), extensions=[extension])
        self.tcb_signer = self.root.issue("Intel SGX TCB Signing", _key())

    def quote(self, signed: bytes | None = None, pck: Holder | None = None) -> bytes:
        """The sample's header and body, or other ones, signed again."""
        signed, pck = signed or self.signed, pck or self.pck
        attestation_key = _key()
        public = attestation_key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )[1:]
        wrapper = 6 if self.version > 3 else 0
        qe_at = len(self.signed) + 4 + 64 + 64 + wrapper
        auth = b"a" * 32
        binding = hashlib.sha256(public + auth).digest().ljust(64, b"\0")
        qe_report = self.sample[qe_at : qe_at + QE_REPORT_DATA] + binding
        certification = qe_report + _sign(pck.key, qe_report)
        certification += len(auth).to_bytes(2, "little") + auth
        certification += _sized(PCK_CHAIN, pck.pem + self.ca.pem + self.root.pem + b"\0")
        if wrapper:
            certification = _sized(QE_CERTIFICATION, certification)
        evidence = _sign(attestation_key, signed) + public + certification
        return signed + len(evidence).to_bytes(4, "little") + evidence

    def collateral(
        self,
        template: str,
        tcb: Change = lambda _: None,
        qe: Change = lambda _: None,
        lists: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Collateral:
        """The collateral of sample `template` ("sgx", "tdx"), changed and signed again."""
        document = json.loads(sample(f"{template}_quote_collateral.json"))
        for name, change in (("tcb_info", tcb), ("qe_identity", qe)):
            content = json.loads(document[name])
            change(content)
            document[name] = json.dumps(content, separators=(",", ":"))
            signature = _sign(self.tcb_signer.key, document[name].encode())
            document[f"{name}_signature"] = signature.hex()
            chain = self.tcb_signer.pem + self.root.pem
            document[f"{name}_issuer_chain"] = chain.decode()
        document["pck_crl_issuer_chain"] = (self.ca.pem + self.root.pem).decode()
        document["root_ca_crl"] = lists.get("root_ca_crl", self.root.revoke()).hex()
        document["pck_crl"] = lists.get("pck_crl", self.ca.revoke()).hex()
        return Collateral.parse(json.dumps(document))


def rated(status: str, *advisories: str) -> Change:
    """Every platform has this TCB status."""

    def change(tcb_info: dict[str, Any]) -> None:
        level = tcb_info["tcbLevels"][-1]
        for name in ("sgxtcbcomponents", "tdxtcbcomponents"):
            for component in level["tcb"].get(name, []):
                component["svn"] = 0
        level["tcb"]["pcesvn"] = 0
        tcb_info["tcbLevels"] = [level | {"tcbStatus": status, "advisoryIDs": list(advisories)}]

    return change


def of_platform(fmspc: str, status: str = "UpToDate") -> Change:
    def change(tcb_info: dict[str, Any]) -> None:
        rated(status)(tcb_info)
        tcb_info["fmspc"] = fmspc

    return change
