"""The other operators together: links to them, what they hold, and what is thought of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from zrsign_daemon.log import get_logger
from zrsign_operator.errors import Refused
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.inventories import Inventories
from zrsign_operator.peers.blame import Standing
from zrsign_operator.peers.conduct import CUTTING, Offence
from zrsign_operator.peers.frames import Inventory, Part
from zrsign_operator.peers.members import KeyringSettings, Member, Myself
from zrsign_operator.peers.memory import Memory
from zrsign_operator.work.nonces import Stocks


class Connections(Protocol):
    """What is asked of links; see `zrsign_operator.peers.links`."""

    incarnations: dict[int, bytes]
    """The incarnation of every peer that proved itself since it connected last, by index."""

    def live(self) -> frozenset[int]:
        """Peers that both proved themselves and were heard lately, and me."""

    def silent(self) -> frozenset[int]:
        """Peers whose links stand, and who say nothing."""

    def peers(self) -> frozenset[int]:
        """Everybody to link with, live or not."""

    def send(self, index: int, frame: bytes, *, linger: bool = False) -> None:
        """Queue a frame for a peer, over a link that is there or comes soon.

        One that may `linger` goes with other frames, or after half a second.
        """

    def update(self, members: Mapping[int, Member]) -> None:
        """Link with exactly these members, and me among them."""

    def cut(self, index: int, seconds: float) -> None:
        """Break the link with a peer, and take none of it for a while."""


class Peers:
    """Everybody that one operator works with."""

    _settings: KeyringSettings
    """There are none before the first `follow`."""

    def __init__(
        self,
        myself: Myself,
        links: Connections,
        holdings: Holdings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.links = links
        self.send = links.send
        self.standing = Standing(myself.index, holdings, clock)
        self.inventories = Inventories(holdings, clock, self._lost_again)
        self.stocks = Stocks(myself.index, holdings, links.send)
        self.memory = Memory(
            myself,
            holdings,
            links.send,
            lambda: self._settings.everybody,
            lambda peer: self.charge(peer, Offence.WENT_BACK, "its journal is older than it told"),
            lambda peer: self._lost_again(peer, "its journal, and what was made ahead with it"),
            clock,
        )
        self._myself = myself
        self._holdings = holdings
        self._log = get_logger(operator=myself.index)

    @property
    def incarnations(self) -> dict[int, bytes]:
        """The presence of every peer that proved itself, and this operator's own, by index."""
        return {self._myself.index: self._myself.presence, **self.links.incarnations}

    def usable(self) -> frozenset[int]:
        """Live operators that did their part lately, and me."""
        return self.links.live() - self.standing.left_out() | {self._myself.index}

    def follow(self, settings: KeyringSettings) -> None:
        """Link with who has business with this operator, and remember who was pardoned."""
        self._settings = settings
        self.standing.pardon(settings.pardons)
        wanted = set(settings.linked)
        for held in self._holdings.all_keys():
            wanted |= set(held.share.info.shares)
        self.links.update({i: m for i, m in settings.members.items() if i in wanted})

    def charge(self, peer: int, offence: Offence, why: str) -> None:
        """Count an offence. Who went too far is named and left out; who floods is cut as well."""
        excluded_s = self.standing.conduct.charge(peer, offence, why)
        self._log.info("offence", peer=peer, offence=offence, why=why)
        if not excluded_s:
            return
        self._log.warning(
            "peer_excluded", peer=peer, offence=offence, why=why, seconds=round(excluded_s)
        )
        if offence in CUTTING:
            self.links.cut(peer, excluded_s)

    def _lost_again(self, peer: int, what: str) -> None:
        self.charge(peer, Offence.LOST, what)

    def came(self, peer: int) -> None:
        """A stream to a peer opened: tell it what it cannot know."""
        self.standing.returned(peer)
        self.memory.show(peer)
        for page in self.inventories.mine():
            self.send(peer, page.encode())
        self.stocks.show(peer)

    def forget(self, peer: int) -> None:
        """What a peer said of itself ended with the stream that it said it on."""
        self.stocks.lost(peer)
        self.inventories.forget(peer)

    def take_inventory(self, peer: int, inventory: Inventory) -> None:
        """Believe what a peer says of itself, and show it the nonces of keys that it just got."""
        try:
            self.inventories.take(peer, inventory)
        except Refused as error:
            self.charge(peer, Offence.FLOOD, str(error))
        if inventory.complete == Part.NEWS:
            # It got the key just now, and lost what was published before.
            self.stocks.show(peer, {each.key_id for each in inventory.holdings})

    def tell_all(self, *inventories: Inventory) -> None:
        """Tell every peer that is linked what this operator holds."""
        for frame in [inventory.encode() for inventory in inventories]:
            for peer in self.links.peers():
                self.send(peer, frame)
