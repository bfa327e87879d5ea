"""What a signer set agrees on before it presigns: key, auxiliary information, members."""

# ruff: noqa: N802 - letters are the paper's
from dataclasses import dataclass

from zrsign_dmpc.ecdsa.aux_info.info import PublicAuxInfo
from zrsign_dmpc.ecdsa.errors import StaleAuxInfo
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import SECP256K1, Point
from zrsign_dmpc.group.sharing import lagrange
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.wire.encoding import Value


@dataclass(frozen=True)
class PresignSetup:
    """Public. A presignature is of a key and serves all its children: `Order` names one."""

    key: KeyInfo
    aux: PublicAuxInfo
    signers: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.key.group is not SECP256K1:
            raise ParameterError(f"ECDSA needs a secp256k1 key, not {self.key.group.name}")
        if self.key.check_signers(self.signers) != self.signers:
            raise ParameterError(f"signers are named in ascending order, not {self.signers}")
        self.aux.require_members(self.signers)
        if self.aux.epoch < self.key.aux_epoch:
            raise StaleAuxInfo(
                f"auxiliary information of epoch {self.aux.epoch} is too old for a key that was "
                f"renewed with epoch {self.key.aux_epoch}: make it anew"
            )
        points = [self.X(i) for i in self.signers]
        if SECP256K1.sum(points) != self.public_key or self.public_key.is_identity:
            raise ParameterError("the public shares of the signers do not add up to the key")

    @property
    def public_key(self) -> Point:
        """X, the key that is presigned for."""
        return self.key.public_key

    def X(self, index: int) -> Point:
        """The additive public share X_i."""
        return self._lagrange(index) * self.key.shares[index]

    def x(self, share: KeyShare) -> int:
        """The additive share x_i."""
        return self._lagrange(share.index) * share.secret % SECP256K1.order

    def value(self) -> Value:
        """All that this object fixes, as the session id hashes it."""
        return (
            self.aux.level.items(),
            self.key.key_id,
            self.aux.digest,
            self.signers,
        )

    def _lagrange(self, index: int) -> int:
        return lagrange(self.signers, index, SECP256K1.order)
