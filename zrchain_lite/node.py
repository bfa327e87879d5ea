"""A node: store, application, engine and its three doors, from start to orderly stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zrchain_lite.ante import Ante
from zrchain_lite.app import App
from zrchain_lite.auth import AuthKeeper, AuthModule
from zrchain_lite.bank import BankKeeper, BankModule
from zrchain_lite.consensus import ConsensusKeeper, ConsensusModule
from zrchain_lite.lmdb_store import LmdbStore
from zrchain_lite.module import Module


@dataclass(frozen=True)
class Core:
    """The keepers that every chain has, for other modules to build on."""

    auth: AuthKeeper
    bank: BankKeeper
    consensus: ConsensusKeeper

    @classmethod
    def create(cls) -> Core:
        auth = AuthKeeper()
        return cls(auth, BankKeeper(auth), ConsensusKeeper())

    def modules(self) -> list[Module]:
        return [AuthModule(self.auth), BankModule(self.bank), ConsensusModule(self.consensus)]

    def app(self, store: LmdbStore, modules: Sequence[Module] = ()) -> App:
        """The application of these modules followed by `modules`."""
        return App(store, [*self.modules(), *modules], Ante(self.auth, self.bank, self.consensus))
