"""What a group knows of its Paillier and ring-Pedersen keys, and what each member knows more."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from dmpc.ecdsa.paillier import PaillierKey, PaillierPrivateKey
from dmpc.ecdsa.ring_pedersen import RingPedersen, RingPedersenTrapdoor
from dmpc.ecdsa.security import SecurityLevel
from dmpc.errors import ParameterError
from dmpc.transcript import Transcript


@dataclass(frozen=True)
class PublicAuxInfo:
    """The verified keys of all members, by index."""

    level: SecurityLevel
    paillier: dict[int, PaillierKey]
    ring_pedersen: dict[int, RingPedersen]
    execution_id: bytes
    """The session id of the execution that verified them."""

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that name these keys."""
        transcript = Transcript("auxiliary information")
        transcript.absorb("level", self.level.items())
        transcript.absorb("execution", self.execution_id)
        for index in sorted(self.paillier):
            items = (index, self.paillier[index].N, *self.ring_pedersen[index].items())
            transcript.absorb("party", items)
        return transcript.challenge_bytes("digest", 32)

    def require_members(self, indices: Iterable[int]) -> None:
        """Raises ParameterError for an index that has no keys here."""
        if missing := set(indices) - set(self.paillier):
            raise ParameterError(
                f"parties {sorted(missing)} have no auxiliary information: run the protocol "
                "again with all of them"
            )


@dataclass(frozen=True)
class AuxInfo:
    """One member's view. The secrets are never printed and never sent."""

    public: PublicAuxInfo
    index: int
    key: PaillierPrivateKey = field(repr=False)
    trapdoor: RingPedersenTrapdoor = field(repr=False)

    def __post_init__(self) -> None:
        mine = (self.public.paillier[self.index].N, self.public.ring_pedersen[self.index].items())
        if mine != (self.key.N, self.trapdoor.items()):
            raise ParameterError(f"the secrets of party {self.index} do not fit its public keys")
