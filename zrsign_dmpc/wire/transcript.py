"""Fiat–Shamir transcripts: everything said so far, hashed without ambiguity into challenges.

SHAKE256 over the items of `zrsign_dmpc.wire.encoding`. A transcript opens with the engine's name
and version and the protocol's name, and absorbs (label, value) pairs; every pair is one typed,
length-prefixed list, so two different histories never feed the sponge the same bytes. Before the
first challenge it must have absorbed the execution id (or the sid derived from it), the prover's
index, the security level's name (`Transcript.bound` does this), and the statement.

A challenge depends on all that was absorbed and on its own label and size, and becomes part of the
history, so asking twice gives two independent challenges.
"""

from __future__ import annotations

import hashlib
from typing import Final

from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.wire.encoding import Value, write_item

DOMAIN: Final = "zrsign-dmpc-transcript-v1"
NO_LEVEL: Final = "none"
"""The security level of a protocol without Paillier: the curve alone sets it."""

_REJECTION_TRIES: Final = 256


class Transcript:
    """A running hash of typed, labelled values."""

    __slots__ = ("_hash",)

    def __init__(self, protocol: str) -> None:
        self._hash = hashlib.shake_256()
        self._push("open", DOMAIN, protocol)

    @classmethod
    def bound(
        cls, protocol: str, *, execution_id: bytes, party: int, level: str = NO_LEVEL
    ) -> Transcript:
        """A transcript that is worthless in another execution, for another prover or level."""
        transcript = cls(protocol)
        transcript.absorb("execution id", execution_id)
        transcript.absorb("party", party)
        transcript.absorb("security level", level)
        return transcript

    def absorb(self, label: str, value: Value) -> None:
        """Add a labelled value. Raises EncodingError for a value that has no encoding."""
        self._push("absorb", label, value)

    def copy(self) -> Transcript:
        """An independent transcript with the same history."""
        twin = Transcript.__new__(Transcript)
        twin._hash = self._hash.copy()
        return twin

    def challenge_bytes(self, label: str, length: int) -> bytes:
        """A challenge of `length` bytes. Raises ParameterError below 1."""
        if length < 1:
            raise ParameterError(f"a challenge has at least one byte, not {length}")
        self._push("challenge bytes", label, length)
        return self._hash.digest(length)

    def challenge_bits(self, label: str, count: int) -> tuple[int, ...]:
        """Exactly `count` bits, each 0 or 1."""
        data = self.challenge_bytes(label, (count + 7) // 8)
        return tuple(data[i >> 3] >> (i & 7) & 1 for i in range(count))

    def challenge_below(self, label: str, bound: int) -> int:
        """Uniform in 0 ≤ e < bound, by rejection."""
        return self.challenges_below(label, bound, 1)[0]

    def challenges_below(self, label: str, bound: int, count: int) -> tuple[int, ...]:
        """Exactly `count` independent values, each uniform in 0 ≤ e < bound, by rejection."""
        if bound < 1 or count < 1:
            raise ParameterError(f"no {count} challenges below {bound} exist")
        self._push("challenge below", label, (bound, count))
        seed = self._hash.digest(64)
        return tuple(_below(seed, index, bound) for index in range(count))

    def challenge_signed(self, label: str, bound: int) -> int:
        """Uniform in −bound ≤ e ≤ bound, by rejection."""
        return self.challenge_below(label, 2 * bound + 1) - bound

    def _push(self, kind: str, label: str, value: Value) -> None:
        item = bytearray()
        write_item(item, (kind, label, value))
        self._hash.update(item)


def _below(seed: bytes, index: int, bound: int) -> int:
    """The first candidate of `bound`'s bit length below it; fails with probability < 2^-256."""
    bits = (bound - 1).bit_length()
    length = (bits + 7) // 8
    for counter in range(_REJECTION_TRIES):
        block = seed + index.to_bytes(4, "big") + counter.to_bytes(4, "big")
        data = hashlib.shake_256(block).digest(length)
        candidate = int.from_bytes(data, "big") >> (8 * length - bits)
        if candidate < bound:
            return candidate
    raise ParameterError(f"no challenge below a bound of {bits} bits was found: the hash is broken")
