"""Answers on their way to the ledger, in batches, until the ledger took them.

An answer is made again from what is held when it is lost in a restart, so nothing is kept on disk.
Reports of faults and of new epochs go the same way; now and then the ledger is asked for them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from google.protobuf.message import Message
from prometheus_client import Counter

from zrchain_lite.client import Account, LedgerClient, TxFailed, party_signature
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrsign.operators import operators_pb2 as operators
from zrsign_daemon.log import get_logger
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.ledger.view import KeyAsked, LedgerSnapshot

BATCH = 40
ANSWERED = ("key", "signature")
"""The kinds of what is sent that are answers; the others are reports."""
LINGER_S = 0.5
"""A request that is open for so long is answered by those, too, whose turn it is not.

So is an answer of somebody else's joined that stays alone, if it is right.
"""
ABSENT_S = 10.0
"""Seconds that a key waits for absent members' word that they hold it, as a root does.

Why all others must: `zrchain_lite.modules.operators.roots`.
"""
NOT_FOR_GOOD = {("sdk", 5), ("sdk", 13), ("sdk", 20), ("sdk", 32)}
"""No coins, too low a fee, a full mempool, a sequence out of turn: later it can be taken."""
MAX_REASON = 400
MAX_EVIDENCE_BYTES = 32 << 10
ANSWERS = Counter("zrsign_operator_answers", "Answers by what became of them.", ["kind", "outcome"])

Request = tuple[str, int]


class AnswerOutbox:
    """Waiting answers by request."""

    def __init__(self, ledger: LedgerClient, account: Account) -> None:
        self._ledger, self._account = ledger, account
        self._waiting: dict[Request, Message] = {}
        self._sent: set[Request] = set()
        self.wake: Callable[[], None] = lambda: None
        """Called when there is something to flush."""
        self._log = get_logger(party=account.address)

    def key(self, request_id: int, public_key: bytes) -> bool:
        """Answer a key request; False when that was done before."""
        message = wire.MsgFulfilKeyRequest(
            creator=self._account.address,
            request_id=request_id,
            status=wire.KEY_REQUEST_STATUS_FULFILLED,
            keyring_party_signature=party_signature(self._account, request_id, public_key),
        )
        message.key.public_key = public_key
        return self._put(("key", request_id), message)

    def signature(self, request_id: int, signature: bytes) -> bool:
        """Answer a signature request; False when that was done before."""
        message = wire.MsgFulfilSignatureRequest(
            creator=self._account.address,
            request_id=request_id,
            status=wire.SIGN_REQUEST_STATUS_FULFILLED,
            keyring_party_signature=party_signature(self._account, request_id),
            signed_data=signature,
        )
        return self._put(("signature", request_id), message)

    def refuse_signature(self, request_id: int, reason: str) -> bool:
        """Tell the ledger that this request cannot be answered; False when that was done before."""
        message = wire.MsgFulfilSignatureRequest(
            creator=self._account.address,
            request_id=request_id,
            status=wire.SIGN_REQUEST_STATUS_REJECTED,
            keyring_party_signature=party_signature(self._account, request_id),
            reject_reason=reason[:512],
        )
        return self._put(("signature", request_id), message)

    def report_fault(
        self, keyring: str, culprit: int, protocol: str, reason: str, evidence: bytes
    ) -> None:
        """Tell the ledger who was caught; evidence that is too long for it stays here."""
        digest = hashlib.sha256(evidence).digest()
        message = operators.MsgReportFault(
            creator=self._account.address,
            keyring=keyring,
            culprit=culprit,
            protocol=protocol,
            reason=reason[:MAX_REASON],
            evidence_digest=digest,
            evidence=evidence if len(evidence) <= MAX_EVIDENCE_BYTES else b"",
        )
        self._put(("fault", int.from_bytes(digest[:8], "big") + culprit), message)

    def report_epoch(self, keyring: str, held: HeldKey, *, is_root: bool = False) -> None:
        """Tell the ledger that new shares are in use here; of a root, which key they are of."""
        info = held.share.info
        message = operators.MsgReportKeyEpoch(
            creator=self._account.address,
            keyring=keyring,
            key_id=held.ledger_key,
            group=held.serves.group,
            refresh=held.serves.refresh,
            epoch=info.epoch,
            key_digest=info.key_id,
            public_key=held.public_key if is_root else b"",
            chain_code=info.chain_code if is_root else b"",
        )
        self._put(("epoch", int.from_bytes(info.key_id[:8], "big")), message)

    def keep_only(self, open_requests: set[Request]) -> None:
        """Forget answers to requests that ended."""
        self._sent &= open_requests
        self._waiting = {
            request: message
            for request, message in self._waiting.items()
            if request in open_requests or request[0] not in ANSWERED
        }

    def has_answered(self, request: Request) -> bool:
        """Whether this operator's answer to the request was sent or waits to be."""
        return request in self._sent or request in self._waiting

    async def flush(self) -> int:
        """Send what waits. Returns how many answers the ledger took. Raises ClientError."""
        taken = 0
        while self._waiting:
            batch = self._next_batch()
            for request in batch:
                del self._waiting[request]
            self._sent |= set(batch)
            try:
                taken += await self._send(list(batch.items()))
            except BaseException:
                self._sent -= set(batch)
                self._waiting = {**batch, **self._waiting}
                raise
        return taken

    def _next_batch(self) -> dict[Request, Message]:
        """Answers, which somebody waits for; reports when there are none."""
        waiting = list(self._waiting.items())
        answers = [each for each in waiting if each[0][0] in ANSWERED]
        return dict((answers or waiting)[:BATCH])

    def _put(self, request: Request, message: Message) -> bool:
        if self.has_answered(request):
            return False
        self._waiting[request] = message
        self.wake()
        return True

    async def _send(self, answers: Sequence[tuple[Request, Message]]) -> int:
        """One transaction; if the ledger refuses it, one for each answer."""
        try:
            await self._ledger.broadcast(*(message for _, message in answers))
        except TxFailed as error:
            if (error.codespace, error.code) in NOT_FOR_GOOD:
                raise
            if len(answers) > 1:
                return sum([await self._send([answer]) for answer in answers])
            # Too late, as a rule: others answered it, or its time is over.
            ((kind, request_id), _) = answers[0]
            ANSWERS.labels(kind, "refused").inc()
            self._log.info("answer_refused", kind=kind, request=request_id, why=error.log[:200])
            return 0
        for (kind, request_id), _ in answers:
            ANSWERS.labels(kind, "taken").inc()
            self._log.info("answered", kind=kind, request=request_id)
        return len(answers)


class CatchingUp:
    """What a restart or a lost message kept this operator from saying."""

    def __init__(
        self, holdings: Holdings, outbox: AnswerOutbox, clock: Callable[[], float]
    ) -> None:
        self._holdings, self._outbox, self._clock = holdings, outbox, clock
        self._alone: dict[int, float] = {}
        """Clock time since when an answer of somebody else's is alone, by request."""
        self._alone_with: dict[int, float] = {}
        """Clock time since when a key that is asked for is held here, by request."""
        self._asked: dict[int, float] = {}
        """Clock time since when a key is asked for, by request."""

    def answer(self, view: LedgerSnapshot, party: str, is_first: Callable[[int], bool]) -> None:
        """Answer for keys, refuse what is not to be signed, join answers of others.

        `is_first`: whether this operator is among those who answer a key request at once.
        """
        now = self._clock()
        for asked in view.keys.values():
            request = ("key", asked.request_id)
            if party in asked.answered or self._outbox.has_answered(request):
                continue
            since = self._asked.setdefault(asked.request_id, now)
            if is_first(asked.request_id) or now - since > LINGER_S:
                public_key = self._key_for(view, asked)
                if public_key:
                    self._outbox.key(asked.request_id, public_key)
        self._asked = {i: at for i, at in self._asked.items() if i in view.keys}
        self._alone_with = {i: at for i, at in self._alone_with.items() if i in view.keys}
        for request_id, reason in view.refused.items():
            self._outbox.refuse_signature(request_id, reason)
        for request_id, signing in view.signatures.items():
            if not signing.signature or party in signing.answered:
                continue
            if now - self._alone.setdefault(request_id, now) > LINGER_S:
                # The ledger checks it once more, as it does for everybody.
                self._outbox.signature(request_id, signing.signature)
        self._alone = {i: at for i, at in self._alone.items() if i in view.signatures}

    def _key_for(self, view: LedgerSnapshot, asked: KeyAsked) -> bytes:
        """The child of an active root, or a key that enough members hold; empty: not yet."""
        settings, root = view.settings, view.settings.roots.get(asked.wallet.root)
        if asked.wallet.root:
            if root is None or not root.active:
                return b""
            return root.child(settings.keyring, asked.wallet).public_key.encode()
        held = self._holdings.key(asked.request_id)
        if held is None:
            return b""
        now, group = self._clock(), settings.group
        since = self._alone_with.setdefault(asked.request_id, now)
        absent = group.absent if now - since >= ABSENT_S else 0
        enough = asked.holders.get(held.share.info.key_id, 0) >= len(group.members) - absent
        return held.public_key if enough else b""
