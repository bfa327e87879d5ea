"""Key refresh: all shares are re-randomised, the public key stays what it is.

Every holder deals a sharing of zero (Herzberg et al. 1995; CGGMP24 Fig. 7 with Feldman's sharing in
place of additive shares), and each adds what it gets to its share. The constant terms are zero by
the form of the messages: their commitments are not sent. A dealer whose polynomial has another
constant term deals shares that are not on the polynomial it committed to, and is named by them.

A thief must steal t shares within one epoch: t − 1 of one epoch and any number of others fit
nowhere together. That holds only if the old shares are erased once the epoch is committed
(`zrsign_dmpc.kept.epochs`), backups included, and for ECDSA only if Paillier and ring-Pedersen keys
are renewed as well, as Fig. 7 does: who has an old Paillier secret reads the new share out of one
presigning. So the next epoch names the next epoch of auxiliary information, which the group makes
(`zrsign_dmpc.ecdsa.aux_info`), and presigns with no older one.
"""

from __future__ import annotations

from typing import Final

from zrsign_dmpc.group.curves import Rng, system_rng
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.reshare.plan import NewEpoch, Redistribution
from zrsign_dmpc.reshare.redistribution import redistribution_execution, start_redistribution
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties
from zrsign_dmpc.run.session import Session

NAME: Final = "zrsign-refresh-v1"


def refresh_plan(key: KeyInfo) -> Redistribution:
    """All holders deal zero to all; the next epoch presigns with the next auxiliary information."""
    holders = tuple(sorted(key.shares))
    return Redistribution(
        key,
        tuple((i, 0) for i in holders),
        holders,
        key.threshold,
        keeps=True,
        aux_epoch=key.aux_epoch + 1,
    )


def refresh_execution(key: KeyInfo, parties: Parties, execution_id: bytes) -> Execution:
    """One refresh. Raises ParameterError unless `parties` are exactly the holders."""
    return redistribution_execution(NAME, refresh_plan(key), parties, execution_id)


def start_refresh(
    execution: Execution, share: KeyShare, identity: IdentityKey, rng: Rng = system_rng
) -> Session[NewEpoch]:
    """This holder's side. Raises ParameterError if the execution refreshes another key."""
    plan = refresh_plan(share.info)
    return start_redistribution(execution, plan, share.index, identity, share, rng)
