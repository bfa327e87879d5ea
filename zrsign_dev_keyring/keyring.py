"""The loop: pending requests of one keyring, answered and sent to the ledger in batches.

Answering twice is harmless: a key is stored under its request's id before it is answered, and
signatures are deterministic, so a request that is seen again after a crash gets the same answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from prometheus_client import Counter, Gauge

from zrchain_lite.client import Account, LedgerClient, TxFailed, party_signature
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign_daemon.log import get_logger
from zrsign_daemon.retry import Retry
from zrsign_dev_keyring.answer import (
    KeyringRejection,
    PublicKey,
    Signature,
    answer_key_request,
    answer_signature_request,
    is_parent,
)
from zrsign_dev_keyring.errors import VaultError
from zrsign_dev_keyring.vault import Vault

QUERY = "/zrchain.treasury.Query/"
FIRST_BLOCK = "/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight"
# Requests looked at in one turn; the rest come in the next.
TURN = 500

ANSWERS = Counter("zrsign_keyring_answers", "Answers that the ledger took.", ["kind", "outcome"])
FAILURES = Counter("zrsign_keyring_failures", "Answers that failed and are tried again.")
PENDING = Gauge("zrsign_keyring_pending", "Requests seen pending in the last turn.")

Request = treasury.KeyReqResponse | treasury.SignReqResponse
Outcome = PublicKey | Signature | KeyringRejection


@dataclass(frozen=True)
class Answer:
    """One request's message, and what it says, for the log."""

    request: tuple[str, int]
    outcome: Outcome
    message: Message


@dataclass
class _Deferred:
    failures: int
    resume_at: float


class LocalKeyring:
    """Answers for `keyring` as the party `account`."""

    def __init__(
        self,
        ledger: LedgerClient,
        account: Account,
        vault: Vault,
        keyring: str,
        *,
        batch: int,
        concurrency: int,
        retry: Retry,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._fault: str | None = None
        self._claimed = False
        self._ledger, self._account, self._vault, self._keyring = ledger, account, vault, keyring
        self._batch, self._retry, self._clock = batch, retry, clock
        self._workers = asyncio.Semaphore(concurrency)
        self._deferred: dict[tuple[str, int], _Deferred] = {}
        self._log = get_logger(keyring_address=keyring, party=account.address)

    def fault(self) -> str | None:
        """What a person must look at, None when all is well."""
        return self._fault

    async def turn(self) -> int:
        """Answer what is pending. Returns how many answers the ledger took. Raises ClientError, and
        ForeignVault on another ledger than the one whose keys the vault holds.
        """
        if not self._claimed:
            await self._claim()
        pending = {**await self._pending_keys(), **await self._pending_signatures()}
        PENDING.set(len(pending))
        self._deferred = {at: wait for at, wait in self._deferred.items() if at in pending}
        if not self._deferred:
            self._fault = None
        due = [at for at in pending if self._is_due(at)]
        outcomes = await asyncio.gather(*(self._answer(at, pending[at]) for at in due))
        answers = [answer for answer in outcomes if answer is not None]
        taken = 0
        for start in range(0, len(answers), self._batch):
            taken += await self._send(answers[start : start + self._batch])
        return taken

    async def _claim(self) -> None:
        """A ledger is known by its first block: one that starts anew under the same name has
        another.
        """
        first = await self._ledger.query(
            FIRST_BLOCK, tm.GetBlockByHeightRequest(height=1), tm.GetBlockByHeightResponse
        )
        await asyncio.to_thread(self._vault.claim, first.block_id.hash.hex())
        self._claimed = True

    async def _pending_keys(self) -> dict[tuple[str, int], Request]:
        query = treasury.QueryKeyRequestsRequest(
            keyring_addr=self._keyring, status=treasury.KEY_REQUEST_STATUS_PENDING
        )
        found: dict[tuple[str, int], Request] = {}
        pages = self._ledger.page(QUERY + "KeyRequests", query, treasury.QueryKeyRequestsResponse)
        async for request in pages:
            found["key", request.id] = request
            if len(found) == TURN:
                break
        return found

    async def _pending_signatures(self) -> dict[tuple[str, int], Request]:
        query = treasury.QuerySignatureRequestsRequest(
            keyring_addr=self._keyring, status=treasury.SIGN_REQUEST_STATUS_PENDING
        )
        found: dict[tuple[str, int], Request] = {}
        pages = self._ledger.page(
            QUERY + "SignatureRequests", query, treasury.QuerySignatureRequestsResponse
        )
        async for request in pages:
            if not is_parent(request):
                found["signature", request.id] = request
            if len(found) == TURN:
                break
        return found

    def _is_due(self, request: tuple[str, int]) -> bool:
        wait = self._deferred.get(request)
        return wait is None or self._clock() >= wait.resume_at

    async def _answer(self, at: tuple[str, int], request: Request) -> Answer | None:
        async with self._workers:
            try:
                outcome = await asyncio.to_thread(self._decide, request)
            except VaultError as error:
                # A vault can be mended; the request expires by itself if it is not.
                self._defer(at, error)
                return None
        return Answer(at, outcome, self._message(request, outcome))

    def _decide(self, request: Request) -> Outcome:
        if isinstance(request, treasury.KeyReqResponse):
            return answer_key_request(request, self._vault.key_for)
        return answer_signature_request(request, self._vault.key)

    def _message(self, request: Request, outcome: Outcome) -> Message:
        key_made = outcome.public_key if isinstance(outcome, PublicKey) else b""
        signature = party_signature(self._account, request.id, key_made)
        rejected = isinstance(outcome, KeyringRejection)
        if isinstance(request, treasury.KeyReqResponse):
            key = treasury.MsgFulfilKeyRequest(
                creator=self._account.address,
                request_id=request.id,
                status=treasury.KEY_REQUEST_STATUS_REJECTED
                if rejected
                else treasury.KEY_REQUEST_STATUS_FULFILLED,
                keyring_party_signature=signature,
            )
            if isinstance(outcome, PublicKey):
                key.key.public_key = outcome.public_key
            else:
                key.reject_reason = str(outcome)
            return key
        return treasury.MsgFulfilSignatureRequest(
            creator=self._account.address,
            request_id=request.id,
            status=treasury.SIGN_REQUEST_STATUS_REJECTED
            if rejected
            else treasury.SIGN_REQUEST_STATUS_FULFILLED,
            keyring_party_signature=signature,
            signed_data=outcome.signature if isinstance(outcome, Signature) else b"",
            reject_reason=str(outcome) if rejected else "",
        )

    async def _send(self, answers: Sequence[Answer]) -> int:
        """One transaction; if the ledger refuses it, one for each answer, so that one that came too
        late does not hold up the others."""
        try:
            await self._ledger.broadcast(*(answer.message for answer in answers))
        except TxFailed as error:
            if len(answers) > 1:
                return sum([await self._send([answer]) for answer in answers])
            self._defer(answers[0].request, error)
            return 0
        for answer in answers:
            self._done(answer)
        return len(answers)

    def _done(self, answer: Answer) -> None:
        self._deferred.pop(answer.request, None)
        kind, request_id = answer.request
        rejection = str(answer.outcome) if isinstance(answer.outcome, KeyringRejection) else None
        ANSWERS.labels(kind, "fulfilled" if rejection is None else "rejected").inc()
        self._log.info("answered", kind=kind, request=request_id, rejected=rejection)

    def _defer(self, request: tuple[str, int], error: Exception) -> None:
        wait = self._deferred.setdefault(request, _Deferred(0, 0.0))
        wait.failures += 1
        wait.resume_at = self._clock() + self._retry.delay_s(wait.failures)
        FAILURES.inc()
        self._fault = f"{request[0]} request {request[1]}: {error}"
        self._log.error("not answered", kind=request[0], request=request[1], fault=str(error))


async def watch_blocks(ledger: LedgerClient, wake: Callable[[], None]) -> None:
    """Call `wake` at every new block, without end. Raises ClientError."""
    async for _height in ledger.new_blocks():
        wake()
