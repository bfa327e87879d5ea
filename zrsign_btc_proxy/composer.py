"""From a simple transaction to a PSBT: which coins may be spent, and what to do when they do not
suffice. The decision is pure; `Composition` reads and sends.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from prometheus_client import Counter

from zrchain_lite.client import ObjectNotFound, TxFailed
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_btc_proxy.errors import NotYet
from zrsign_btc_proxy.ledger import Ledger
from zrsign_btc_proxy.reservations import Outpoint, Reservations
from zrsign_btc_proxy.wallet import Wallet
from zrsign_chains import ChainError, FeeAboveCap, InsufficientFunds, Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_daemon.log import get_logger

COMPOSITIONS = Counter("btc_proxy_compositions_total", "Simple transactions looked at", ["outcome"])
# A proposal that the ledger does not accept is made at most this often.
MAX_PROPOSALS = 3


@dataclass(frozen=True)
class Proposal:
    """A PSBT and the coins that it spends."""

    payload: bytes
    coins: tuple[Outpoint, ...]


@dataclass(frozen=True)
class Shortage:
    """Not payable as things are; `reason` has the figures."""

    reason: str


def compose(
    chain: BitcoinChain,
    intent: Intent,
    public_key: bytes,
    coins: Collection[Utxo],
    *,
    spendable: Callable[[Utxo], bool],
    taken: Collection[Outpoint],
    fee_rate: float,
) -> Proposal | Shortage:
    """Pay `intent` from the coins of a key. Raises ChainError when no coin could ever make it good
    (address, dust, data)."""
    chain.validate_address(intent.to)
    reserved = [coin for coin in coins if Outpoint(coin.txid, coin.vout) in taken]
    young = [coin for coin in coins if coin not in reserved and not spendable(coin)]
    usable = [coin for coin in coins if coin not in reserved and coin not in young]
    try:
        payload = chain.compose(
            intent, utxos=usable, fee_rate_sat_vb=fee_rate, change_public_key=public_key
        )
    except InsufficientFunds as error:
        return Shortage(
            f"insufficient_funds: {error.required_sats} sats needed at {fee_rate:g} sat/vB, "
            f"{error.available_sats} spendable; {_sum(young)} unconfirmed, "
            f"{_sum(reserved)} in transactions under way"
        )
    except FeeAboveCap as error:
        return Shortage(f"fee_above_cap: {error}")
    return Proposal(payload, outpoints(chain, payload))


def outpoints(chain: BitcoinChain, payload: bytes) -> tuple[Outpoint, ...]:
    """The coins that an unsigned transaction spends. Raises ChainError."""
    return tuple(Outpoint(spent.txid, spent.vout) for spent in chain.parse(payload).inputs)


def _sum(coins: Iterable[Utxo]) -> int:
    return sum(coin.value_sats for coin in coins)


class Composition:
    """Everything for one Bitcoin network. `clock` gives Unix seconds."""

    def __init__(
        self,
        wallet: Wallet,
        ledger: Ledger,
        reservations: Reservations,
        grace_s: float,
        clock: Callable[[], float],
    ):
        self.chain = wallet.chain
        self._rules = BitcoinChain(wallet.chain)
        self._wallet = wallet
        self._ledger = ledger
        self._reservations = reservations
        self._grace_s = grace_s
        self._clock = clock
        self._known_keys = 0
        self._refused: Tally[int] = Tally()
        # What a request waits for, as it was last logged.
        self._waits_for: dict[int, str] = {}
        self._log = get_logger(chain=wallet.chain)

    async def discover(self) -> None:
        """Watch the ledger's Bitcoin keys from when they are made, so that their coins are found
        without a search later."""
        while fresh := await self._ledger.keys(self.chain, self._known_keys):
            for public_key in fresh:
                await self._wallet.watch(public_key)
                self._known_keys += 1

    async def tick(self) -> None:
        """One pass. Raises bitcoind's or the ledger's error; the next pass goes on."""
        waiting = [
            one
            async for one in self._ledger.composable()
            if one.request.destination == self.chain
            and self._refused[one.request.id] < MAX_PROPOSALS
        ]
        await self._release()
        if waiting:
            await self._adopt()
        for composable in waiting:
            await self._serve(composable)

    async def close(self) -> None:
        await self._wallet.close()

    def _mine(self, request: receiver.Request) -> bool:
        return request.destination == self.chain and self._refused[request.id] < MAX_PROPOSALS

    async def _release(self) -> None:
        """Free the coins of requests that have ended (or that a new ledger has never heard of)."""
        for request_id in await self._reservations.requests(self.chain):
            try:
                over = await self._ledger.ended(request_id)
            except ObjectNotFound:
                over = True
            if over:
                await self._reservations.release(self.chain, request_id)

    async def _adopt(self) -> None:
        """Reserve what others composed: another proxy, or a requester's own transaction."""
        async for request in self._ledger.under_way(self.chain):
            try:
                coins = outpoints(self._rules, request.unsigned_transaction)
            except ChainError:
                continue  # The ledger has refused it as well; it will never be sent.
            await self._reservations.reserve(self.chain, request.id, coins)

    async def _serve(self, composable: receiver.Composable) -> None:
        request = composable.request
        try:
            outcome = await self._compose(composable)
        except NotYet as error:
            self._count("waiting", request, str(error))
        except ChainError as error:
            await self._reject(request, f"cannot be built: {error}")
        else:
            if isinstance(outcome, Proposal):
                await self._propose(request, outcome)
            elif await self._waited_long(request):
                await self._reject(request, outcome.reason)
            else:
                self._count("waiting", request, outcome.reason)

    async def _compose(self, composable: receiver.Composable) -> Proposal | Shortage:
        await self._wallet.watch(composable.public_key)
        intent = Intent(
            to=composable.to,
            value=int(composable.value),
            data=composable.data,
            max_network_fee=int(composable.max_network_fee),
        )
        coins = await self._wallet.coins(getattr(composable, "from"))
        # Its own coins are its to use: an earlier proposal may never have reached the ledger.
        taken = await self._reservations.taken(self.chain, but_by=composable.request.id)
        fee_rate = await self._wallet.fee_rate()

        def attempt(among: Collection[Utxo]) -> Proposal | Shortage:
            return compose(
                self._rules,
                intent,
                composable.public_key,
                among,
                spendable=self._wallet.spendable,
                taken=taken,
                fee_rate=fee_rate,
            )

        outcome = attempt(coins)
        if isinstance(outcome, Proposal) and len(outcome.coins) > 1:
            # Several P2WPKH amounts have to be proven by the transactions that made them.
            chosen = [coin for coin in coins if Outpoint(coin.txid, coin.vout) in outcome.coins]
            outcome = attempt([await self._wallet.proven(coin) for coin in chosen])
        return outcome

    async def _propose(self, request: receiver.Request, proposal: Proposal) -> None:
        """Reserve first: whatever becomes of the proposal, its coins are not given out twice."""
        await self._reservations.reserve(self.chain, request.id, proposal.coins)
        try:
            await self._ledger.propose(request.id, proposal.payload)
        except TxFailed as error:
            await self._reservations.release(self.chain, request.id)
            self._refused[request.id] += 1
            self._count("not_accepted", request, str(error))
        else:
            self._count("proposed", request, "")

    async def _reject(self, request: receiver.Request, reason: str) -> None:
        try:
            await self._ledger.reject(request.id, reason)
        except TxFailed as error:
            self._refused[request.id] += 1
            self._count("not_accepted", request, str(error))
        else:
            self._count("rejected", request, reason)

    async def _waited_long(self, request: receiver.Request) -> bool:
        """Longer than `grace_s` since the ledger began to wait for a composer."""
        return self._clock() - await self._ledger.waits_since(request.id) >= self._grace_s

    def _count(self, outcome: str, request: receiver.Request, reason: str) -> None:
        COMPOSITIONS.labels(outcome).inc()
        if outcome != "waiting":
            self._waits_for.pop(request.id, None)
        elif self._waits_for.get(request.id) == reason:
            return
        else:
            self._waits_for[request.id] = reason
        self._log.info("composition", request=request.id, outcome=outcome, reason=reason)
