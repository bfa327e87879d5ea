"""Gas: what a transaction may spend on bytes, signatures, messages, store accesses and computation.

One million units stand for 0.05 s of a processor at most, whatever a message does. The costs are
fixed, so that every node counts the same. The store is metered in place, a module does not notice;
what it computes at length it charges to its context.
"""

from __future__ import annotations

from collections.abc import Iterator

from zrchain_lite.errors import InvalidArgument, TxRejected
from zrchain_lite.store.kv import KVStore

TRANSACTION = 20_000
"""What each transaction costs beside its bytes and signatures: it is decoded, checked, recorded."""
MESSAGE = 4_000
READ = 100
READ_PER_BYTE = 1
WRITE = 1_000
WRITE_PER_BYTE = 10
MAX_KEY_BYTES = 511
"""What the durable store can hold."""


class OutOfGas(TxRejected):
    """The gas limit that the transaction named is spent."""

    codespace, code = "sdk", 11


class GasMeter:
    """Counts up to `limit`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def consume(self, amount: int) -> None:
        """Count `amount` units of gas; raises OutOfGas above the limit."""
        self.used += amount
        if self.used > self.limit:
            raise OutOfGas(
                f"out of gas: used {self.used} of {self.limit}; send with a higher gas limit"
            )


class MeteredStore(KVStore):
    """A KVStore that charges a meter for each access."""

    def __init__(self, store: KVStore, meter: GasMeter) -> None:
        self._store = store
        self._meter = meter

    def get(self, key: bytes) -> bytes | None:
        value = self._store.get(key)
        self._meter.consume(READ + READ_PER_BYTE * len(value or b""))
        return value

    def set(self, key: bytes, value: bytes) -> None:
        if not 0 < len(key) <= MAX_KEY_BYTES:
            raise InvalidArgument(
                f"a state key has 1 to {MAX_KEY_BYTES} bytes, not {len(key)}: an identifier in the "
                "message is too long"
            )
        self._meter.consume(WRITE + WRITE_PER_BYTE * (len(key) + len(value)))
        self._store.set(key, value)

    def delete(self, key: bytes) -> None:
        self._meter.consume(WRITE)
        self._store.delete(key)

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for key, value in self._store.iterate(prefix, start=start, reverse=reverse):
            self._meter.consume(READ + READ_PER_BYTE * len(value))
            yield key, value
