"""Who says to hold which key in which epoch: so that operators propose what can succeed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from zrsign_dmpc.ecdsa import AuxInfo
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_operator.errors import Refused
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.peers.frames import MAX_AUX, MAX_PAGE, Holding, Inventory, Part

GRACE_S: Final = 2.0
"""How long a peer may be behind with what it says."""
AUX_GRACE_S: Final = 15.0
"""How long a peer may say, after this operator got it, that it has no auxiliary information."""
AUX_SILENCE_S: Final = 45.0
"""How much later than this operator a peer may end the making of it, while it says nothing.

All have checked everything before the last message, which everybody passes on, so what is left for
an honest one is to read it, on however busy a machine.
"""
AUX_KEY: Final = -1
"""Stands for auxiliary information among the numbers of keys."""
MAX_KEYS: Final = 1 << 16
"""Keys that a peer may say to hold, about 16 MB of memory."""
LACKING_S: Final = 10.0
"""Seconds that a peer may lack a share before it is dealt a new one."""


class Inventories:
    """What every peer says that it holds."""

    def __init__(
        self,
        holdings: Holdings,
        clock: Callable[[], float],
        lost_again: Callable[[int, str], None] = lambda _peer, _what: None,
    ) -> None:
        """`lost_again` hears of peers for whom the group must make again what it made before."""
        self._holdings = holdings
        self._clock = clock
        self._lost_again = lost_again
        self._losses: dict[tuple[int, int], tuple[bytes, int]] = {}
        """What a peer lost last and how many it lost, by peer and ledger key; see `AUX_KEY`."""
        self._said: dict[int, dict[int, Holding]] = {}
        """What each peer holds, by peer and ledger key; one that said nothing is not there."""
        self._aux: dict[int, tuple[tuple[bytes, ...], float]] = {}
        """Which auxiliary information each peer has, and since when it says so."""
        self._spoke: dict[int, float] = {}
        """Clock time at which each peer began to say all that it holds last."""
        self._had_aux: dict[bytes, float] = {}
        """Clock time at which this operator got auxiliary information, by its digest."""
        self._lacks: dict[tuple[int, bytes], float] = {}
        """Clock time since when a peer lacks a key in this operator's epoch, by (peer, key id)."""

    def mine(self) -> list[Inventory]:
        """All that this operator holds, in pages."""
        holdings = [holding_of(held) for held in self._holdings.all_keys()]
        pages = [holdings[at : at + MAX_PAGE] for at in range(0, len(holdings), MAX_PAGE)] or [[]]
        return [
            self._with(tuple(page), Part.MORE if place else Part.FIRST)
            for place, page in enumerate(pages)
        ]

    def of(self, held: HeldKey) -> Inventory:
        """This key alone."""
        return self._with((holding_of(held),), Part.NEWS)

    def _with(self, holdings: tuple[Holding, ...], part: Part) -> Inventory:
        return Inventory(holdings, self._holdings.aux_digests()[-MAX_AUX:], part)

    def take(self, peer: int, inventory: Inventory) -> None:
        """Believe what a peer says of itself; the first page of all replaces what it said before.

        Raises Refused for more keys than a keyring of operators may have.
        """
        if inventory.complete == Part.FIRST:
            self._said[peer] = {}
            self._spoke[peer] = self._clock()
        known = self._said.setdefault(peer, {})
        if len(known) + len(inventory.holdings) > MAX_KEYS:
            raise Refused(f"more than {MAX_KEYS} keys in an inventory")
        known.update({each.ledger_key: each for each in inventory.holdings})
        if peer not in self._aux or self._aux[peer][0] != inventory.aux:
            self._aux[peer] = inventory.aux, self._clock()

    def forget(self, peer: int) -> None:
        """Its stream ended."""
        self._said.pop(peer, None)
        self._aux.pop(peer, None)
        self._spoke.pop(peer, None)

    def covered(self, level: SecurityLevel, epoch: int) -> frozenset[int]:
        """Whom my newest auxiliary information of this epoch covers, without those who lost it."""
        newest = self._holdings.newest_aux(level, epoch)
        if newest is None:
            return frozenset()
        having = self._having(newest)
        for peer in set(newest.public.paillier) - having:
            self._note_loss(peer, AUX_KEY, newest.public.digest)
        return having

    def aux_of(self, held: HeldKey, level: SecurityLevel) -> tuple[AuxInfo | None, frozenset[int]]:
        """What a key may presign with, at this level or above, and which of its holders have it.

        Most of them; if there is a choice, the key's own rather than one that is still new.
        """
        best, having = None, frozenset[int]()
        for info in self._holdings.aux:
            public = info.public
            if public.epoch < held.share.info.aux_epoch or public.level.security < level.security:
                continue
            holders = self._having(info) & set(held.share.info.shares)
            newer = best is not None and best.public.epoch == public.epoch
            if len(holders) > len(having) or (newer and len(holders) == len(having)):
                best, having = info, holders
        return best, having

    def confirmed(self, level: SecurityLevel, epoch: int) -> frozenset[int]:
        """Who says to have my newest auxiliary information of this epoch, and me."""
        newest = self._holdings.newest_aux(level, epoch)
        return self._confirm(newest) if newest is not None else frozenset()

    def is_everywhere(self, info: AuxInfo) -> bool:
        """Whether all whom it covers say that they have it."""
        return set(info.public.paillier) <= self._confirm(info)

    def _confirm(self, info: AuxInfo) -> frozenset[int]:
        digest = info.public.digest
        return frozenset(
            {info.index} | {peer for peer, (had, _) in self._aux.items() if digest in had}
        )

    def _having(self, info: AuxInfo) -> frozenset[int]:
        """Whom it covers, without those who say that they have none.

        Who said nothing since this operator got it may still be at work: on a busy machine others
        must not begin again meanwhile.
        """
        now, digest = self._clock(), info.public.digest
        mine_since = self._had_aux.setdefault(digest, now)

        def is_lost(peer: int, had: tuple[bytes, ...], since: float) -> bool:
            grace = AUX_GRACE_S if self._spoke.get(peer, 0.0) > mine_since else AUX_SILENCE_S
            return digest not in had and now - max(since, mine_since) >= grace

        lost = {peer for peer, (had, since) in self._aux.items() if is_lost(peer, had, since)}
        return frozenset(info.public.paillier) - lost

    def _note_loss(self, peer: int, ledger_key: int, name: bytes) -> None:
        """A disk may be lost once; who loses all that it is given has others work without end."""
        last, count = self._losses.get((peer, ledger_key), (b"", 0))
        if name == last:
            return
        self._losses[peer, ledger_key] = name, count + 1
        if count:
            what = "auxiliary information" if ledger_key == AUX_KEY else f"key {ledger_key}"
            self._lost_again(peer, what)

    def lacking(self, held: HeldKey, since: float = GRACE_S) -> frozenset[int]:
        """Holders of this epoch who have been without a share of it for a while."""
        now, key_id = self._clock(), held.share.info.key_id
        found = set()
        for peer in held.share.info.shares:
            said = self._said.get(peer)
            holding = said.get(held.ledger_key) if said is not None else None
            if said is None or (holding is not None and holding.key_id == key_id):
                self._lacks.pop((peer, key_id), None)
            elif now - self._lacks.setdefault((peer, key_id), now) >= since:
                found.add(peer)
                if since >= LACKING_S:
                    self._note_loss(peer, held.ledger_key, key_id)
        return frozenset(found)

    def is_left_behind(self, held: HeldKey) -> bool:
        """Whether more operators than can lie are in a later epoch of this key.

        One that this operator only waits to hear the end of does not count.
        """
        info, kept = held.share.info, held.folder.keeper.state.retained
        known = [said[held.ledger_key] for said in self._said.values() if held.ledger_key in said]
        later = [each for each in known if each.epoch > info.epoch and each.key_id not in kept]
        return len(later) >= info.threshold


def holding_of(held: HeldKey) -> Holding:
    """The entry of a key in an inventory."""
    info = held.share.info
    return Holding(held.ledger_key, info.key_id, info.epoch)
