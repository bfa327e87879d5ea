"""One operator: what it sees, holds, proposes, runs and answers, tied together."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from daemon.log import get_logger
from dmpc.curves import SECP256K1
from dmpc.ecdsa import AuxSecrets
from dmpc.errors import EncodingError
from dmpc.execution import IdentityKey
from dmpc.frost import NonceCommitment
from dmpc.keys import KeyShare
from dmpc.operator import frames
from dmpc.operator.agenda import Draft, KeyState, Ready, Situation, Wanted, agenda
from dmpc.operator.answers import Outbox
from dmpc.operator.approval import Scheme
from dmpc.operator.frames import NONCE_BYTES, Inventory, Kind, Proposal, Refusal, Said, Stock
from dmpc.operator.holdings import NONCES_AHEAD, HeldKey, Holdings
from dmpc.operator.ledger_view import LedgerView, View
from dmpc.operator.links import Links
from dmpc.operator.members import Settings
from dmpc.operator.primes import Primes
from dmpc.operator.runner import Ended, Runner
from dmpc.operator.standing import Standing
from dmpc.operator.tasks import Desk, EcdsaDetails, FrostDetails, PresignDetails, Task
from dmpc.rounds import Abort

IDLE_S: Final = 0.15
"""No request for this long: time to fill pools."""
LINGER_S: Final = 0.5
"""An answer of somebody else's that stays alone for so long is joined, if it is right."""


@dataclass
class _Attempt:
    since: float
    count: int = 0


class Operator:
    """Single-threaded but for the long steps of executions, which run in `threads`."""

    def __init__(
        self,
        settings: Settings,
        identity: IdentityKey,
        incarnation: bytes,
        holdings: Holdings,
        ledger_view: LedgerView,
        outbox: Outbox,
        threads: Executor,
        background: Executor,
        *,
        pool_level: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.me = settings.member_with(identity.public_key).index
        self.holdings = holdings
        self.outbox = outbox
        self.incarnation = incarnation
        self.links: Links | None = None
        """Set before the first turn."""
        self._party = settings.members[self.me].party
        self._identity = identity
        self._ledger_view = ledger_view
        self._pool_level = pool_level
        self._clock = clock
        self._view = View()
        self._attempts: dict[tuple[Kind, int], _Attempt] = {}
        self._standing = Standing(self.me, holdings, clock)
        self._last_request = clock()
        self._usable: tuple[frozenset[int], float] = frozenset(), clock()
        self._signed = 0
        self._alone: dict[int, float] = {}
        self._got: dict[bytes, float] = {}
        """When presignatures came, by id."""
        self._primes = Primes(settings.group.level.prime)
        self._log = get_logger(operator=self.me)
        self.runner = Runner(
            self.me,
            self._send,
            self._prepare,
            holdings.single_use.claim_execution,
            self._ended,
            self._refused,
            threads,
            background,
            clock,
        )

    def stop(self) -> None:
        self._primes.stop()

    # What comes in

    def on_frame(self, sender: int, data: bytes) -> None:
        """From an admitted peer."""
        try:
            frame = frames.read_frame(data)
        except EncodingError as error:
            self._log.warning("bad_frame", peer=sender, why=str(error))
            return
        match frame:
            case Said():
                self.runner.said(sender, frame)
            case Proposal():
                self._invited(sender, frame)
            case Refusal():
                self.runner.refusal(sender, frame)
            case Stock():
                self._take_stock(sender, frame)
            case Inventory():
                pass

    def on_peer(self, peer: int, up: bool) -> None:
        """A link to a peer opened or broke."""
        if up:
            self._standing.returned(peer)
            for held in self.holdings.all_keys():
                if held.nonces is not None and held.nonces.published:
                    stock = Stock(held.share.info.key_id, held.nonces.published)
                    self._send(peer, stock.encode())
            return
        self.runner.lost(peer)
        for held in self.holdings.all_keys():
            held.offered.pop(peer, None)

    async def look(self) -> None:
        """Read the ledger, answer what can be answered from what is held. Raises ClientError."""
        view = await self._ledger_view.read()
        if set(view.signatures) - set(self._view.signatures) or set(view.keys) - set(
            self._view.keys
        ):
            self._last_request = self._clock()
        self._view = view
        self.outbox.keep_only(
            {("key", i) for i in view.keys}
            | {("signature", i) for i in (*view.signatures, *view.refused)}
        )
        self._answer_again()
        self.runner.retry_parked()
        self.tick()

    def tick(self) -> None:
        """Propose what is next; end what took too long; keep nonces published."""
        self.runner.tick()
        if not self.holdings.aux and not self._primes.ready():
            self._primes.start()
        self._publish_nonces()
        for draft in agenda(self.situation()):
            self._propose(draft)

    # Proposals

    def situation(self) -> Situation:
        now = self._clock()
        running = tuple(
            (Kind(p.kind), subject) for p in self.runner.running() for subject in p.subjects or (0,)
        )
        usable = self.usable()
        if usable != self._usable[0]:
            self._usable = usable, now
        aux = self.holdings.aux[-1].public.paillier if self.holdings.aux else ()
        return Situation(
            me=self.me,
            now=now,
            threshold=self.settings.group.threshold,
            members=self.settings.group.indices,
            usable=usable,
            usable_since=self._usable[1],
            wanted=tuple(self._wanted(now)),
            running=running,
            keys=tuple(self._key_state(held) for held in self.holdings.all_keys()),
            aux=frozenset(aux),
            primes_ready=self._primes.ready(),
            pool_level=self._pool_level,
            busy=bool(self._view.signatures) or now - self._last_request < IDLE_S,
        )

    def status(self) -> dict[str, object]:
        """What a person wants to know, as JSON."""
        situation = self.situation()
        return {
            "operator": self.me,
            "keyring": self.settings.keyring,
            "threshold": situation.threshold,
            "members": list(situation.members),
            "usable": sorted(situation.usable),
            "guilty": sorted(self._standing.guilty),
            "signatures": self._signed,
            "faults": self._standing.faults,
            "enclave": "simulated",
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

    def usable(self) -> frozenset[int]:
        """Live operators that did their part lately."""
        live = self.links.live() if self.links is not None else frozenset({self.me})
        return live - self._standing.left_out() | {self.me}

    def _wanted(self, now: float) -> list[Wanted]:
        found = [
            self._want(Kind.KEYGEN, request_id, 0, now)
            for request_id in self._view.keys
            if self.holdings.key(request_id) is None
        ]
        for request_id, signing in self._view.signatures.items():
            if signing.signature or self.outbox.has_answered(("signature", request_id)):
                continue
            approved = signing.approved
            kind = Kind.ECDSA if approved.scheme is Scheme.ECDSA else Kind.FROST
            found.append(self._want(kind, request_id, approved.key_id, now))
        open_now = {(each.kind, each.subject) for each in found}
        self._attempts = {at: tried for at, tried in self._attempts.items() if at in open_now}
        self._got = {i: at for i, at in self._got.items() if i in self.holdings.presignatures}
        return found

    def _want(self, kind: Kind, subject: int, key_id: int, now: float) -> Wanted:
        attempt = self._attempts.setdefault((kind, subject), _Attempt(now))
        return Wanted(kind, subject, key_id, attempt.since, attempt.count)

    def _key_state(self, held: HeldKey) -> KeyState:
        info = held.share.info
        ready = tuple(
            Ready(made.public.id, made.public.signers, self._got.get(made.public.id, 0.0))
            for made in self.holdings.presignatures_of(info.key_id)
            if self.me in made.public.signers
        )
        stock = [(peer, len(offered)) for peer, offered in held.offered.items()]
        return KeyState(
            ledger_key=held.ledger_key,
            ecdsa=info.group is SECP256K1,
            threshold=info.threshold,
            holders=tuple(info.shares),
            ready=ready,
            stock=((self.me, NONCES_AHEAD), *stock),
        )

    def _propose(self, draft: Draft) -> None:
        details = self._details(draft)
        if details is None or self.links is None:
            return
        incarnations = {self.me: self.incarnation, **self.links.incarnations}
        if not set(draft.members) <= set(incarnations):
            return
        proposal = Proposal(
            keyring=self.settings.keyring,
            kind=draft.kind,
            subjects=draft.subjects,
            proposer=self.me,
            members=draft.members,
            incarnations=tuple(incarnations[i] for i in draft.members),
            nonce=secrets.token_bytes(NONCE_BYTES),
            details=details,
        ).signed(self._identity)
        if not self.runner.propose(proposal):
            self._tried(proposal)

    def _details(self, draft: Draft) -> bytes | None:
        """What the members need to know; None: it cannot be proposed after all."""
        if draft.kind is Kind.ECDSA:
            return EcdsaDetails(draft.presignatures).encode()
        if draft.kind is Kind.PRESIGN:
            held = self.holdings.key(draft.subjects[0])
            aux = self.holdings.aux_for(draft.members)
            if held is None or aux is None:
                return None
            return PresignDetails(held.share.info.key_id, aux.public.digest).encode()
        if draft.kind is Kind.FROST:
            commitments = self._commitments(draft)
            return FrostDetails(commitments).encode() if commitments else None
        return b""

    def _commitments(self, draft: Draft) -> tuple[NonceCommitment, ...] | None:
        held = self.holdings.key(draft.key_id)
        if held is None or held.nonces is None:
            return None
        count = len(draft.subjects)
        if any(len(held.offered.get(i, ())) < count for i in draft.members if i != self.me):
            return None
        return tuple(
            held.nonces.publish() if i == self.me else held.offered[i].pop(0)
            for _ in draft.subjects
            for i in draft.members
        )

    def _invited(self, sender: int, proposal: Proposal) -> None:
        parties = self.settings.parties(self.settings.members)
        mine = self.me in proposal.members
        if not mine or sender != proposal.proposer or proposal.keyring != self.settings.keyring:
            self._log.warning("strange_proposal", peer=sender)
            return
        if not proposal.is_signed(parties):
            self._log.warning("unsigned_proposal", peer=sender)
            return
        if proposal.incarnation_of(self.me) != self.incarnation or self._standing.guilty & set(
            proposal.members
        ):
            refusal = Refusal(proposal.execution_id, "not with me, or not with one of these")
            self._send(sender, refusal.encode())
            return
        self.runner.invited(proposal)

    def _prepare(self, proposal: Proposal) -> Task:
        desk = Desk(
            self.me,
            self._identity,
            self.settings,
            self.holdings,
            self._view,
            self.runner.is_running,
            self._take_aux_secrets,
            self._on_key,
            self._on_signature,
        )
        return desk.prepare(proposal)

    def _take_aux_secrets(self) -> AuxSecrets | None:
        if not self._primes.ready():
            self._primes.start()
            return None
        made = iter(self._primes.take())
        return AuxSecrets.generate(self.settings.group.level, made.__next__)

    # Results

    def _on_key(self, request_id: int, share: KeyShare) -> None:
        self._log.info("key_made", request=request_id, threshold=share.info.threshold)
        self.outbox.key(request_id, share.info.public_key.encode())

    def _on_signature(self, request_id: int, signature: bytes) -> None:
        self._signed += 1
        self.outbox.signature(request_id, signature)

    def _answer_again(self) -> None:
        """What a restart or a lost message kept this operator from saying."""
        for asked in self._view.keys.values():
            held = self.holdings.key(asked.request_id)
            if held is not None and self._party not in asked.answered:
                self.outbox.key(asked.request_id, held.public_key)
        for request_id, reason in self._view.refused.items():
            self.outbox.refuse_signature(request_id, reason)
        now = self._clock()
        for request_id, signing in self._view.signatures.items():
            if not signing.signature or self._party in signing.answered:
                continue
            if now - self._alone.setdefault(request_id, now) > LINGER_S:
                self.outbox.signature(request_id, signing.signature)
        self._alone = {i: at for i, at in self._alone.items() if i in self._view.signatures}

    def _ended(self, ended: Ended) -> None:
        proposal, outcome = ended.proposal, ended.outcome
        if isinstance(outcome, Abort):
            self._tried(proposal)
            self._log.warning(
                "execution_failed",
                kind=proposal.kind,
                subjects=proposal.subjects,
                why=outcome.reason,
                culprits=outcome.culprits,
            )
            if outcome.evidence:
                self._standing.convict(proposal, outcome)
            else:
                for index in outcome.culprits:
                    self._standing.suspect(index)
            if proposal.kind == Kind.ECDSA:
                # Its share may have left: it can never be used for anything else.
                for name in EcdsaDetails.decode(proposal.details).presignatures:
                    self.holdings.drop_presignature(name)
        else:
            if proposal.kind == Kind.PRESIGN:
                self._got[outcome.value.public.id] = self._clock()
            self._log.info(
                "execution_done",
                kind=proposal.kind,
                subjects=proposal.subjects,
                members=proposal.members,
                seconds=round(ended.seconds, 4),
            )
            self._standing.did_their_part(proposal.members)
        self.tick()

    def _refused(self, peer: int, refusal: Refusal) -> None:
        self._log.info("refused", peer=peer, why=refusal.reason)
        self._standing.refused(peer)

    def _tried(self, proposal: Proposal) -> None:
        for subject in proposal.subjects:
            attempt = self._attempts.get((Kind(proposal.kind), subject))
            if attempt is not None:
                attempt.since, attempt.count = self._clock(), attempt.count + 1

    # Nonces of FROST, published ahead

    def _publish_nonces(self) -> None:
        if self.links is None:
            return
        for held in self.holdings.all_keys():
            pool = held.nonces
            if pool is None or len(pool.published) > NONCES_AHEAD // 2:
                continue
            made = tuple(pool.publish() for _ in range(NONCES_AHEAD - len(pool.published)))
            frame = Stock(held.share.info.key_id, made).encode()
            for peer in self.links.live() - {self.me}:
                self._send(peer, frame)

    def _take_stock(self, sender: int, stock: Stock) -> None:
        for held in self.holdings.all_keys():
            if held.share.info.key_id == stock.key_id and sender in held.share.info.shares:
                known = held.offered.setdefault(sender, [])
                known += [c for c in stock.commitments if c.index == sender and c not in known]
                del known[: -4 * NONCES_AHEAD]

    def _send(self, index: int, frame: bytes) -> None:
        if self.links is not None:
            self.links.send(index, frame)
