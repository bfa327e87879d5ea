"""What the parties say when they make auxiliary information."""

from dataclasses import dataclass
from typing import ClassVar, Final

from zrsign_dmpc.ecdsa.proofs import fac, mod, prm
from zrsign_dmpc.wire.records import Record

SEED_BYTES: Final = 32


@dataclass(frozen=True)
class Commitment(Record):
    """Round 1, broadcast: V = H(sid, i, opening)."""

    TAG: ClassVar[str] = "aux-commitment"

    digest: bytes


@dataclass(frozen=True)
class Opening(Record):
    """Round 2, broadcast: what V committed to."""

    TAG: ClassVar[str] = "aux-opening"

    N: int
    N_hat: int
    s: int
    t: int
    prm: prm.Proof
    rid: bytes
    blind: bytes


@dataclass(frozen=True)
class ModulusProof(Record):
    """Round 3, broadcast: N is a Paillier–Blum modulus."""

    TAG: ClassVar[str] = "aux-modulus"

    mod: mod.Proof


@dataclass(frozen=True)
class FactorProof(Record):
    """Round 3, to each: N has no small factor, under the recipient's parameters."""

    TAG: ClassVar[str] = "aux-factor"

    fac: fac.Proof


@dataclass(frozen=True)
class Confirmation(Record):
    """Round 4, broadcast: nothing but the signed view; the sender verified all of it."""

    TAG: ClassVar[str] = "aux-confirmation"
