"""Key shares: what every party knows of a key, and the one number that each keeps to itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import Group, Point
from zrsign_dmpc.group.sharing import lagrange
from zrsign_dmpc.wire.transcript import Transcript

CHAIN_CODE_BYTES: Final = 32
MAX_AUX_EPOCH: Final = 2**63 - 1


def require_aux_epoch(aux_epoch: int, since: int = 0) -> None:
    """Raises ParameterError for one that is none, or lies before `since`."""
    if not max(since, 0) <= aux_epoch <= MAX_AUX_EPOCH:
        raise ParameterError(
            f"epoch {aux_epoch} of auxiliary information is none from {since} to {MAX_AUX_EPOCH}"
        )


@dataclass(frozen=True)
class KeyInfo:
    """The public side of a shared key in one epoch."""

    group: Group
    threshold: int
    public_key: Point
    verification_shares: tuple[tuple[int, Point], ...]
    """(i, Xᵢ = xᵢ·G), by ascending index."""
    chain_code: bytes
    """32 bytes for BIP 32 and SLIP-10 derivation."""
    epoch: int
    execution_id: bytes
    """The session id of the execution that made this epoch."""
    aux_epoch: int = 0
    """The first epoch of auxiliary information that this epoch of the key may presign with."""

    @cached_property
    def shares(self) -> dict[int, Point]:
        """The verification shares Xᵢ by holder."""
        return dict(self.verification_shares)

    @cached_property
    def key_id(self) -> bytes:
        """32 bytes that name the key in this epoch."""
        transcript = Transcript("key")
        transcript.absorb("group", self.group.name)
        transcript.absorb("threshold", self.threshold)
        transcript.absorb("public key", self.public_key)
        transcript.absorb("shares", self.verification_shares)
        transcript.absorb("chain code", self.chain_code)
        transcript.absorb("epoch", self.epoch)
        transcript.absorb("execution", self.execution_id)
        if self.aux_epoch:
            # Keys of before named none, and keep their ids.
            transcript.absorb("auxiliary epoch", self.aux_epoch)
        return transcript.challenge_bytes("id", 32)

    def check_signers(self, signers: Iterable[int]) -> tuple[int, ...]:
        """The signer set in ascending order. Raises ParameterError unless t to n share holders."""
        chosen = tuple(sorted(signers))
        if len(set(chosen)) != len(chosen) or not set(chosen) <= set(self.shares):
            raise ParameterError(f"{chosen} are not distinct holders out of {sorted(self.shares)}")
        if len(chosen) < self.threshold:
            raise ParameterError(f"{len(chosen)} signers are below the threshold {self.threshold}")
        return chosen

    def is_consistent(self) -> bool:
        """Whether the shares are one polynomial of degree t − 1 through the public key.

        t shares and every further one must interpolate to the same public key.
        """
        indices = sorted(self.shares)
        base = indices[: self.threshold - 1]
        return all(
            self._interpolates([*base, further]) for further in indices[self.threshold - 1 :]
        )

    def _interpolates(self, indices: list[int]) -> bool:
        weights = [lagrange(indices, i, self.group.order) for i in indices]
        points = [self.shares[i] for i in indices]
        return self.group.multi_mul(weights, points) == self.public_key


@dataclass(frozen=True)
class KeyShare:
    """One party's share of a key. The secret is never printed; Python cannot promise to wipe it."""

    info: KeyInfo
    index: int
    secret: int = field(repr=False)
    """xᵢ, modulo the group's order."""

    def __post_init__(self) -> None:
        if self.info.group.base_mul(self.secret) != self.info.shares.get(self.index):
            raise ParameterError(f"the share of party {self.index} does not fit its public share")
