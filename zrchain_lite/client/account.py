"""A signing account: one secp256k1 key, its ledger and its EVM address."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from coincurve import PrivateKey

from zrchain_lite.tx import sign_low_s
from zrsign_chains import cosmos
from zrsign_chains.evm_addresses import evm_address


@dataclass(frozen=True)
class Account:
    """Never printed with its secret."""

    secret: PrivateKey = field(repr=False)
    public_key: bytes
    address: str

    @classmethod
    def from_secret(cls, secret: bytes) -> Account:
        """32 bytes, between 1 and the group order; raises ValueError."""
        if len(secret) != 32:
            raise ValueError(f"an account's secret has 32 bytes, not {len(secret)}")
        key = PrivateKey(secret)
        public_key = key.public_key.format()
        return cls(key, public_key, cosmos.account_address(public_key))

    @classmethod
    def generate(cls) -> Account:
        """A new key from the system's randomness."""
        return cls.from_secret(PrivateKey().secret)

    @property
    def evm_address(self) -> str:
        """The EVM address of the account's key, in the spelling of EIP-55."""
        return evm_address(self.public_key)

    def sign_digest(self, digest: bytes) -> bytes:
        """64 bytes r || s, low s, over a 32-byte digest."""
        return sign_low_s(self.secret, digest)


def party_signature(account: Account, request_id: int, public_key: bytes = b"") -> bytes:
    """What a keyring's party signs its answer with: 64 bytes r || s.

    The digest is SHA-256 of the request id, 8 bytes big-endian, and of the key in an answer to a
    request for one. A signature proves itself, so its answer's covers the id alone.
    """
    return account.sign_digest(sha256(request_id.to_bytes(8, "big") + public_key).digest())
