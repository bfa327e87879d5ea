"""Who presigns, and the secrets that the rounds hand on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from zrsign_dmpc.ecdsa.aux_info.info import AuxInfo
from zrsign_dmpc.ecdsa.paillier import PaillierPrivateKey, Randomizer
from zrsign_dmpc.ecdsa.presign.checks import PresignChecks
from zrsign_dmpc.ecdsa.presign.setup import PresignSetup
from zrsign_dmpc.ecdsa.proofs import aff_g
from zrsign_dmpc.ecdsa.spread import IN_ORDER, Spread
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import Rng
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.execution import Execution

M = TypeVar("M")


@dataclass(frozen=True)
class Signer:
    """Who presigns: the values that all rounds share. x is the additive key share."""

    execution: Execution
    checks: PresignChecks
    me: int
    key: PaillierPrivateKey = field(repr=False)
    x: int = field(repr=False)
    rng: Rng = field(repr=False)

    @classmethod
    def of(
        cls,
        execution: Execution,
        setup: PresignSetup,
        share: KeyShare,
        aux: AuxInfo,
        rng: Rng,
        spread: Spread = IN_ORDER,
    ) -> "Signer":
        """Raises ParameterError for a share or auxiliary information of another setup."""
        if share.info.key_id != setup.key.key_id or aux.public.digest != setup.aux.digest:
            raise ParameterError("the share or the auxiliary information is not the setup's")
        if aux.index != share.index or share.index not in setup.signers:
            raise ParameterError(f"party {share.index} is not one of the signers {setup.signers}")
        checks = PresignChecks(setup, aux, spread)
        for signer in setup.signers:
            checks.ring_pedersen[signer].prepare()
        return cls(execution, checks, share.index, aux.key, setup.x(share), rng)

    @property
    def others(self) -> tuple[int, ...]:
        """The other signers."""
        return self.execution.others(self.me)

    def for_others(self, make: Callable[[int], M]) -> dict[int, M]:
        """What `make` makes for every other signer."""
        return dict(zip(self.others, self.checks.spread(make, self.others), strict=True))


@dataclass(frozen=True)
class Mask:
    """What hides one product: y, and the randomness of D and F."""

    y: int
    D: Randomizer
    F: Randomizer


@dataclass(frozen=True, repr=False)
class NonceSecrets:
    """k and γ with the randomness of their encryptions."""

    k: int
    gamma: int
    rho: Randomizer
    nu: Randomizer
    a: int
    b: int


def witness(x: int, mask: Mask) -> aff_g.Witness:
    """What proves a masked product by x."""
    return aff_g.Witness(x, mask.y, mask.D.r, mask.F.r)
