"""Resharing: t of n old holders hand the key to another group with another threshold (REDIST).

A quorum of old holders deals; party i shares its additive share λᵢ·xᵢ, whose commitment λᵢ·Xᵢ
follows from the old public shares. So a dealer of anything else is named by its own share, and not
only the sum is checked. Groups may overlap or be disjoint; an index names the same party in both.

The public key and the chain code do not change. What the old holders keep still makes signatures:
they must erase it when the new epoch is committed (`zrsign_dmpc.kept.epochs`). An old quorum that
keeps its shares can always sign; resharing protects against thieves that come later, not against
old holders.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zrsign_dmpc.group.curves import Rng, system_rng
from zrsign_dmpc.group.sharing import lagrange
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.reshare.plan import NewEpoch, Redistribution
from zrsign_dmpc.reshare.redistribution import redistribution_execution, start_redistribution
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties
from zrsign_dmpc.run.session import Session

NAME: Final = "zrsign-reshare-v1"


def reshare_plan(
    key: KeyInfo,
    dealers: Iterable[int],
    holders: Iterable[int],
    threshold: int,
    aux_epoch: int | None = None,
) -> Redistribution:
    """A quorum of old holders deals to new holders with a new threshold.

    The next epoch presigns with auxiliary information from `aux_epoch` on, by default the next
    one. The same one again is for a holder that lost its share, and keeps no thief away.

    Raises:
        ParameterError: the dealers are no quorum, the public shares are not those of the key, not
            2 ≤ t' ≤ n' ≤ 32, or an `aux_epoch` before the key's.
    """
    quorum = key.check_signers(dealers)
    weights = tuple((i, lagrange(quorum, i, key.group.order)) for i in quorum)
    since = key.aux_epoch + 1 if aux_epoch is None else aux_epoch
    return Redistribution(
        key, weights, tuple(sorted(holders)), threshold, keeps=False, aux_epoch=since
    )


def reshare_execution(plan: Redistribution, parties: Parties, execution_id: bytes) -> Execution:
    """One resharing. `parties` are the dealers and the new holders. Raises ParameterError."""
    return redistribution_execution(NAME, plan, parties, execution_id)


def start_reshare(
    execution: Execution,
    plan: Redistribution,
    me: int,
    identity: IdentityKey,
    share: KeyShare | None = None,
    rng: Rng = system_rng,
) -> Session[NewEpoch]:
    """This party's side; a dealer brings its old share, all others None. Raises ParameterError."""
    return start_redistribution(execution, plan, me, identity, share, rng)
