"""A Nitro card of the tests' own: documents with any content, signed under another root."""

from __future__ import annotations

from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from tests.zrsign_operator.enclave.certificate_authority import NOW, Holder
from zrsign_operator.enclave.nitro import ES384

PCRS = {index: bytes([index + 1]) * 48 if index < 3 else bytes(48) for index in range(16)}


class NitroVendor:
    def __init__(self) -> None:
        def key() -> ec.EllipticCurvePrivateKey:
            return ec.generate_private_key(ec.SECP384R1())

        self.root = Holder.root("aws.test", key())
        self.zone = self.root.issue("zone.aws.test", key(), ca=True)
        self.leaf = self.zone.issue("enclave", key())

    def fields(self, **changes: Any) -> dict[str, Any]:
        """The payload of a good document, with these fields replaced or, if ..., left out."""
        fields = {
            "module_id": "i-0-enc0",
            "digest": "SHA384",
            "timestamp": int(NOW * 1000),
            "pcrs": PCRS,
            "certificate": self.leaf.der,
            "cabundle": [self.root.der, self.zone.der],
            "public_key": None,
            "user_data": b"d" * 64,
            "nonce": None,
        }
        return {name: value for name, value in (fields | changes).items() if value is not ...}

    def document(self, **changes: Any) -> bytes:
        return self.sign(cbor2.dumps(self.fields(**changes)))

    def sign(self, payload: bytes, protected: bytes = ES384, by: Holder | None = None) -> bytes:
        """A COSE_Sign1 over these bytes, whatever they are."""
        key = (by or self.leaf).key
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        signed = cbor2.dumps(["Signature1", protected, b"", payload])
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA384())))
        signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
        return cbor2.dumps([protected, {}, payload, signature])
