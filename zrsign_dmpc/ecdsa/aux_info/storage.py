"""Auxiliary information as a record, for a sealed store. The encoding holds the primes."""

from dataclasses import dataclass, field
from typing import ClassVar

from zrsign_dmpc.ecdsa.aux_info.info import AuxInfo, PublicAuxInfo
from zrsign_dmpc.ecdsa.paillier import PaillierKey, PaillierPrivateKey
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen, RingPedersenTrapdoor
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.wire.records import Record


@dataclass(frozen=True)
class StoredKeys(Record):
    """One member's public keys."""

    TAG: ClassVar[str] = "stored-aux-keys"

    index: int
    N: int
    N_hat: int
    s: int
    t: int


@dataclass(frozen=True)
class StoredAuxInfo(Record):
    """Everything in an AuxInfo but its tables and pools. Secret."""

    TAG: ClassVar[str] = "stored-aux-info"
    ADDED: ClassVar[int] = 1

    level: str
    index: int
    execution_id: bytes
    keys: tuple[StoredKeys, ...]
    p: int = field(repr=False)
    q: int = field(repr=False)
    p_hat: int = field(repr=False)
    q_hat: int = field(repr=False)
    lambda_: int = field(repr=False)
    epoch: int = 0

    @classmethod
    def of(cls, info: AuxInfo) -> "StoredAuxInfo":
        """The record of auxiliary information, for a sealed store. It holds the primes."""
        public = info.public
        keys = (
            StoredKeys(i, public.paillier[i].N, *public.ring_pedersen[i].items())
            for i in sorted(public.paillier)
        )
        return cls(
            level=public.level.name,
            index=info.index,
            execution_id=public.execution_id,
            keys=tuple(keys),
            p=info.key.p,
            q=info.key.q,
            p_hat=info.trapdoor.modulus.left,
            q_hat=info.trapdoor.modulus.right,
            lambda_=info.trapdoor.lambda_,
            epoch=public.epoch,
        )

    def restore(self, level: SecurityLevel) -> AuxInfo:
        """Raises ParameterError for another level, or secrets that do not fit the public keys."""
        if level.name != self.level:
            raise ParameterError(f"the store is of level {self.level}, not {level.name}")
        mine = [keys for keys in self.keys if keys.index == self.index]
        if len(mine) != 1:
            raise ParameterError(f"the store has {len(mine)} public keys of party {self.index}")
        public = PublicAuxInfo(
            level,
            {keys.index: PaillierKey(keys.N) for keys in self.keys},
            {
                k.index: RingPedersen.for_group(level, (k.N_hat, k.s, k.t), self.size)
                for k in self.keys
            },
            self.execution_id,
            self.epoch,
        )
        trapdoor = RingPedersenTrapdoor(level, (self.p_hat, self.q_hat), mine[0].t, self.lambda_)
        return AuxInfo(public, self.index, PaillierPrivateKey(self.p, self.q), trapdoor)

    @property
    def size(self) -> int:
        """Number of members."""
        return len(self.keys)
