"""What a resharing is for, and what each operator checks before it takes part.

A new epoch of a key serves an order of the administrators: a group, and a number of a refresh. The
protocol is the same for both (`zrsign_dmpc.reshare`): t of the old holders deal, all members of the
group get new shares. Nothing about the group comes from a proposal; the ledger's settings say it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from zrsign_dmpc.kept.epochs import EpochMember, KeyChange
from zrsign_dmpc.kept.key_records import StoredKeyInfo
from zrsign_dmpc.kept.keys import KeyInfo
from zrsign_dmpc.reshare import Redistribution, reshare_execution, reshare_plan
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.wire.records import Record
from zrsign_operator.errors import Refused
from zrsign_operator.peers.frames import Proposal, WorkKind
from zrsign_operator.peers.members import KeyringSettings, OperatorGroup

FIRST_ORDER: Final = 1
"""The epoch of auxiliary information that a keyring's first group makes: there is none to renew."""


@dataclass(frozen=True, order=True)
class Target(Record):
    """Which order an epoch serves."""

    TAG: ClassVar[str] = "target"

    group: int
    refresh: int

    @property
    def aux_epoch(self) -> int:
        """Which auxiliary information the order wants: every order counts up one of the two."""
        return self.group + self.refresh

    @classmethod
    def of(cls, settings: KeyringSettings) -> Self:
        """What the ledger wants now. Raises NotAMember while there is no group."""
        return cls(settings.group.number, settings.refresh)

    @classmethod
    def served_by(cls, made_by: Proposal) -> Self:
        """The order that an epoch serves, from the proposal that made it. Raises EncodingError."""
        if made_by.kind == WorkKind.RESHARE:
            details = ReshareDetails.decode(made_by.details)
            return cls(details.target.group, details.target.refresh)
        return cls.decode(made_by.details)


@dataclass(frozen=True)
class ReshareDetails(Record):
    """One resharing of one key."""

    TAG: ClassVar[str] = "reshare-details"

    target: Target
    key: StoredKeyInfo
    """The key in the epoch that ends.

    New members know it from here; a lie leads to no epoch, because the session id follows from it.
    """
    dealers: tuple[int, ...]
    """t of the old holders."""


@dataclass(frozen=True)
class Move:
    """A resharing as this operator's settings have it."""

    proposal: Proposal
    ledger_key: int
    key: KeyInfo
    plan: Redistribution
    execution: Execution
    change: KeyChange

    @property
    def public_key(self) -> bytes:
        """The encoded public key, which the change keeps."""
        return self.key.public_key.encode()

    @classmethod
    def read(cls, proposal: Proposal, settings: KeyringSettings) -> Move:
        """Raises Refused unless a member proposes it for a group of the ledger; DmpcError."""
        if not proposal.is_signed(settings.everybody):
            raise Refused("nobody signed this proposal")
        details = ReshareDetails.decode(proposal.details)
        group = _group(settings, details.target)
        if len(proposal.subjects) != 1:
            raise Refused("a resharing is of one key")
        if proposal.members != tuple(sorted({*details.dealers, *group.indices})):
            raise Refused("a resharing is done by its dealers and the whole group")
        key = details.key.restore()
        if len(details.dealers) != key.threshold:
            raise Refused(f"{key.threshold} deal, not {len(details.dealers)}")
        aux_epoch = details.target.aux_epoch
        plan = reshare_plan(key, details.dealers, group.indices, group.threshold, aux_epoch)
        parties = settings.parties(proposal.members)
        execution = reshare_execution(plan, parties, proposal.execution_id)
        members = tuple(EpochMember(each.index, each.identity) for each in group.members)
        change = KeyChange(key.key_id, key.epoch + 1, execution.sid, group.threshold, members)
        return cls(proposal, proposal.subject, key, plan, execution, change)


def _group(settings: KeyringSettings, target: Target) -> OperatorGroup:
    for group in settings.groups:
        if group.number == target.group:
            return group
    raise Refused(f"the ledger does not show group {target.group} here")
