"""A simulated enclave: the interface of real ones, and none of their protection.

It measures the installed code, gives the sealing key to exactly that code, and signs quotes with a
root key in a local file. Whoever reads the file has everything; so it says "simulated" everywhere.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.wire.encoding import Tagged, encode
from zrsign_dmpc.wire.records import Record
from zrsign_operator.enclave.attested import Attested
from zrsign_operator.enclave.errors import BadQuote as BadQuote
from zrsign_operator.enclave.errors import MalformedQuote, UntrustedQuote

KIND: Final = "simulated"
REPORT_BYTES: Final = 64
CODE: Final = ("zrsign_chains", "zrsign_daemon", "zrsign_dmpc", "zrsign_operator", "zrchain_lite")
"""The packages that an operator runs, as far as they are ours."""


@dataclass(frozen=True)
class Quote(Record):
    """What a simulated enclave says of itself."""

    TAG: ClassVar[str] = "simulated-quote"

    root: bytes
    """The Ed25519 key that signs; who trusts the quote knows it beforehand."""
    measurement: bytes
    report_data: bytes
    signature: bytes = b""

    @property
    def signed_bytes(self) -> bytes:
        """What the root signs: all fields but the signature."""
        return encode(Tagged("zrsign-simulated-quote-v1", self.to_value().fields[:-1]))


class SimulatedEnclave:
    """One operator's. Its root is shared by all operators of a local network."""

    kind = KIND

    def __init__(self, root_secret: bytes, sealing_secret: bytes, code: Path | None = None) -> None:
        """Two secrets of 32 bytes: the root that signs, and this machine's own for sealing."""
        self._root = SigningKey(root_secret)
        self._sealing_secret = sealing_secret
        self._code = code or Path(__file__).parents[2]

    @property
    def root(self) -> bytes:
        """The Ed25519 public key that verifies the quotes."""
        return bytes(self._root.verify_key)

    @cached_property
    def measurement(self) -> bytes:
        """SHA-256 over the names and contents of all source files of `CODE`."""
        return measure(self._code)

    def sealing_key(self) -> bytes:
        """32 bytes, another for other code or another machine."""
        info = b"zrsign simulated sealing" + self.measurement
        return HKDF(SHA256(), 32, salt=None, info=info).derive(self._sealing_secret)

    def attest(self, report_data: bytes) -> bytes:
        """A quote over 64 bytes."""
        if len(report_data) != REPORT_BYTES:
            raise BadQuote(f"report data has {REPORT_BYTES} bytes, not {len(report_data)}")
        draft = Quote(self.root, self.measurement, report_data)
        signature = self._root.sign(draft.signed_bytes).signature
        return replace(draft, signature=signature).encode()

    def __repr__(self) -> str:
        return f"<SimulatedEnclave {self.measurement.hex()[:16]}>"


def measure(root: Path) -> bytes:
    """SHA-256 over all `.py` files under the packages of `CODE`, in the order of their names."""
    digest = hashlib.sha256(b"zrsign simulated measurement")
    for package in CODE:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root).as_posix().encode()
            content = path.read_bytes()
            for part in (name, content):
                digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def verify(quote: bytes, root: bytes) -> Quote:
    """The quote, if this root signed it. Raises BadQuote."""
    try:
        read = Quote.decode(quote)
    except EncodingError as error:
        raise MalformedQuote(f"not a simulated quote: {error}") from None
    if len(read.report_data) != REPORT_BYTES:
        raise MalformedQuote(f"report data has {REPORT_BYTES} bytes, not {len(read.report_data)}")
    if read.root != root:
        raise UntrustedQuote("the simulated quote names another root")
    try:
        VerifyKey(root).verify(read.signed_bytes, read.signature)
    except (BadSignatureError, ValueError) as error:
        raise UntrustedQuote(f"not a simulated quote of this network: {error}") from None
    return read


@dataclass(frozen=True)
class SimulatedVerifier:
    """Checks simulated quotes of one network, beside the verifiers of real ones."""

    kind: ClassVar[str] = KIND

    root: bytes

    def verify(self, document: bytes, now: float) -> Attested:
        """What the quote says; it has no date. Raises BadQuote."""
        quote = verify(document, self.root)
        return Attested(KIND, quote.measurement, quote.report_data)


def read_secret(path: Path) -> bytes:
    """32 bytes from a file; made on the first use (mode 0600)."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(32))
    secret = path.read_bytes()
    if len(secret) != 32:
        raise BadQuote(f"{path} holds {len(secret)} bytes; a secret has 32")
    return secret
