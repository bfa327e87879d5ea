"""What the signers say when they presign. Lists are over the other signers, by ascending index."""

from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.ecdsa.proofs import aff_g, aff_g_star, dec, elog, enc_elg
from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.wire.records import Record


@dataclass(frozen=True)
class Nonces(Record):
    """Round 1, broadcast: encryptions of k and γ, by Paillier and in the exponent."""

    TAG: ClassVar[str] = "presign-nonces"

    K: int
    G: int
    Y: Point
    A1: Point
    A2: Point
    B1: Point
    B2: Point


@dataclass(frozen=True)
class NonceProofs(Record):
    """Round 1, to each: k and γ are in range."""

    TAG: ClassVar[str] = "presign-nonce-proofs"

    psi_0: enc_elg.Proof
    psi_1: enc_elg.Proof


@dataclass(frozen=True)
class Products(Record):
    """Round 2, broadcast: Γ_i, and the masked products for each other signer."""

    TAG: ClassVar[str] = "presign-products"

    Gamma: Point
    D: tuple[int, ...]
    F: tuple[int, ...]
    D_hat: tuple[int, ...]
    F_hat: tuple[int, ...]
    psi: elog.Proof


@dataclass(frozen=True)
class ProductProofs(Record):
    """Round 2, to each: D and D̂ are affine in the recipient's K, in range."""

    TAG: ClassVar[str] = "presign-product-proofs"

    psi: aff_g.Proof
    psi_hat: aff_g.Proof


@dataclass(frozen=True)
class Openings(Record):
    """Round 3, broadcast: δ_i, Δ_i = k_i Γ, S_i = χ_i Γ."""

    TAG: ClassVar[str] = "presign-openings"

    delta: int
    Delta: Point
    S: Point
    psi: elog.Proof


@dataclass(frozen=True)
class Verdict(Record):
    """Round 4, broadcast: nothing if all is well, or proofs that the sender is not the reason."""

    TAG: ClassVar[str] = "presign-verdict"

    dec: tuple[dec.Proof, ...]
    aff_g_star: tuple[aff_g_star.Proof, ...]
