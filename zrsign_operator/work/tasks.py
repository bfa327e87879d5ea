"""How each kind of work runs: what this operator checks before it joins, and what becomes of it.

A proposal only says who should do what together. Everything that is to be believed comes from the
ledger's view and from what this operator holds: `prepare` raises Refused when these do not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zrsign_dmpc.dkg import dkg_execution, start_dkg
from zrsign_dmpc.ecdsa import (
    AuxInfo,
    AuxSecrets,
    EcdsaSignature,
    Order,
    Presignature,
    PresignSetup,
    aux_info_execution,
    presign_execution,
    sign_batch_execution,
    start_aux_info,
    start_presign,
    start_sign_batch,
)
from zrsign_dmpc.frost import (
    SigningPackage,
    frost_batch_execution,
    start_frost_batch,
)
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.reshare import NewEpoch, start_reshare
from zrsign_dmpc.run.execution import Execution, IdentityKey
from zrsign_dmpc.run.session import Session
from zrsign_operator.errors import Refused
from zrsign_operator.keys.changes import Changes
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.wallets import GROUPS
from zrsign_operator.ledger.approval import Scheme, scheme_of
from zrsign_operator.ledger.orders import Move, ReshareDetails, Target
from zrsign_operator.ledger.view import LedgerSnapshot, SignAsked
from zrsign_operator.peers.frames import Proposal, WorkKind
from zrsign_operator.peers.members import KeyringSettings, Myself
from zrsign_operator.work.details import EcdsaDetails, FrostDetails, PresignDetails
from zrsign_operator.work.limits import SUBJECTS


@dataclass(frozen=True)
class Task:
    """Work that was agreed to."""

    execution: Execution
    begin: Callable[[], Session[Any]]
    finish: Callable[[Any], None]
    """Takes the result; durable when it returns."""


@dataclass
class Desk:
    """All that a task may look at."""

    myself: Myself
    settings: KeyringSettings
    holdings: Holdings
    view: LedgerSnapshot
    is_running: Callable[[WorkKind, int], bool]
    changes: Changes
    usable: Callable[[], frozenset[int]]
    """Live operators, this one among them, without those that misbehaved."""
    covered: Callable[[], frozenset[int]]
    """Whom the auxiliary information for the ledger's orders covers, without those who lost it."""
    take_aux_secrets: Callable[[], AuxSecrets | None]
    """Fresh keys for one auxiliary-info run; None: not ready yet."""
    is_due: Callable[[HeldKey], bool]
    """Whether the ledger's orders, or a member without a share, want new shares of a key."""
    scheme_of: Callable[[int, bytes], Scheme | None]
    """The scheme of a key of the ledger; None: it has no such key, or was not looked up yet."""
    on_key: Callable[[HeldKey], None]
    on_signature: Callable[[int, bytes], object]
    remembers: Callable[[], bool]
    """Whether peers confirmed that this operator's memory is whole."""

    @property
    def me(self) -> int:
        """This operator's index."""
        return self.myself.index

    @property
    def identity(self) -> IdentityKey:
        """This operator's identity key."""
        return self.myself.identity

    def prepare(self, proposal: Proposal) -> Task:
        """Raises Refused, and DmpcError for parameters that do not fit."""
        kind, count = WorkKind(proposal.kind), len(proposal.subjects)
        if SUBJECTS.get(kind, count) != count:
            raise Refused(f"{kind} is about {SUBJECTS[kind]} requests or keys, not {count}")
        return _PREPARE[kind](self, proposal)

    # Group work

    def aux(self, proposal: Proposal) -> Task:
        """The making of auxiliary information. Raises Refused, with the reason."""
        level, target = self.settings.group.level, Target.of(self.settings)
        if Target.decode(proposal.details) != target:
            raise Refused(f"auxiliary information is made for {target} here")
        if not set(proposal.members) <= set(self.settings.members):
            raise Refused("somebody is no member")
        if set(proposal.members) <= self.covered():
            raise Refused("all of these have auxiliary information")
        parties = self.settings.parties(proposal.members)
        execution = aux_info_execution(
            level, parties, proposal.execution_id, epoch=target.aux_epoch
        )
        secrets = self.take_aux_secrets()
        if secrets is None:
            raise Refused("my primes are not made yet")

        def begin() -> Session[AuxInfo]:
            return start_aux_info(execution, level, self.me, self.identity, secrets)

        return Task(execution, begin, self.holdings.add_aux)

    def keygen(self, proposal: Proposal) -> Task:
        """A key generation that the ledger asks for. Raises Refused, with the reason."""
        scheme = scheme_of(self._key_type(proposal.subject))
        if self.holdings.key(proposal.subject) is not None:
            raise Refused(f"I hold a key for request {proposal.subject} already")
        if self.is_running(WorkKind.KEYGEN, proposal.subject):
            # Two runs would make two keys, and the answers would not agree.
            raise Refused(f"a key for request {proposal.subject} is being made")
        target = Target.of(self.settings)
        if Target.decode(proposal.details) != target:
            raise Refused(f"a new key is made for {target} here")
        self._require_makers(set(proposal.members))
        execution = dkg_execution(
            GROUPS[scheme],
            self.settings.group.threshold,
            self.settings.parties(proposal.members),
            proposal.execution_id,
            target.aux_epoch,
        )

        def begin() -> Session[KeyShare]:
            return start_dkg(execution, self.me, self.identity)

        def finish(share: KeyShare) -> None:
            self.on_key(self.holdings.adopt(proposal.subject, self.me, scheme, share, proposal))

        return Task(execution, begin, finish)

    def _key_type(self, subject: int) -> str:
        """The type of a key of its own that is asked for, or of a wanted root. Raises Refused."""
        root, asked = self.settings.roots.get(subject), self.view.keys.get(subject)
        if root is not None and not root.active:
            return root.key_type
        if asked is None or asked.wallet.root:
            raise Refused(f"no key generation is asked for as {subject} here")
        return asked.wallet.key_type

    def _require_makers(self, members: set[int]) -> None:
        """All who are here make a key, and not too few: a proposer does not choose the holders.

        How many make it is how many can hold it, so the bound is that of roots on the ledger
        (`zrchain_lite.modules.operators.roots`): n, or n - absent. Raises Refused.
        """
        group = self.settings.group
        if not members <= set(group.indices):
            raise Refused("somebody is not in the group")
        if left_out := self.usable() & set(group.indices) - members:
            raise Refused(f"a key is made by all who are here, {sorted(left_out)} among them")
        if len(members) < len(group.indices) - group.absent:
            raise Refused(f"a key is made by all but {group.absent} members")

    def reshare(self, proposal: Proposal) -> Task:
        """New shares that the ledger orders, or that a member lacks. Raises Refused."""
        details = ReshareDetails.decode(proposal.details)
        if details.target != Target.of(self.settings):
            raise Refused(f"the ledger orders {Target.of(self.settings)} here")
        if self.is_running(WorkKind.RESHARE, proposal.subject):
            raise Refused(f"new shares of key {proposal.subject} are being made")
        move = Move.read(proposal, self.settings)
        held = self.holdings.key(move.ledger_key, move.public_key)
        folder = self.holdings.folder(move.ledger_key, move.public_key)
        if folder is not None and folder.keeper.state.pending is not None:
            raise Refused(f"another change of key {move.ledger_key} is not decided here")
        if held is None and (
            self.me in details.dealers or self.scheme_of(move.ledger_key, move.public_key) is None
        ):
            raise Refused(f"I hold no share of key {move.ledger_key}")
        if held is not None and held.share.info.key_id != move.key.key_id:
            raise Refused(f"key {move.ledger_key} is in another epoch here")
        if held is not None and not self.is_due(held):
            raise Refused(f"key {move.ledger_key} is as it should be here")
        group = self.settings.group.indices
        if self.me in group and not set(group) <= self.covered():
            raise Refused("the group has no auxiliary information for this order here")
        share = held.share if held is not None and self.me in details.dealers else None

        def begin() -> Session[NewEpoch]:
            self.changes.begin(move)
            return start_reshare(move.execution, move.plan, self.me, self.identity, share)

        def finish(made: NewEpoch) -> None:
            self.changes.done(move, made.share)

        return Task(move.execution, begin, finish)

    # Ahead of requests

    def presign(self, proposal: Proposal) -> Task:
        """A presigning of a key that this operator holds. Raises Refused, with the reason."""
        details = PresignDetails.decode(proposal.details)
        held = self._held(proposal.subject)
        aux = self.holdings.aux_named(details.aux)
        if held.share.info.key_id != details.key_id or held.suite is not None:
            raise Refused(f"key {proposal.subject} is in another epoch here, or not for ECDSA")
        if aux is None:
            raise Refused("I do not have that auxiliary information")
        if aux.public.level.security < self.settings.level_of(held.serves.group).security:
            raise Refused(f"{aux.public.level.name} is too low a level for key {proposal.subject}")
        setup = PresignSetup(held.share.info, aux.public, proposal.members)
        execution = presign_execution(
            setup, self.settings.parties(proposal.members), proposal.execution_id
        )

        def begin() -> Session[Presignature]:
            return start_presign(execution, setup, held.share, aux, self.identity)

        return Task(execution, begin, self.holdings.add_presignature)

    # Requests

    def ecdsa(self, proposal: Proposal) -> Task:
        """ECDSA signatures that the ledger shows as approved. Raises Refused, with the reason."""
        presignatures = self._presignatures(proposal)
        orders = [
            self._order(request_id, made)
            for request_id, made in zip(proposal.subjects, presignatures, strict=True)
        ]
        if EcdsaDetails.decode(proposal.details).beacons != tuple(o.beacon for o in orders):
            raise Refused("the ledger shows other beacons here")
        execution = sign_batch_execution(
            orders,
            self.settings.parties(proposal.members),
            len(proposal.members),
            proposal.execution_id,
        )

        def begin() -> Session[tuple[EcdsaSignature, ...]]:
            for made in presignatures:
                self.holdings.presignatures.pop(made.public.id, None)
            ledger = self.holdings.single_use
            return start_sign_batch(execution, orders, presignatures, self.identity, ledger)

        def finish(signatures: tuple[EcdsaSignature, ...]) -> None:
            for made in presignatures:
                self.holdings.drop_presignature(made.public.id)
            for request_id, signature in zip(proposal.subjects, signatures, strict=True):
                self.on_signature(request_id, signature.encode())

        return Task(execution, begin, finish)

    def _order(self, request_id: int, made: Presignature) -> Order:
        """What a request asks of a presignature. Raises Refused: that would sign for another key.

        A key of its own is signed for with shift 0.
        """
        asked, held = self._asked(request_id)
        wallet, shift, expected = asked.wallet, 0, held.public_key
        if wallet.root:
            shift, expected = held.shift_of(self.settings.keyring, wallet), wallet.public_key
        order = Order(made.public, asked.approved.message, asked.approved.beacon, shift)
        if order.public_key.encode() != expected:
            raise Refused("a presignature is of another key than its name says")
        return order

    def _presignatures(self, proposal: Proposal) -> list[Presignature]:
        """Those that the details name, one a request, each of the request's key in its epoch."""
        names = EcdsaDetails.decode(proposal.details).presignatures
        if len(names) != len(proposal.subjects) or not names:
            raise Refused("a batch names one presignature a request")
        found = []
        for request_id, name in zip(proposal.subjects, names, strict=True):
            _, held = self._asked(request_id)
            made = self.holdings.presignatures.get(name)
            if made is None:
                raise Refused("I do not have that presignature, or used it")
            if name in self.holdings.from_before and not self.remembers():
                raise Refused("too few peers told me yet whether my memory is whole")
            public = made.public
            if public.key_id != held.share.info.key_id or public.signers != proposal.members:
                raise Refused("a presignature is for another key, epoch or signer set")
            found.append(made)
        return found

    def frost(self, proposal: Proposal) -> Task:
        """FROST signatures that the ledger shows as approved. Raises Refused, with the reason."""
        asked = [self._asked(request_id) for request_id in proposal.subjects]
        if len({held.ledger_key for _, held in asked}) != 1:
            raise Refused("a batch of FROST is of one key, or of the children of one")
        shares = [self._signing(each, held) for each, held in asked]
        held = asked[0][1]
        pool, suite, size = held.nonces, held.suite, len(proposal.members)
        commitments = FrostDetails.decode(proposal.details).commitments
        if pool is None or suite is None or len(commitments) != size * len(asked):
            raise Refused("a batch names the nonces of all signers for each request")
        packages = [
            SigningPackage(
                suite,
                share.info,
                each.approved.message,
                commitments[place * size : (place + 1) * size],
            )
            for place, ((each, _), share) in enumerate(zip(asked, shares, strict=True))
        ]
        execution = frost_batch_execution(
            packages, self.settings.parties(proposal.members), proposal.execution_id
        )

        def begin() -> Session[tuple[bytes, ...]]:
            return start_frost_batch(execution, packages, pool, self.identity, shares)

        def finish(signatures: tuple[bytes, ...]) -> None:
            for request_id, signature in zip(proposal.subjects, signatures, strict=True):
                self.on_signature(request_id, signature)

        return Task(execution, begin, finish)

    def _asked(self, request_id: int) -> tuple[SignAsked, HeldKey]:
        asked = self.view.signatures.get(request_id)
        if asked is None:
            raise Refused(f"signature request {request_id} is not open and approved here")
        held = self._held(asked.wallet.holder)
        if held.folder.scheme is not asked.approved.scheme:
            raise Refused(f"key {held.ledger_key} does not sign {asked.approved.scheme} here")
        return asked, held

    def _signing(self, asked: SignAsked, held: HeldKey) -> KeyShare:
        """The share that signs for what is asked: of a key of its own, or of a child of a root."""
        if not asked.wallet.root:
            return held.signing
        return held.child(self.settings.keyring, asked.wallet)

    def _held(self, ledger_key: int) -> HeldKey:
        known = self.view.known_keys.get(ledger_key)
        held = self.holdings.key(ledger_key, known.public_key if known else b"")
        if held is None:
            raise Refused(f"I hold no share of key {ledger_key}")
        return held


_PREPARE: Final[Mapping[WorkKind, Callable[[Desk, Proposal], Task]]] = {
    WorkKind.AUX: Desk.aux,
    WorkKind.KEYGEN: Desk.keygen,
    WorkKind.PRESIGN: Desk.presign,
    WorkKind.ECDSA: Desk.ecdsa,
    WorkKind.FROST: Desk.frost,
    WorkKind.RESHARE: Desk.reshare,
}
