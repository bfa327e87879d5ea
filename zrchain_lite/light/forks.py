"""Two blocks of one height that a client would both have believed, and who is to blame.

Source: CometBFT 0.38 spec/light-client/attacks (isolating attackers): equivocation is two commits
of one round, a lunatic attack a header whose state nobody agreed to. In an amnesia attack (two
rounds) the signatures alone do not say who broke a lock, and nobody is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zrchain_lite.light.blocks import LightBlock, Validator
from zrchain_lite.light.errors import BadBlock, LightError
from zrchain_lite.light.verification import Trust, signers, verify

_STATE = (
    "validators_hash",
    "next_validators_hash",
    "consensus_hash",
    "app_hash",
    "last_results_hash",
)


class Attack(StrEnum):
    """How validators made two blocks of one height."""

    EQUIVOCATION = "equivocation"
    LUNATIC = "lunatic"
    AMNESIA = "amnesia"


@dataclass(frozen=True)
class Fork:
    """Evidence that a third party can check: from `common` on, both blocks verify.

    `conflicting` is the one that is reported, `honest` the one that the reporter holds; which of
    them is the chain's, the evidence does not say.
    """

    common: LightBlock
    honest: LightBlock
    conflicting: LightBlock
    attack: Attack
    culprits: tuple[Validator, ...]


def fork(
    common: LightBlock, honest: LightBlock, conflicting: LightBlock, trust: Trust, now_ns: int
) -> Fork | None:
    """The evidence in two blocks, None when they are the same one.

    Raises LightError when one of them does not follow from `common`: who showed it is a liar,
    and no validator did wrong.
    """
    if honest.height != conflicting.height:
        raise BadBlock(f"blocks {honest.height} and {conflicting.height} do not conflict")
    verify(common, honest, trust, now_ns)
    verify(common, conflicting, trust, now_ns)
    if honest.hash == conflicting.hash:
        return None
    attack = _attack(honest, conflicting)
    return Fork(common, honest, conflicting, attack, _culprits(attack, common, honest, conflicting))


def holds(evidence: Fork, trust: Trust, now_ns: int) -> bool:
    """Whether somebody else's evidence shows what it says."""
    try:
        found = fork(evidence.common, evidence.honest, evidence.conflicting, trust, now_ns)
    except LightError:
        return False
    return found is not None and (found.attack, found.culprits) == (
        evidence.attack,
        evidence.culprits,
    )


def _attack(honest: LightBlock, conflicting: LightBlock) -> Attack:
    if any(getattr(honest.header, each) != getattr(conflicting.header, each) for each in _STATE):
        return Attack.LUNATIC
    same_round = honest.commit.round == conflicting.commit.round
    return Attack.EQUIVOCATION if same_round else Attack.AMNESIA


def _culprits(
    attack: Attack, common: LightBlock, honest: LightBlock, conflicting: LightBlock
) -> tuple[Validator, ...]:
    match attack:
        case Attack.LUNATIC:
            return signers(conflicting, common.validators)
        case Attack.EQUIVOCATION:
            both = signers(honest, honest.validators)
            return tuple(
                each for each in signers(conflicting, conflicting.validators) if each in both
            )
        case Attack.AMNESIA:
            return ()
