"""The maps that a partially signed Bitcoin transaction consists of (BIP-174, BIP-370, BIP-371).

Read strictly: unique keys, canonical sizes, nothing after the last map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zrsign_chains.errors import MalformedTransaction


class Global:
    """Key types of the global map."""

    UNSIGNED_TX = 0x00
    XPUB = 0x01
    TX_VERSION = 0x02
    FALLBACK_LOCKTIME = 0x03
    INPUT_COUNT = 0x04
    OUTPUT_COUNT = 0x05
    TX_MODIFIABLE = 0x06
    VERSION = 0xFB
    V2_ONLY = (TX_VERSION, FALLBACK_LOCKTIME, INPUT_COUNT, OUTPUT_COUNT, TX_MODIFIABLE)


class In:
    """Key types of an input map."""

    NON_WITNESS_UTXO = 0x00
    WITNESS_UTXO = 0x01
    SIGHASH_TYPE = 0x03
    REDEEM_SCRIPT = 0x04
    WITNESS_SCRIPT = 0x05
    BIP32_DERIVATION = 0x06
    FINAL_SCRIPTSIG = 0x07
    FINAL_SCRIPTWITNESS = 0x08
    PREVIOUS_TXID = 0x0E
    OUTPUT_INDEX = 0x0F
    SEQUENCE = 0x10
    REQUIRED_TIME_LOCKTIME = 0x11
    REQUIRED_HEIGHT_LOCKTIME = 0x12
    TAP_INTERNAL_KEY = 0x17
    TAP_MERKLE_ROOT = 0x18
    V2_ONLY = (
        PREVIOUS_TXID,
        OUTPUT_INDEX,
        SEQUENCE,
        REQUIRED_TIME_LOCKTIME,
        REQUIRED_HEIGHT_LOCKTIME,
    )
    REFUSED = (REDEEM_SCRIPT, WITNESS_SCRIPT, FINAL_SCRIPTSIG, FINAL_SCRIPTWITNESS)


class Out:
    """Key types of an output map."""

    AMOUNT = 0x03
    SCRIPT = 0x04
    V2_ONLY = (AMOUNT, SCRIPT)


class Map(dict[bytes, bytes]):
    """One key-value map; `field` reads a type that has no key data."""

    def __init__(self) -> None:
        super().__init__()
        self._with_key_data: set[int] = set()

    def add(self, key: bytes, value: bytes) -> None:
        """Add an entry; raises `MalformedTransaction` for a key that is there already."""
        if key in self:
            raise MalformedTransaction(f"PSBT key {key.hex()} appears twice")
        self[key] = value
        if len(key) > 1:
            self._with_key_data.add(key[0])

    def field(self, kind: int, length: int | None = None) -> bytes | None:
        """Return the value, None when absent; raises when its length is not the expected one."""
        if kind in self._with_key_data:
            raise MalformedTransaction(f"PSBT field 0x{kind:02x} carries key data")
        value = self.get(bytes([kind]))
        if value is not None and length is not None and len(value) != length:
            raise MalformedTransaction(
                f"PSBT field 0x{kind:02x} has {len(value)} bytes; expected {length}"
            )
        return value

    def required(self, kind: int, length: int | None = None) -> bytes:
        """Return the value of a type; raises `MalformedTransaction` when it is absent."""
        value = self.field(kind, length)
        if value is None:
            raise MalformedTransaction(f"PSBT field 0x{kind:02x} is missing")
        return value

    def number(self, kind: int, length: int) -> int | None:
        """Return a little-endian unsigned integer, None when absent."""
        value = self.field(kind, length)
        return None if value is None else int.from_bytes(value, "little")

    def refuse(self, kinds: Sequence[int], why: str) -> None:
        """Raise `MalformedTransaction` with `why` when one of these types is present."""
        for kind in kinds:
            if self.field(kind) is not None:
                raise MalformedTransaction(f"PSBT field 0x{kind:02x} {why}")


@dataclass
class Reader:
    """Reads maps one after the other; every method raises `MalformedTransaction`."""

    data: bytes
    position: int = 0

    def take(self, length: int) -> bytes:
        """Return the next bytes."""
        end = self.position + length
        if end > len(self.data):
            raise MalformedTransaction("the PSBT ends in the middle of a field")
        taken, self.position = self.data[self.position : end], end
        return taken

    def compact_size(self) -> int:
        """Return the next number, which must be in its shortest form."""
        # embit.compact reads longer forms of a number, and past the end, as if nothing were wrong.
        first = self.take(1)[0]
        if first < 0xFD:
            return first
        width = 2 ** (first - 0xFC)
        number = int.from_bytes(self.take(width), "little")
        if number < (0xFD if width == 2 else 1 << (4 * width)):
            raise MalformedTransaction("the PSBT has a size that is not in its shortest form")
        return number

    def read_map(self) -> Map:
        """Return the next map."""
        fields = Map()
        while length := self.compact_size():
            key = self.take(length)
            fields.add(key, self.take(self.compact_size()))
        return fields

    def finish(self) -> None:
        """Require that nothing follows."""
        if self.position != len(self.data):
            raise MalformedTransaction("bytes follow the last map of the PSBT")
