"""Who signs for an account: one secp256k1 key, or k of n of them.

The rules for several are those of the Cosmos SDK 0.50 (`LegacyAminoPubKey`, `CompactBitArray`),
held strictly: one signature for each bit that is set, no bit beyond the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256

from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError

from zrchain_lite import amino
from zrchain_lite.errors import TxRejected, Unauthorized
from zrchain_lite.tx import pack, parse, verify_signature
from zrchain_lite.wire.cosmos.crypto.multisig.keys_pb2 import LegacyAminoPubKey
from zrchain_lite.wire.cosmos.crypto.multisig.v1beta1.multisig_pb2 import (
    CompactBitArray,
    MultiSignature,
)
from zrchain_lite.wire.cosmos.crypto.secp256k1.keys_pb2 import PubKey
from zrchain_lite.wire.cosmos.tx.signing.v1beta1.signing_pb2 import SignMode
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import ModeInfo
from zrsign_chains import cosmos
from zrsign_chains.errors import ChainError

PUBKEY_URL = "/" + PubKey.DESCRIPTOR.full_name
MULTISIG_URL = "/" + LegacyAminoPubKey.DESCRIPTOR.full_name
MAX_KEYS = 127
"""How many keys an account has at most; `tx_sig_limit` allows fewer."""
BAD_KEY = 8

Document = Callable[[SignMode], bytes]
"""The bytes that are signed in a mode; raises TxRejected for a mode that is not offered."""


@dataclass(frozen=True)
class AccountKey:
    """`threshold` of `keys` (33 bytes each, compressed) sign; 0 says that there is only one."""

    keys: tuple[bytes, ...]
    threshold: int = 0

    @classmethod
    def read(cls, packed: Any) -> AccountKey:
        """A key as transactions and accounts carry it; raises TxRejected."""
        if packed.type_url == PUBKEY_URL:
            return cls((_secp256k1(packed),))
        if packed.type_url != MULTISIG_URL:
            raise TxRejected(
                f"keys of type {packed.type_url!r} cannot sign; use {PUBKEY_URL} or {MULTISIG_URL}",
                code=BAD_KEY,
            )
        several = parse(LegacyAminoPubKey, packed.value, packed.type_url)
        if not 0 < several.threshold <= len(several.public_keys) <= MAX_KEYS:
            raise TxRejected(
                f"{several.threshold} of {len(several.public_keys)} keys is no threshold",
                code=BAD_KEY,
            )
        return cls(tuple(_secp256k1(each) for each in several.public_keys), several.threshold)

    def packed(self) -> Any:
        """The key as an account keeps it."""
        singles = [pack(PubKey(key=key)) for key in self.keys]
        if not self.threshold:
            return singles[0]
        return pack(LegacyAminoPubKey(threshold=self.threshold, public_keys=singles))

    @property
    def single(self) -> bytes | None:
        """The one key; None where several sign."""
        return None if self.threshold else self.keys[0]

    def address(self) -> str:
        """The account's address; raises TxRejected for bytes that are no key."""
        try:
            return _address(self)
        except ChainError as error:
            raise TxRejected(str(error), code=BAD_KEY) from None

    def signatures(self, mode: ModeInfo) -> int:
        """How many signatures are verified; raises TxRejected for a mode that does not fit."""
        return len(list(self._signers(mode)))

    def verify(self, mode: ModeInfo, signature: bytes, document: Document) -> None:
        """Raises TxRejected, Unauthorized or ChainError unless enough have signed."""
        signers = list(self._signers(mode))
        if not self.threshold:
            verify_signature(self.keys[0], document(mode.single.mode), signature)
            return
        try:
            given = MultiSignature.FromString(signature).signatures
        except DecodeError as error:
            raise TxRejected(f"not a MultiSignature: {error}", code=4) from None
        if len(given) != len(signers):
            raise Unauthorized(f"{len(signers)} keys are to have signed, {len(given)} have")
        document = cache(document)
        for (key, each), one in zip(signers, given, strict=True):
            verify_signature(key, document(each.single.mode), one)

    def _signers(self, mode: ModeInfo) -> Iterator[tuple[bytes, ModeInfo]]:
        """The keys that sign, each with its mode."""
        if not self.threshold:
            if not mode.HasField("single"):
                raise Unauthorized("the account has one key, and the transaction names several")
            yield self.keys[0], mode
            return
        if not mode.HasField("multi"):
            raise Unauthorized("several keys sign for the account; name them in mode_info.multi")
        positions = _set_bits(mode.multi.bitarray, len(self.keys))
        if len(positions) < self.threshold:
            raise Unauthorized(f"{self.threshold} of {len(self.keys)} keys must sign")
        modes = mode.multi.mode_infos
        if len(modes) != len(positions):
            raise Unauthorized(f"{len(positions)} keys sign in {len(modes)} modes")
        if not all(each.HasField("single") for each in modes):
            raise TxRejected("a key of several is one key itself", code=37)
        yield from ((self.keys[at], each) for at, each in zip(positions, modes, strict=True))


def _secp256k1(packed: Any) -> bytes:
    if packed.type_url != PUBKEY_URL:
        raise TxRejected(
            f"a key of type {packed.type_url!r} is not one of several; use {PUBKEY_URL}",
            code=BAD_KEY,
        )
    return parse(PubKey, packed.value, packed.type_url).key


def _set_bits(bits: CompactBitArray, keys: int) -> list[int]:
    """Positions from the first byte's highest bit on."""
    size = len(bits.elems) * 8 if not bits.extra_bits_stored else 0
    if bits.extra_bits_stored:
        size = (len(bits.elems) - 1) * 8 + bits.extra_bits_stored
    if size != keys or bits.extra_bits_stored > 7:
        raise Unauthorized(f"the bit array is for {size} keys, and the account has {keys}")
    found = [at for at in range(len(bits.elems) * 8) if bits.elems[at // 8] >> (7 - at % 8) & 1]
    if found and found[-1] >= keys:
        raise Unauthorized(f"the bit array has a bit beyond its {keys} keys")
    return found


# bech32 in Python is half of a transfer's time, and the same keys come again.
@lru_cache(maxsize=16_384)
def _address(key: AccountKey) -> str:
    addresses = [cosmos.account_address(each) for each in key.keys]
    if not key.threshold:
        return addresses[0]
    encoded = amino.encoded_multisig(key.threshold, key.keys)
    return cosmos.encode(cosmos.ACCOUNT_PREFIX, sha256(encoded).digest()[:20])
