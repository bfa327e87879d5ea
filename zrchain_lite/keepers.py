"""The keepers that modules share, and what a list of modules is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zrchain_lite.ante import Ante
from zrchain_lite.app import App
from zrchain_lite.module import Module
from zrchain_lite.modules.auth import AuthKeeper
from zrchain_lite.modules.bank import BankKeeper
from zrchain_lite.modules.consensus import ConsensusKeeper
from zrchain_lite.modules.distribution import DistributionKeeper
from zrchain_lite.modules.feegrant import FeegrantKeeper
from zrchain_lite.modules.gov import GovKeeper
from zrchain_lite.modules.identity import IdentityKeeper
from zrchain_lite.modules.policy import PolicyKeeper
from zrchain_lite.modules.slashing import SlashingKeeper
from zrchain_lite.modules.staking import StakingKeeper
from zrchain_lite.modules.treasury import TreasuryKeeper
from zrchain_lite.store.lmdb_store import LmdbStore


@dataclass(frozen=True)
class Keepers:
    """One chain's keepers; each has those before it that it needs."""

    auth: AuthKeeper
    bank: BankKeeper
    consensus: ConsensusKeeper
    feegrant: FeegrantKeeper
    identity: IdentityKeeper
    policy: PolicyKeeper
    treasury: TreasuryKeeper
    staking: StakingKeeper
    distribution: DistributionKeeper
    slashing: SlashingKeeper
    gov: GovKeeper

    @classmethod
    def create(cls) -> Keepers:
        """Keepers of a chain that is being composed; they hold no state of their own."""
        auth = AuthKeeper()
        bank = BankKeeper(auth)
        identity = IdentityKeeper(auth, bank)
        staking = StakingKeeper(bank)
        distribution = DistributionKeeper(bank, staking)
        slashing = SlashingKeeper(bank, staking)
        staking.hooks = (distribution, slashing)
        return cls(
            auth=auth,
            bank=bank,
            consensus=ConsensusKeeper(),
            feegrant=FeegrantKeeper(auth),
            identity=identity,
            policy=PolicyKeeper(identity),
            treasury=TreasuryKeeper(identity),
            staking=staking,
            distribution=distribution,
            slashing=slashing,
            gov=GovKeeper(bank, staking),
        )

    def app(self, store: LmdbStore, modules: Sequence[Module]) -> App:
        """The application that runs `modules`, which stand on these keepers, over a store."""
        return App(store, modules, Ante(self.auth, self.bank, self.consensus, self.feegrant))


ModuleList = Callable[[Keepers], Sequence[Module]]
"""Makes a chain's modules over its keepers, in the order in which blocks run them."""
