"""How each kind of work runs: what this operator checks before it joins, and what becomes of it.

A proposal only says who should do what together. Everything that is to be believed comes from the
ledger's view and from what this operator holds: `prepare` raises Refused when these do not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from zrsign_dmpc.dkg import dkg_execution, start_dkg
from zrsign_dmpc.ecdsa import (
    AuxInfo,
    Presignature,
    PresignSetup,
    aux_info_execution,
    presign_execution,
    start_aux_info,
    start_presign,
)
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.reshare import NewEpoch, start_reshare
from zrsign_dmpc.run.session import Session
from zrsign_operator.errors import Refused
from zrsign_operator.keys.wallets import GROUPS
from zrsign_operator.ledger.approval import scheme_of
from zrsign_operator.ledger.orders import Move, ReshareDetails, Target
from zrsign_operator.peers.frames import Proposal, WorkKind
from zrsign_operator.work import signatures
from zrsign_operator.work.desk import Desk, Task
from zrsign_operator.work.details import PresignDetails
from zrsign_operator.work.limits import SUBJECTS


def prepare(desk: Desk, proposal: Proposal) -> Task:
    """What joining a proposal means here. Raises Refused, and DmpcError for bad parameters."""
    kind, count = WorkKind(proposal.kind), len(proposal.subjects)
    if SUBJECTS.get(kind, count) != count:
        raise Refused(f"{kind} is about {SUBJECTS[kind]} requests or keys, not {count}")
    return _PREPARE[kind](desk, proposal)


def aux(desk: Desk, proposal: Proposal) -> Task:
    """The making of auxiliary information. Raises Refused, with the reason."""
    level, target = desk.settings.group.level, Target.of(desk.settings)
    if Target.decode(proposal.details) != target:
        raise Refused(f"auxiliary information is made for {target} here")
    if not set(proposal.members) <= set(desk.settings.members):
        raise Refused("somebody is no member")
    if set(proposal.members) <= desk.covered():
        raise Refused("all of these have auxiliary information")
    parties = desk.settings.parties(proposal.members)
    execution = aux_info_execution(level, parties, proposal.execution_id, epoch=target.aux_epoch)
    secrets = desk.take_aux_secrets()
    if secrets is None:
        raise Refused("my primes are not made yet")

    def begin() -> Session[AuxInfo]:
        return start_aux_info(execution, level, desk.me, desk.identity, secrets)

    return Task(execution, begin, desk.holdings.add_aux)


def keygen(desk: Desk, proposal: Proposal) -> Task:
    """A key generation that the ledger asks for. Raises Refused, with the reason."""
    scheme = scheme_of(_key_type(desk, proposal.subject))
    if desk.holdings.key(proposal.subject) is not None:
        raise Refused(f"I hold a key for request {proposal.subject} already")
    if desk.is_running(WorkKind.KEYGEN, proposal.subject):
        # Two runs would make two keys, and the answers would not agree.
        raise Refused(f"a key for request {proposal.subject} is being made")
    target = Target.of(desk.settings)
    if Target.decode(proposal.details) != target:
        raise Refused(f"a new key is made for {target} here")
    _require_makers(desk, set(proposal.members))
    execution = dkg_execution(
        GROUPS[scheme],
        desk.settings.group.threshold,
        desk.settings.parties(proposal.members),
        proposal.execution_id,
        target.aux_epoch,
    )

    def begin() -> Session[KeyShare]:
        return start_dkg(execution, desk.me, desk.identity)

    def finish(share: KeyShare) -> None:
        desk.on_key(desk.holdings.adopt(proposal.subject, desk.me, scheme, share, proposal))

    return Task(execution, begin, finish)


def _key_type(desk: Desk, subject: int) -> str:
    """The type of a key of its own that is asked for, or of a wanted root. Raises Refused."""
    root, asked = desk.settings.roots.get(subject), desk.view.keys.get(subject)
    if root is not None and not root.active:
        return root.key_type
    if asked is None or asked.wallet.root:
        raise Refused(f"no key generation is asked for as {subject} here")
    return asked.wallet.key_type


def _require_makers(desk: Desk, members: set[int]) -> None:
    """All who are here make a key, and not too few: a proposer does not choose the holders.

    How many make it is how many can hold it, so the bound is that of roots on the ledger
    (`zrchain_lite.modules.operators.roots`): n, or n - absent. Raises Refused.
    """
    group = desk.settings.group
    if not members <= set(group.indices):
        raise Refused("somebody is not in the group")
    if left_out := desk.usable() & set(group.indices) - members:
        raise Refused(f"a key is made by all who are here, {sorted(left_out)} among them")
    if len(members) < len(group.indices) - group.absent:
        raise Refused(f"a key is made by all but {group.absent} members")


def reshare(desk: Desk, proposal: Proposal) -> Task:
    """New shares that the ledger orders, or that a member lacks. Raises Refused."""
    details = ReshareDetails.decode(proposal.details)
    if details.target != Target.of(desk.settings):
        raise Refused(f"the ledger orders {Target.of(desk.settings)} here")
    if desk.is_running(WorkKind.RESHARE, proposal.subject):
        raise Refused(f"new shares of key {proposal.subject} are being made")
    move = Move.read(proposal, desk.settings)
    held = desk.holdings.key(move.ledger_key, move.public_key)
    folder = desk.holdings.folder(move.ledger_key, move.public_key)
    if folder is not None and folder.keeper.state.pending is not None:
        raise Refused(f"another change of key {move.ledger_key} is not decided here")
    if held is None and (
        desk.me in details.dealers or desk.scheme_of(move.ledger_key, move.public_key) is None
    ):
        raise Refused(f"I hold no share of key {move.ledger_key}")
    if held is not None and held.share.info.key_id != move.key.key_id:
        raise Refused(f"key {move.ledger_key} is in another epoch here")
    if held is not None and not desk.is_due(held):
        raise Refused(f"key {move.ledger_key} is as it should be here")
    group = desk.settings.group.indices
    if desk.me in group and not set(group) <= desk.covered():
        raise Refused("the group has no auxiliary information for this order here")
    share = held.share if held is not None and desk.me in details.dealers else None

    def begin() -> Session[NewEpoch]:
        desk.changes.begin(move)
        return start_reshare(move.execution, move.plan, desk.me, desk.identity, share)

    def finish(made: NewEpoch) -> None:
        desk.changes.done(move, made.share)

    return Task(move.execution, begin, finish)


def presign(desk: Desk, proposal: Proposal) -> Task:
    """A presigning of a key that this operator holds. Raises Refused, with the reason."""
    details = PresignDetails.decode(proposal.details)
    held = desk.held(proposal.subject)
    info = desk.holdings.aux_named(details.aux)
    if held.share.info.key_id != details.key_id or held.suite is not None:
        raise Refused(f"key {proposal.subject} is in another epoch here, or not for ECDSA")
    if info is None:
        raise Refused("I do not have that auxiliary information")
    if info.public.level.security < desk.settings.level_of(held.serves.group).security:
        raise Refused(f"{info.public.level.name} is too low a level for key {proposal.subject}")
    setup = PresignSetup(held.share.info, info.public, proposal.members)
    execution = presign_execution(
        setup, desk.settings.parties(proposal.members), proposal.execution_id
    )

    def begin() -> Session[Presignature]:
        return start_presign(execution, setup, held.share, info, desk.identity)

    return Task(execution, begin, desk.holdings.add_presignature)


_PREPARE: Final[Mapping[WorkKind, Callable[[Desk, Proposal], Task]]] = {
    WorkKind.AUX: aux,
    WorkKind.KEYGEN: keygen,
    WorkKind.PRESIGN: presign,
    WorkKind.ECDSA: signatures.ecdsa,
    WorkKind.FROST: signatures.frost,
    WorkKind.RESHARE: reshare,
}
