"""One pass over the simple transactions that wait for a composer on one chain.

What cannot be built now may wait for `grace_s` since the ledger began to wait, then it is rejected
with the figures; what can never be built is rejected at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from zrchain_lite.client import TxFailed
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import ChainError, Intent
from zrsign_daemon.composing import Composer, ComposeTask, ComposingError, NotYet, Uncomposable
from zrsign_daemon.composing.ledger import ComposerLedger, transactions
from zrsign_daemon.log import get_logger

MAX_PROPOSALS = 3
"""How often a composer proposes for one request that the ledger does not accept."""
REFRESH_S = 5.0
"""Seconds between two looks at composed transactions that wait for approvals."""


class Composition:
    """The requests of one chain: `composer` builds for them, `ledger` hears of it.

    `clock` gives Unix seconds; `pause_s` is between two looks while a request cannot be composed;
    `count` is told the outcome of each request in each pass. What is on its way and has made no
    step for `replace_after_s` is outbid, where that is set.
    """

    def __init__(
        self,
        composer: Composer,
        ledger: ComposerLedger,
        grace_s: float,
        clock: Callable[[], float],
        count: Callable[[str], None],
        pause_s: float = 1.0,
        replace_after_s: float | None = None,
    ):
        self.chain = composer.chain
        self._composer = composer
        self._ledger = ledger
        self._grace_s = grace_s
        self._clock = clock
        self._count = count
        self._refused: Counter[int] = Counter()
        # What a request waits for, as it was last logged.
        self._waits_for: dict[int, str] = {}
        self._refresh_at = 0.0
        self._approving = False
        self._replace_after_s = replace_after_s if composer.outbids else None
        self._outbids_refused: Counter[int] = Counter()
        self._outbid_at = 0.0
        self._on_their_way = False
        self._pause_s = pause_s
        self._log = get_logger(chain=self.chain)

    async def tick(self) -> float | None:
        """One pass; returns the seconds until the next is wanted, None when nothing waits.

        Raises a node's or the ledger's error; what is left is taken up by the next pass.
        """
        waiting = await self._ledger.composable(self.chain)
        for composable in waiting:
            if self._refused[composable.request.id] < MAX_PROPOSALS:
                await self._serve(composable)
        if self._clock() >= self._refresh_at:
            self._refresh_at = self._clock() + REFRESH_S
            self._approving = await self._refresh()
        outbid_pause_s = max(REFRESH_S, (self._replace_after_s or 0.0) / 4)
        if self._replace_after_s is not None and self._clock() >= self._outbid_at:
            self._outbid_at = self._clock() + outbid_pause_s
            self._on_their_way = await self._outbid(self._replace_after_s)
        if waiting:
            return self._pause_s
        if self._approving:
            return REFRESH_S
        return outbid_pause_s if self._on_their_way else None

    async def close(self) -> None:
        """Close the composer's connection."""
        await self._composer.close()

    async def _serve(self, composable: receiver.Composable) -> None:
        request = composable.request
        try:
            payload = await self._composer.compose(await self._task(composable))
        except NotYet as error:
            self._settle("waiting", request, str(error))
        except ChainError as error:
            await self._reject(request, f"cannot be built: {error}")
        except Uncomposable as error:
            if await self._waited_long(request):
                await self._reject(request, str(error))
            else:
                self._settle("waiting", request, str(error))
        else:
            await self._propose(request, payload)

    async def _refresh(self) -> bool:
        """Replace what went stale while it waited; its approvals start again. True if any waits."""
        approving = await self._ledger.approving(self.chain)
        for composable in approving:
            request = composable.request
            stale = await self._composer.stale(
                request.unsigned_transaction, getattr(composable, "from")
            )
            if not stale or self._refused[request.id] >= MAX_PROPOSALS:
                continue
            try:
                task = replace(await self._task(composable), went_stale=True)
                payload = await self._composer.compose(task)
            except (ComposingError, ChainError) as error:
                self._settle("waiting", request, f"stale, and {error}")
            else:
                await self._propose(request, payload)
        return bool(approving)

    async def _outbid(self, after_s: float) -> bool:
        """Propose a higher fee for what is stuck. True if anything is on its way."""
        on_their_way = await self._ledger.delivering(self.chain)
        for request in on_their_way:
            if self._clock() - request.steps[-1].time_ms / 1000 >= after_s:
                await self._replace(request)
        return bool(on_their_way)

    async def _replace(self, request: receiver.Request) -> None:
        number = request.sign_transaction_request_id
        if request.replacements:
            number = request.replacements[-1].sign_transaction_request_id
        if self._outbids_refused[number] >= MAX_PROPOSALS:
            return
        task = await self._task(await self._ledger.composed(request))
        try:
            payload = await self._composer.outbid(task, transactions(request)[-1])
            if payload is not None:
                await self._ledger.propose(request.id, payload, replaces=number)
                self._settle("replaced", request, "")
        except (ComposingError, ChainError) as error:
            self._settle("waiting", request, f"stuck, and {error}")
        except TxFailed as error:
            self._outbids_refused[number] += 1
            self._settle("not_accepted", request, str(error))

    async def _task(self, composable: receiver.Composable) -> ComposeTask:
        # First: what leaves its block meanwhile is under way then, and in neither list otherwise.
        confirmed = await self._ledger.confirmed(composable.request)
        intent = Intent(
            to=composable.to,
            value=int(composable.value),
            data=composable.data,
            max_network_fee=int(composable.max_network_fee),
        )
        return ComposeTask(
            request_id=composable.request.id,
            chain=self.chain,
            sender=getattr(composable, "from"),
            public_key=composable.public_key,
            intent=intent,
            under_way=await self._ledger.under_way(composable.request),
            given_up=await self._ledger.given_up(composable.request),
            confirmed=confirmed,
        )

    async def _propose(self, request: receiver.Request, payload: bytes) -> None:
        try:
            await self._ledger.propose(request.id, payload, supersedes_action_id=request.action_id)
        except TxFailed as error:
            # Another composer was first, or the ledger holds it against what was asked.
            await self._composer.not_accepted(request.id)
            self._refused[request.id] += 1
            self._settle("not_accepted", request, str(error))
        else:
            self._settle("proposed", request, "")

    async def _reject(self, request: receiver.Request, reason: str) -> None:
        try:
            await self._ledger.reject(request.id, reason)
        except TxFailed as error:
            self._refused[request.id] += 1
            self._settle("not_accepted", request, str(error))
        else:
            self._settle("rejected", request, reason)

    async def _waited_long(self, request: receiver.Request) -> bool:
        """Longer than `grace_s` since the ledger began to wait for a composer."""
        return self._clock() - await self._ledger.waits_since(request.id) >= self._grace_s

    def _settle(self, outcome: str, request: receiver.Request, reason: str) -> None:
        self._count(outcome)
        if outcome != "waiting":
            self._waits_for.pop(request.id, None)
        elif self._waits_for.get(request.id) == reason:
            return
        else:
            self._waits_for[request.id] = reason
        self._log.info("composition", request=request.id, outcome=outcome, reason=reason)
