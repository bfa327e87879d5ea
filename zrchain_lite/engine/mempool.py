"""Transactions that wait for a block: the best price first, each account's in their sequence.

Bounded in all and for each account. When it is full, a better price takes the place of the worst;
one's own transaction is replaced by another of the same sequence that pays a tenth more.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from zrchain_lite.errors import LedgerError
from zrchain_lite.proposals import Described
from zrchain_lite.tx import tx_hash

REPLACEMENT_PERCENT = 110
"""What another transaction of the same sequence pays at least, in percent of the first's price."""
MAX_EVICTED = 64
"""How many transactions may be dropped to make room for one."""


class MempoolFull(LedgerError):
    """No more transactions may wait; send again after the next block, or pay more."""

    codespace, code = "sdk", 20


class AlreadyKnown(LedgerError):
    """The same bytes wait already."""

    codespace, code = "sdk", 19


@dataclass(frozen=True)
class Waiting:
    """One transaction. `number` counts arrivals, and is that of the place which it took."""

    tx: bytes
    about: Described
    number: int

    def __lt__(self, other: Waiting) -> bool:
        """Goes before `other`: by a better price, then by an earlier arrival."""
        return (-self.about.price, self.number) < (-other.about.price, other.number)


class Mempool:
    """Transactions that wait, by hash, and by account and sequence.

    An account's sequences have no gap.
    """

    def __init__(self, max_txs: int, max_bytes: int, max_account_txs: int) -> None:
        self._max_txs, self._max_bytes = max_txs, max_bytes
        self._max_account_txs = max_account_txs
        self._txs: dict[bytes, Waiting] = {}
        self._chains: dict[str, dict[int, Waiting]] = {}
        self._bytes = 0
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._txs)

    def __contains__(self, tx: bytes) -> bool:
        return tx_hash(tx) in self._txs

    @property
    def size(self) -> int:
        """The bytes of all that waits."""
        return self._bytes

    def require_new(self, tx: bytes) -> None:
        """Raises AlreadyKnown for bytes that wait already."""
        if tx_hash(tx) in self._txs:
            raise AlreadyKnown("the transaction waits already")

    def rival(self, about: Described) -> Waiting | None:
        """Return whose place the transaction wants; raises MempoolFull when it pays too little."""
        found = {
            other.number: other
            for account, sequence in about.places
            if (other := self._chains.get(account, {}).get(sequence)) is not None
        }
        if not found:
            return None
        (rival, *others) = found.values()
        if others or rival.about.places != about.places:
            raise MempoolFull("transactions with other signers wait in its place")
        if about.price * 100 < rival.about.price * REPLACEMENT_PERCENT:
            raise MempoolFull(
                "a transaction of the same sequence waits; another takes its place for a fee per "
                f"gas of {REPLACEMENT_PERCENT} % of it"
            )
        return rival

    def room_for(self, size: int, about: Described) -> list[Waiting]:
        """What has to go for a transaction of `size` bytes: it pays less, and nothing follows it.

        Raises MempoolFull when nobody pays less, or when its account has too many waiting.
        """
        for account, _ in about.places:
            if len(self._chains.get(account, ())) >= self._max_account_txs:
                raise MempoolFull(
                    f"{self._max_account_txs} transactions of {account} wait already; try later"
                )
        count, total = len(self._txs) + 1 - self._max_txs, self._bytes + size - self._max_bytes
        if count <= 0 and total <= 0:
            return []
        spared = {account for account, _ in about.places}
        cheaper = (
            tail
            for tail in self._tails()
            if tail.about.price < about.price
            and spared.isdisjoint(account for account, _ in tail.about.places)
        )
        evicted = heapq.nlargest(MAX_EVICTED, cheaper)
        for place, waiting in enumerate(evicted, 1):
            total -= len(waiting.tx)
            if place >= count and total <= 0:
                return evicted[:place]
        raise MempoolFull(
            f"{len(self._txs)} transactions ({self._bytes} bytes) wait already and pay as much; "
            "pay more or try later"
        )

    def add(self, tx: bytes, about: Described) -> None:
        """Queue a transaction that CheckTx admitted, in the place of its rival."""
        rival = self.rival(about)
        self._arrivals += 1
        waiting = Waiting(tx, about, self._arrivals if rival is None else rival.number)
        if rival is not None:
            del self._txs[tx_hash(rival.tx)]
            self._bytes -= len(rival.tx)
        self._txs[tx_hash(tx)] = waiting
        self._bytes += len(tx)
        for account, sequence in about.places:
            self._chains.setdefault(account, {})[sequence] = waiting

    def together(self, account: str) -> tuple[set[str], list[Waiting]]:
        """An account with those that share transactions, and all of these as they came."""
        accounts, todo, found = {account}, [account], dict[int, Waiting]()
        while todo:
            for waiting in self.of(todo.pop()):
                found[waiting.number] = waiting
                others = {other for other, _ in waiting.about.places} - accounts
                accounts |= others
                todo += others
        return accounts, [found[number] for number in sorted(found)]

    def of(self, account: str) -> list[Waiting]:
        """What waits of an account, in its sequence."""
        chain = self._chains.get(account, {})
        return [chain[sequence] for sequence in sorted(chain)]

    def ordered(self, fits: Callable[[Waiting], bool]) -> list[Waiting]:
        """What `fits`, best price first. After what does not fit, its accounts have to wait."""
        chains = {account: iter(self.of(account)) for account in self._chains}
        heads = {account: next(chain) for account, chain in chains.items()}
        ready = {waiting.number: waiting for waiting in heads.values() if _leads(waiting, heads)}
        heap, chosen = list(ready.values()), list[Waiting]()
        heapq.heapify(heap)
        while heap:
            best = heapq.heappop(heap)
            if not fits(best):
                continue
            chosen.append(best)
            following = {}
            for account, _ in best.about.places:
                after = next(chains[account], None)
                heads.pop(account)
                if after is not None:
                    heads[account] = following[after.number] = after
            for after in following.values():
                if _leads(after, heads):
                    heapq.heappush(heap, after)
        return chosen

    def waiting(self) -> list[bytes]:
        """The encoded transactions in the order in which they came."""
        return [each.tx for each in sorted(self._txs.values(), key=lambda each: each.number)]

    def remove(self, txs: Collection[bytes]) -> None:
        """Forget transactions that a block holds; unknown ones are passed over."""
        for tx in txs:
            if (waiting := self._txs.get(tx_hash(tx))) is not None:
                self._drop(waiting)

    def expire(self, height: int) -> None:
        """Drop what no block from `height` on may hold, and what comes after it."""
        late = [each for each in self._txs.values() if 0 < each.about.timeout_height < height]
        for waiting in late:
            self.drop_from(waiting)

    def drop_from(self, waiting: Waiting) -> None:
        """Drop a transaction and those of its accounts that come after it."""
        doomed, found = [waiting], set[int]()
        while doomed:
            each = doomed.pop()
            if each.number in found:
                continue
            found.add(each.number)
            for account, sequence in each.about.places:
                chain = self._chains.get(account, {})
                doomed += [after for other, after in chain.items() if other > sequence]
            self._drop(each)

    def _drop(self, waiting: Waiting) -> None:
        if self._txs.pop(tx_hash(waiting.tx), None) is None:
            return
        self._bytes -= len(waiting.tx)
        for account, sequence in waiting.about.places:
            chain = self._chains[account]
            del chain[sequence]
            if not chain:
                del self._chains[account]

    def _tails(self) -> Iterator[Waiting]:
        """What no other transaction of its accounts follows."""
        last = {account: max(chain) for account, chain in self._chains.items()}
        for account, sequence in last.items():
            tail = self._chains[account][sequence]
            if tail.about.places[0][0] == account and all(
                last[a] == s for a, s in tail.about.places
            ):
                yield tail


def _leads(waiting: Waiting, heads: dict[str, Waiting]) -> bool:
    """Whether it is the next of each of its accounts."""
    return all(heads.get(account) is waiting for account, _ in waiting.about.places)
