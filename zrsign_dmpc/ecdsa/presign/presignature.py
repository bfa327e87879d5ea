"""A presignature: one signature's nonce, shared, with what it takes to check every share."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final

from zrsign_dmpc.ecdsa.presign.setup import PresignSetup
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import SECP256K1, Point
from zrsign_dmpc.kept.single_use import SingleUseItem
from zrsign_dmpc.wire.records import Record
from zrsign_dmpc.wire.transcript import Transcript

PRESIGNATURE: Final = "presignature"


@dataclass(frozen=True)
class PublicPresignature(Record):
    """What all signers know. Δ̃_j = Δ_j/δ and S̃_j = S_j/δ check the share of signer j."""

    TAG: ClassVar[str] = "public-presignature"

    id: bytes
    """The session id of its presigning: it names the presignature, and is used once, ever."""
    key_id: bytes
    """The key in its epoch."""
    epoch: int
    public_key: Point
    """X. A presignature of a version before 2026-11-30 may have been made for one child: then it is
    of that child, and an order's shift counts from there."""
    signers: tuple[int, ...]
    Gamma: Point
    """The nonce point, which every order re-randomises."""
    Delta: tuple[Point, ...]
    S: tuple[Point, ...]

    @cached_property
    def digest(self) -> bytes:
        """32 bytes over all of it."""
        transcript = Transcript("presignature")
        transcript.absorb("presignature", self.to_value())
        return transcript.challenge_bytes("digest", 32)

    @property
    def item(self) -> SingleUseItem:
        """What a signing strikes off."""
        return SingleUseItem(PRESIGNATURE, self.id, self.key_id, self.epoch, self.signers)

    def is_consistent(self) -> bool:
        """Whether Σ Δ̃_j = G and Σ S̃_j = X: then shares that pass their checks make a signature."""
        sums = SECP256K1.sum(self.Delta), SECP256K1.sum(self.S)
        return sums == (SECP256K1.generator, self.public_key)


@dataclass(frozen=True)
class Presignature(Record):
    """One signer's part. k̃_i = k_i/δ and χ̃_i = χ_i/δ; two signatures from it reveal the key.

    Its encoding is secret: to be sealed, and erased once it is used.
    """

    TAG: ClassVar[str] = "presignature"

    public: PublicPresignature
    index: int
    k: int = field(repr=False)
    chi: int = field(repr=False)

    def __post_init__(self) -> None:
        if self.index not in self.public.signers:
            raise ParameterError(f"party {self.index} is not one of {self.public.signers}")
        place = self.public.signers.index(self.index)
        mine = self.k * self.public.Gamma, self.chi * self.public.Gamma
        if mine != (self.public.Delta[place], self.public.S[place]):
            raise ParameterError(f"the secrets of signer {self.index} do not fit its public values")


def assemble(
    setup: PresignSetup,
    id_: bytes,
    nonce_point: Point,
    delta: int,
    products: dict[int, tuple[Point, Point]],
) -> PublicPresignature:
    """The public presignature of δ and every signer's (Δ_j, S_j), by ascending index."""
    inverse = pow(delta, -1, SECP256K1.order)
    return PublicPresignature(
        id=id_,
        key_id=setup.key.key_id,
        epoch=setup.key.epoch,
        public_key=setup.public_key,
        signers=setup.signers,
        Gamma=nonce_point,
        Delta=tuple(inverse * Delta for Delta, _ in products.values()),
        S=tuple(inverse * S for _, S in products.values()),
    )
