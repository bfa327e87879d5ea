"""FROST signing (RFC 9591 §4 and §5) as functions of values: no rounds, no messages, no storage.

    D = d·G, E = e·G                                   every signer, before anything else is known
    ρᵢ = H1(PK ‖ H4(message) ‖ H5(list) ‖ i)           R = Σ (Dᵢ + ρᵢ·Eᵢ),  c = H2(R, PK, message)
    zᵢ = dᵢ + ρᵢ·eᵢ + λᵢ·xᵢ·c                          z = Σ zᵢ, the signature is (R, z)

For BIP 340 a key or nonce with odd y stands for its negative: PK, every xᵢ and Xᵢ are negated when
y(PK) is odd, every dᵢ and eᵢ when y(R) is odd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.frost.suites import Suite, has_odd_y
from zrsign_dmpc.group.curves import Point, Rng, system_rng
from zrsign_dmpc.group.sharing import lagrange
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.wire.records import Record


class InvalidShares(DmpcError):
    """The shares do not make a signature; `culprits` sent those that fail their check."""

    def __init__(self, culprits: tuple[int, ...]) -> None:
        self.culprits = culprits
        super().__init__(f"invalid signature shares of {culprits}")


@dataclass(frozen=True)
class NonceCommitment(Record):
    """What a signer publishes of a nonce pair."""

    index: int
    hiding: Point
    binding: Point


@dataclass(frozen=True)
class NoncePair:
    """A signer's secret nonces. Two signatures with one pair give the key share away."""

    hiding: int = field(repr=False)
    binding: int = field(repr=False)
    commitment: NonceCommitment


def generate_nonces(suite: Suite, share: KeyShare, rng: Rng = system_rng) -> NoncePair:
    """A fresh pair: H3(32 random bytes ‖ xᵢ), so that a weak generator alone reveals nothing."""
    secret = suite.group.encode_scalar(share.secret)
    hiding, binding = (suite.h3(rng(32) + secret) for _ in range(2))
    return nonce_pair(suite, share.index, hiding, binding)


def nonce_pair(suite: Suite, index: int, hiding: int, binding: int) -> NoncePair:
    """The pair with these secrets, and its commitment."""
    base_mul = suite.group.base_mul
    commitment = NonceCommitment(index, base_mul(hiding), base_mul(binding))
    return NoncePair(hiding, binding, commitment)


@dataclass(frozen=True)
class SigningPackage:
    """All that signers must agree on: key, message, and who signs with which nonces."""

    suite: Suite
    key: KeyInfo
    message: bytes
    commitments: tuple[NonceCommitment, ...]

    def __post_init__(self) -> None:
        """Raises ParameterError unless t to n share holders commit, once each, in order."""
        indices = tuple(commitment.index for commitment in self.commitments)
        if self.key.check_signers(indices) != indices:
            raise ParameterError(f"commitments are in ascending order of the signers: {indices}")
        if self.key.group is not self.suite.group:
            raise ParameterError(
                f"{self.suite.name} does not sign with a {self.key.group.name} key"
            )

    @cached_property
    def signers(self) -> tuple[int, ...]:
        """The indices of the signers, in the order of their commitments."""
        return tuple(commitment.index for commitment in self.commitments)

    @cached_property
    def public_key(self) -> Point:
        """PK as verifiers see it."""
        return self.key.public_key * self._key_sign

    @cached_property
    def binding_factors(self) -> dict[int, int]:
        """ρᵢ by signer."""
        suite = self.suite
        prefix = self.public_key.encode() + suite.h4(self.message) + suite.h5(self._list())
        encode_scalar = suite.group.encode_scalar
        return {i: suite.h1(prefix + encode_scalar(i)) for i in self.signers}

    @cached_property
    def group_commitment(self) -> Point:
        """R, before BIP 340 takes it with even y."""
        group, factors = self.suite.group, self.binding_factors
        points = [commitment.hiding for commitment in self.commitments]
        points += [factors[c.index] * c.binding for c in self.commitments]
        commitment = group.sum(points)
        if commitment.is_identity:
            raise ParameterError("the nonces cancel out: sign again with fresh ones")
        return commitment

    @cached_property
    def challenge(self) -> int:
        """c = H2(R, PK, message), a scalar (RFC 9591 §4.6)."""
        return self.suite.challenge(self.group_commitment, self.public_key, self.message)

    def sign(self, share: KeyShare, nonces: NoncePair) -> int:
        """zᵢ. The caller must have consumed the nonces, durably.

        Raises:
            ParameterError: the share or the nonces are not what the package holds for this signer.
        """
        if share.info != self.key or nonces.commitment not in self.commitments:
            raise ParameterError("the package was made for another key or for other nonces")
        if nonces.commitment.index != share.index:
            raise ParameterError(f"the nonces belong to party {nonces.commitment.index}")
        order, i = self.suite.group.order, share.index
        nonce = nonces.hiding + nonces.binding * self.binding_factors[i]
        return (nonce * self._nonce_sign + self._weight(i) * share.secret) % order

    def is_valid_share(self, index: int, z: int) -> bool:
        """zᵢ·G = Dᵢ + ρᵢ·Eᵢ + c·λᵢ·Xᵢ: whether the signer with this index did its part."""
        group = self.suite.group
        if not 0 <= z < group.order:
            return False
        commitment = self.commitments[self.signers.index(index)]
        nonce = commitment.hiding + self.binding_factors[index] * commitment.binding
        expected = nonce * self._nonce_sign + self._weight(index) * self.key.shares[index]
        return group.base_mul(z) == expected

    def aggregate(self, shares: Mapping[int, int]) -> bytes:
        """The signature, checked as any verifier checks it.

        Raises:
            ParameterError: a signer's share is missing, or there is one of somebody else.
            InvalidShares: with the culprits, who are looked for only when the signature is bad.
        """
        if tuple(sorted(shares)) != self.signers:
            raise ParameterError(f"shares of exactly {self.signers} are needed")
        order = self.suite.group.order
        z = sum(shares.values()) % order
        signature = self.suite.encode_signature(self.group_commitment, z)
        reduced = all(0 <= share < order for share in shares.values())
        if reduced and self.suite.verify(self.public_key, self.message, signature):
            return signature
        raise InvalidShares(tuple(i for i in self.signers if not self.is_valid_share(i, shares[i])))

    @cached_property
    def _key_sign(self) -> int:
        return -1 if self.suite.even_y and has_odd_y(self.key.public_key) else 1

    @cached_property
    def _nonce_sign(self) -> int:
        return -1 if self.suite.even_y and has_odd_y(self.group_commitment) else 1

    def _weight(self, index: int) -> int:
        """c·λᵢ, with the sign of the key."""
        order = self.suite.group.order
        return self.challenge * lagrange(self.signers, index, order) * self._key_sign % order

    def _list(self) -> bytes:
        encode_scalar = self.suite.group.encode_scalar
        return b"".join(
            encode_scalar(c.index) + c.hiding.encode() + c.binding.encode()
            for c in self.commitments
        )
