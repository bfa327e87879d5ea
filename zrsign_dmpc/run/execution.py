"""What all parties of one run agree on before it starts: who, what, and under which name.

The session id hashes all of it, every message signs the session id, and every proof is bound to it:
nothing said in one execution means anything in another. The caller must never use an execution id
twice, not even to start an execution again that crashed: a party that runs twice under one id signs
two different messages in one slot, and that is how equivocation looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, Self, TypeVar
from typing import Protocol as Interface

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from zrsign_dmpc.errors import InvalidPoint, ParameterError
from zrsign_dmpc.group.curves import ED25519, Group
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record
from zrsign_dmpc.wire.transcript import NO_LEVEL, Transcript

R = TypeVar("R", bound=Record)
D = TypeVar("D")
MAX_HOLDERS: Final = 32
"""How many parties may hold shares of one key."""
MAX_PARTIES: Final = 2 * MAX_HOLDERS
"""How many parties one execution may have: two groups meet when a key is reshared."""
MAX_INDEX: Final = 0xFFFF
EXECUTION_ID_BYTES: Final = (16, 64)
ROUND_MESSAGE_BYTES: Final = 1 << 17
"""Bytes of a body at most, unless its round says otherwise.

The largest are an opening of auxiliary information at PAILLIER_3072 (101,200) and the products of a
presigning there with 32 signers (96,300).
"""

ONLINE_MESSAGE_BYTES: Final = 1 << 12
"""Bytes of a body with the shares of up to 64 signatures, which take 38 each."""


@lru_cache(maxsize=1024)
def _check_identity(key: bytes) -> None:
    """Raises InvalidPoint. The same keys come again with every execution."""
    ED25519.decode(key)


class IdentityKey:
    """A party's long-term Ed25519 key: it signs every message that the party sends."""

    __slots__ = ("_key",)

    def __init__(self, seed: bytes) -> None:
        """`seed`: 32 secret bytes (RFC 8032)."""
        self._key = SigningKey(seed)

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return bytes(self._key.verify_key)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature of a message, 64 bytes (RFC 8032)."""
        return self._key.sign(message).signature

    def __repr__(self) -> str:
        return f"<IdentityKey {self.public_key.hex()}>"


@dataclass(frozen=True)
class Parties:
    """The participants by index; an index is also the party's Shamir coordinate, so never zero."""

    keys: tuple[tuple[int, bytes], ...]
    """(index, Ed25519 identity key), by ascending index."""

    def __post_init__(self) -> None:
        indices = [index for index, _ in self.keys]
        if not 2 <= len(indices) <= MAX_PARTIES:
            raise ParameterError(f"2 to {MAX_PARTIES} parties take part, not {len(indices)}")
        if indices != sorted(set(indices)) or not 1 <= indices[0] <= indices[-1] <= MAX_INDEX:
            raise ParameterError(f"party indices are distinct, ascending and 1 to {MAX_INDEX}")
        if len({key for _, key in self.keys}) != len(self.keys):
            raise ParameterError("two parties have the same identity key")
        for index, key in self.keys:
            try:
                _check_identity(key)
            except InvalidPoint as error:
                raise ParameterError(f"the identity key of party {index} is invalid") from error

    @classmethod
    def of(cls, keys: Mapping[int, bytes]) -> Self:
        """The parties with these identity keys, by index. Raises ParameterError."""
        return cls(tuple(sorted(keys.items())))

    @cached_property
    def indices(self) -> tuple[int, ...]:
        """The indices of the parties, ascending."""
        return tuple(index for index, _ in self.keys)

    @cached_property
    def _verify_keys(self) -> dict[int, VerifyKey]:
        return {index: VerifyKey(key) for index, key in self.keys}

    def subset(self, indices: Iterable[int]) -> Parties:
        """Some of the parties. Raises ParameterError for an index that is not among them."""
        chosen, known = tuple(sorted(indices)), dict(self.keys)
        if missing := set(chosen) - set(known):
            raise ParameterError(f"{sorted(missing)} are not among the parties {self.indices}")
        return Parties(tuple((index, known[index]) for index in chosen))

    def verify(self, index: int, message: bytes, signature: bytes) -> bool:
        """Whether the party with this index signed the message."""
        key = self._verify_keys.get(index)
        if key is None or len(signature) != 64:
            return False
        try:
            key.verify(message, signature)
        except BadSignatureError:
            return False
        return True


@dataclass(frozen=True)
class RoundSpec:
    """What every party sends in one round: a broadcast, a direct message to each other, or both."""

    broadcast: type[Record] | None = None
    direct: type[Record] | None = None
    max_bytes: int = ROUND_MESSAGE_BYTES
    """The size of a body at most; a longer one is malformed."""


class Heard(Interface):
    """What a check may read: the messages of an execution, and what follows from them."""

    @property
    def execution(self) -> Execution:
        """The execution that the messages are of."""

    def broadcast(self, round_number: int, sender: int, kind: type[R]) -> R:
        """The body of a broadcast. Raises DmpcError when there is none of this kind."""

    def broadcasts(self, round_number: int, kind: type[R]) -> dict[int, R]:
        """Everybody's broadcast of a round, by ascending index."""

    def direct(self, round_number: int, sender: int, recipient: int, kind: type[R]) -> R:
        """The body of a direct message. Raises DmpcError when there is none of this kind."""

    def derive(self, name: str, compute: Callable[[], D]) -> D:
        """What follows from the messages and is needed often; computed once."""


Check = Callable[[Heard, int, Value], bool]
"""(what was heard, suspect, witness) ↦ whether they prove the fault. Pure: it runs in a party, and
wherever evidence is verified. It reads the suspect's messages and all earlier broadcasts."""


@dataclass(frozen=True)
class Protocol:
    """The public description of a protocol: enough to verify evidence without taking part."""

    name: str
    rounds: tuple[RoundSpec, ...]
    faults: Mapping[str, Check] = field(default_factory=dict)
    context: Value = ()
    """Public inputs that all parties agree on (a key, a message to sign)."""


@dataclass(frozen=True)
class Execution:
    """One run of a protocol."""

    protocol: Protocol
    execution_id: bytes
    parties: Parties
    threshold: int
    group: Group
    level: str = NO_LEVEL

    def __post_init__(self) -> None:
        low, high = EXECUTION_ID_BYTES
        if not low <= len(self.execution_id) <= high:
            raise ParameterError(f"an execution id has {low} to {high} bytes, and is never reused")
        if self.threshold < 2:
            raise ParameterError(f"the threshold is at least 2, not {self.threshold}")

    @cached_property
    def sid(self) -> bytes:
        """The session id: 32 bytes that bind all of the above."""
        transcript = Transcript("session")
        transcript.absorb("protocol", self.protocol.name)
        transcript.absorb("execution id", self.execution_id)
        transcript.absorb("parties", self.parties.keys)
        transcript.absorb("threshold", self.threshold)
        transcript.absorb("group", self.group.name)
        transcript.absorb("security level", self.level)
        transcript.absorb("context", self.protocol.context)
        return transcript.challenge_bytes("sid", 32)

    def transcript(self, label: str, party: int) -> Transcript:
        """A transcript for a proof that `party` makes in this execution."""
        name = f"{self.protocol.name}/{label}"
        return Transcript.bound(name, execution_id=self.sid, party=party, level=self.level)

    def others(self, me: int) -> tuple[int, ...]:
        """The indices of all parties but `me`, ascending."""
        return tuple(index for index in self.parties.indices if index != me)
