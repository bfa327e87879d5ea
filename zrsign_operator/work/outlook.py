"""What one operator knows, put together: for its agenda, and for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from zrsign_operator.keys.held import NONCES_AHEAD, HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.inventories import LACKING_S, Inventories
from zrsign_operator.ledger.answers import AnswerOutbox
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Target
from zrsign_operator.ledger.view import LedgerSnapshot
from zrsign_operator.peers.frames import Proposal, WorkKind
from zrsign_operator.work.agenda import pause_s, short_keys
from zrsign_operator.work.situation import SHORT_IDLE_S, KeyState, Ready, Situation, Wanted

REVIEW_S: Final = 0.5
"""How often all keys are looked through, however many there are."""


@dataclass
class _Attempt:
    since: float
    count: int = 0


class Outlook:
    """The ledger's view, the holdings and the peers, as of now."""

    def __init__(
        self,
        me: int,
        view: LedgerSnapshot,
        holdings: Holdings,
        inventories: Inventories,
        outbox: AnswerOutbox,
        pool_level: int,
        clock: Callable[[], float],
    ) -> None:
        self.view = view
        self.remembers = False
        """Whether presignatures of an earlier process may be used."""
        self._me = me
        self._holdings = holdings
        self._inventories = inventories
        self._outbox = outbox
        self._pool_level = pool_level
        self._clock = clock
        self._attempts: dict[tuple[WorkKind, int], _Attempt] = {}
        self._last_request = clock()
        self._usable: tuple[frozenset[int], float] = frozenset(), clock()
        self._complete_since: float | None = None
        self._aux: tuple[frozenset[int], float] = frozenset(), clock()
        self._reshared = self._presigned = clock()
        self._reviewed, self._filled = -REVIEW_S, clock()
        self._overdue: list[HeldKey] = []
        self._changed = True
        """Whether a pool may want to be filled further."""
        self._refills: dict[int, _Attempt] = {}
        """Failures in a row of presignings that this operator proposed, by the ledger's key."""
        self._got: dict[bytes, float] = {}
        """When presignatures came, by id."""
        self._short: frozenset[int] = frozenset()
        """The ledger's keys of which requests wait for presignatures."""

    def update(self, view: LedgerSnapshot) -> None:
        """Take a new view of the ledger."""
        if view.signatures or view.keys:
            self._last_request = self._clock()
        self.view = view

    def is_answerable(self) -> bool:
        """Whether a request could be answered now without auxiliary information or presigning."""
        if self.view.keys and self._complete_since is not None:
            return True
        asked = [each for each in self.view.signatures.values() if not each.signature]
        if any(each.approved.scheme is not Scheme.ECDSA for each in asked):
            return True
        wanted = [self._holdings.key(number) for number in {each.wallet.holder for each in asked}]
        return any(
            held is not None and self._holdings.presignatures_of(held.share.info.key_id)
            for held in wanted
        )

    def is_needed(self, proposal: Proposal) -> bool:
        """Whether a request waits for what comes of a proposal."""
        match proposal.kind:
            case WorkKind.RESHARE:
                return False
            case WorkKind.PRESIGN:
                return proposal.subject in self._short
            case WorkKind.AUX:
                return bool(self._short)
            case _:
                return True

    def is_short(self, ledger_key: int) -> bool:
        """Whether requests wait for presignatures of this key, as of the last look."""
        return ledger_key in self._short

    def want(self, kind: WorkKind, subject: int, key_id: int) -> Wanted:
        """Something that is open, with since when this operator knows of it."""
        return self._want(kind, subject, key_id, self._clock())

    def got_presignature(self, name: bytes, ledger_key: int) -> None:
        """Note when a presignature came."""
        self._got[name] = self._clock()
        self._refills.pop(ledger_key, None)
        self._changed = True

    def presigned(self) -> None:
        """A presigning ended, well or not."""
        self._presigned = self._clock()

    def reshared(self) -> None:
        """Note that a resharing ended or failed."""
        self._reshared = self._clock()

    def tried(self, proposal: Proposal) -> None:
        """It came to nothing."""
        self._changed = True
        if proposal.kind == WorkKind.PRESIGN and proposal.proposer == self._me:
            failed = self._refills.setdefault(proposal.subject, _Attempt(0.0))
            failed.since, failed.count = self._clock(), failed.count + 1
        for subject in proposal.subjects:
            attempt = self._attempts.get((WorkKind(proposal.kind), subject))
            if attempt is not None:
                attempt.since, attempt.count = self._clock(), attempt.count + 1

    def is_due(self, held: HeldKey) -> bool:
        """Whether the key is to get new shares: by order, or because a member has none."""
        settings = self.view.settings
        if Target.of(settings) != held.serves:
            return Target.of(settings) > held.serves
        lacking = self._inventories.lacking(held, LACKING_S)
        return bool(set(settings.group.indices) & lacking | self._strangers(held))

    def able(self, held: HeldKey) -> frozenset[int]:
        """The holders who can deal or sign, as far as this operator knows."""
        return frozenset(held.share.info.shares) - self._inventories.lacking(held)

    def _strangers(self, held: HeldKey) -> set[int]:
        """Members of the group who were away when the key was made."""
        return set(self.view.settings.group.indices) - set(held.share.info.shares)

    def situation(
        self,
        usable: frozenset[int],
        running: list[Proposal],
        *,
        primes_ready: bool,
        all_keys: bool = False,
    ) -> Situation:
        """What the agenda follows from: of the keys those that it can be about now, or all."""
        now = self._clock()
        wanted = self._wanted(now)
        idle_for = 0.0 if self.view.signatures else now - self._last_request
        if usable != self._usable[0]:
            self._usable = usable, now
        group, wants = self.view.settings.group, Target.of(self.view.settings)
        aux = self._inventories.covered(group.level, wants.aux_epoch)
        if aux != self._aux[0]:
            self._aux = aux, now
        if not set(group.indices) <= usable & self._inventories.confirmed(
            group.level, wants.aux_epoch
        ):
            self._complete_since = None
        elif self._complete_since is None:
            self._complete_since = now
        found = Situation(
            me=self._me,
            now=now,
            threshold=group.threshold,
            members=group.indices,
            absent=group.absent,
            usable=usable,
            usable_since=self._usable[1],
            complete_since=now if self._complete_since is None else self._complete_since,
            reshared=self._reshared,
            wanted=tuple(wanted),
            running=tuple(
                (WorkKind(p.kind), s)
                for p in running
                # One that waits for somebody silent may go on, but no request waits for it.
                if p.kind != WorkKind.PRESIGN or set(p.members) <= usable
                for s in p.subjects or (0,)
            ),
            keys=tuple(self._key_states(wanted, all_keys or self._may_fill(now, idle_for))),
            aux=aux,
            aux_since=self._aux[1],
            renews=not aux and self._serves_all(usable),
            presigned=self._presigned,
            primes_ready=primes_ready,
            pool_level=self._pool_level,
            idle_for=idle_for,
        )
        self._short = short_keys(found)
        return found

    def _wanted(self, now: float) -> list[Wanted]:
        found = [
            self._want(WorkKind.KEYGEN, subject, 0, now)
            for subject in (*self._roots_wanted(), *self._own_keys_wanted())
            if self._holdings.key(subject) is None
        ]
        for request_id, signing in self.view.signatures.items():
            if signing.signature or self._outbox.has_answered(("signature", request_id)):
                continue
            approved = signing.approved
            kind = WorkKind.ECDSA if approved.scheme is Scheme.ECDSA else WorkKind.FROST
            found.append(self._want(kind, request_id, signing.wallet.holder, now))
        found += [
            self._want(WorkKind.RESHARE, ledger_key, ledger_key, now)
            for ledger_key in self._due(now)
        ]
        # A key whose change is not decided yet is not wanted, and its failures count all the same.
        open_now = {(each.kind, each.subject) for each in found}
        open_now |= {(WorkKind.RESHARE, held.ledger_key) for held in self._overdue}
        self._attempts = {at: tried for at, tried in self._attempts.items() if at in open_now}
        self._got = {i: at for i, at in self._got.items() if i in self._holdings.presignatures}
        return found

    def _own_keys_wanted(self) -> Iterator[int]:
        """Requests for keys that are no children of a root."""
        return (i for i, asked in self.view.keys.items() if not asked.wallet.root)

    def _roots_wanted(self) -> Iterator[int]:
        """Roots that are still to be made: what requests may need, and in quiet one to spare."""
        group, quiet = self.view.settings.group, not self.view.keys and not self.view.signatures
        for root in self.view.settings.roots.values():
            if not root.active and (quiet or root.number <= group.roots):
                yield root.id

    def _due(self, now: float) -> list[int]:
        """The keys that are to get new shares, looked through now and then."""
        if now - self._reviewed >= REVIEW_S:
            self._reviewed = now
            self._overdue = [held for held in self._holdings.all_keys() if self.is_due(held)]
        return [
            held.ledger_key
            for held in self._overdue
            if held.folder.keeper.state.pending is None
            and self._holdings.key(held.ledger_key, held.public_key) is held
        ]

    def _aux_of(self, held: HeldKey) -> frozenset[int]:
        """Which holders have the auxiliary information that the key presigns with."""
        level = self.view.settings.level_of(held.serves.group)
        return self._inventories.aux_of(held, level)[1]

    def _serves_all(self, usable: frozenset[int]) -> bool:
        """Whether every key can presign with what is here."""
        return self._holdings.aux != [] and all(
            held.suite is not None or len(self._aux_of(held) & usable) >= held.share.info.threshold
            for held in self._holdings.all_keys()
        )

    def _may_fill(self, now: float, idle_for: float) -> bool:
        """Whether to look through the pools of all keys."""
        if idle_for < SHORT_IDLE_S or (now - self._filled < REVIEW_S and not self._changed):
            return False
        self._filled, self._changed = now, False
        return True

    def _key_states(self, wanted: list[Wanted], all_keys: bool) -> Iterator[KeyState]:
        if all_keys:
            for held in self._holdings.all_keys():
                yield self._key_state(held)
            return
        for ledger_key in {each.key_id for each in wanted}:
            held_one = self._holdings.key(ledger_key)
            if held_one is not None:
                yield self._key_state(held_one)

    def _may_refill(self, held: HeldKey) -> bool:
        """Whether it is time to make presignatures ahead: each failure in a row doubles a pause."""
        failed = self._refills.get(held.ledger_key)
        return failed is None or self._clock() - failed.since >= pause_s(failed.count)

    def _want(self, kind: WorkKind, subject: int, key_id: int, now: float) -> Wanted:
        attempt = self._attempts.setdefault((kind, subject), _Attempt(now))
        return Wanted(kind, subject, key_id, attempt.since, attempt.count)

    def _key_state(self, held: HeldKey) -> KeyState:
        info = held.share.info
        ready = tuple(
            Ready(each.public.id, each.public.signers, self._got.get(each.public.id, 0.0))
            for each in self._holdings.presignatures_of(info.key_id)
            if self._me in each.public.signers
            and (self.remembers or each.public.id not in self._holdings.from_before)
        )
        root, group = self.view.settings.roots.get(held.ledger_key), self.view.settings.group
        stock = [(peer, len(offered)) for peer, offered in held.offered.items()]
        return KeyState(
            ledger_key=held.ledger_key,
            ecdsa=held.suite is None,
            threshold=info.threshold,
            holders=tuple(info.shares),
            ready=ready,
            stock=((self._me, NONCES_AHEAD), *stock),
            lacking=self._inventories.lacking(held),
            pooled=self._may_refill(held) and (root is None or root.number <= group.roots),
            aux=self._aux_of(held) if held.suite is None else frozenset(),
        )


def describe(situation: Situation) -> dict[str, object]:
    """The situation as people read it, for JSON."""
    return {
        "threshold": situation.threshold,
        "members": list(situation.members),
        "usable": sorted(situation.usable),
        "auxiliary_info": sorted(situation.aux),
        "primes_ready": situation.primes_ready,
        "waiting": [f"{wanted.kind} {wanted.subject}" for wanted in situation.wanted],
        "running": [f"{kind} {subject}" for kind, subject in situation.running],
        "keys": [
            {
                "key": key.ledger_key,
                "scheme": "ecdsa" if key.ecdsa else "frost",
                "threshold": key.threshold,
                "holders": list(key.holders),
                "presignatures": len(key.ready),
                "nonces": dict(key.stock),
            }
            for key in situation.keys
        ],
    }
