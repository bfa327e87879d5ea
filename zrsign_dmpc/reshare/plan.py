"""Who deals what to whom when a key moves to its next epoch: the public side of a redistribution.

Dealer i shares wᵢ·xᵢ with a random polynomial Fᵢ of degree t' − 1, and holder j ends with

    x'ⱼ = Σᵢ Fᵢ(j)            resharing: wᵢ = λᵢ, the Lagrange weight of i among the dealers
    x'ⱼ = xⱼ + Σᵢ Fᵢ(j)       refresh: wᵢ = 0, everybody deals a sharing of zero

The commitment to Fᵢ's constant term is Cᵢ = wᵢ·Xᵢ: everybody knows it, so nobody sends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import Group, Point
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare, require_aux_epoch
from zrsign_dmpc.run.execution import MAX_HOLDERS
from zrsign_dmpc.wire.encoding import Value


@dataclass(frozen=True)
class Redistribution:
    """One redistribution. Raises ParameterError unless it leaves the public key as it is."""

    key: KeyInfo
    """The key in the epoch that ends."""
    weights: tuple[tuple[int, int], ...]
    """(dealer i, wᵢ), by ascending index."""
    holders: tuple[int, ...]
    """The holders in the next epoch, ascending."""
    threshold: int
    """t', of the next epoch."""
    keeps: bool
    """Whether a holder adds what it receives to its old share."""
    aux_epoch: int
    """The least epoch of auxiliary information that the next epoch may presign with."""

    def __post_init__(self) -> None:
        require_aux_epoch(self.aux_epoch, self.key.aux_epoch)
        if not 2 <= self.threshold <= len(self.holders) <= MAX_HOLDERS:
            raise ParameterError(
                f"no threshold {self.threshold} of {len(self.holders)} holders exists: "
                f"take 2 ≤ t ≤ n ≤ {MAX_HOLDERS}"
            )
        if list(self.holders) != sorted(set(self.holders)):
            raise ParameterError(f"holders are distinct and ascending, not {self.holders}")
        if self.keeps and (self.holders, self.threshold) != (
            tuple(self.key.shares),
            self.key.threshold,
        ):
            raise ParameterError("shares are kept by all holders with the same threshold, or none")
        kept = self.key.public_key if self.keeps else self.group.identity
        if self.group.sum((kept, *self.constants.values())) != self.key.public_key:
            raise ParameterError("the dealers' public shares do not add up to the public key")

    @property
    def group(self) -> Group:
        """The curve of the key."""
        return self.key.group

    @cached_property
    def constants(self) -> dict[int, Point]:
        """Cᵢ = wᵢ·Xᵢ, by dealer."""
        return {i: weight * self.key.shares[i] for i, weight in self.weights}

    @cached_property
    def parties(self) -> tuple[int, ...]:
        """Everybody who takes part: dealers and holders."""
        return tuple(sorted({*self.constants, *self.holders}))

    def recipients(self, dealer: int) -> tuple[int, ...]:
        """Whom the dealer sends a share to, ascending; nobody for a party that does not deal."""
        if dealer not in self.constants:
            return ()
        return tuple(holder for holder in self.holders if holder != dealer)

    def constant_of(self, share: KeyShare) -> int:
        """wᵢ·xᵢ mod q."""
        return dict(self.weights)[share.index] * share.secret % self.group.order

    def kept_point(self, holder: int) -> Point:
        """What a holder starts from: its old public share, or nothing."""
        return self.key.shares[holder] if self.keeps else self.group.identity

    def value(self) -> Value:
        """All that this object fixes, as the session id hashes it."""
        return (
            self.key.key_id,
            self.weights,
            self.holders,
            self.threshold,
            int(self.keeps),
            self.aux_epoch,
        )


@dataclass(frozen=True)
class NewEpoch:
    """The outcome: the key in its next epoch, and this party's share of it if it holds one."""

    info: KeyInfo
    share: KeyShare | None
