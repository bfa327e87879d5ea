"""The modules that every chain of this ledger has; whoever composes one adds its own."""

from __future__ import annotations

from zrchain_lite.keepers import Keepers
from zrchain_lite.module import Module
from zrchain_lite.modules.auth import AuthModule
from zrchain_lite.modules.authz import AuthzModule
from zrchain_lite.modules.bank import BankModule
from zrchain_lite.modules.consensus import ConsensusModule
from zrchain_lite.modules.distribution import DistributionModule
from zrchain_lite.modules.feegrant import FeegrantModule
from zrchain_lite.modules.gov import GovModule
from zrchain_lite.modules.identity import IdentityModule
from zrchain_lite.modules.mint import MintModule
from zrchain_lite.modules.operators import OperatorsModule
from zrchain_lite.modules.policy import PolicyModule
from zrchain_lite.modules.slashing import SlashingModule
from zrchain_lite.modules.staking import StakingModule
from zrchain_lite.modules.treasury import TreasuryModule
from zrchain_lite.modules.upgrade import UpgradeModule
from zrchain_lite.modules.validation import ValidationModule


def core_modules(keepers: Keepers) -> tuple[Module, ...]:
    """The modules in the order in which blocks run them."""
    auth, bank, identity = keepers.auth, keepers.bank, keepers.identity
    policy, treasury = keepers.policy, keepers.treasury
    return (
        UpgradeModule(bank),
        AuthModule(auth),
        BankModule(bank),
        ConsensusModule(keepers.consensus),
        AuthzModule(auth),
        FeegrantModule(keepers.feegrant),
        MintModule(bank, keepers.staking),
        DistributionModule(keepers.distribution, bank, keepers.staking),
        SlashingModule(keepers.slashing, bank),
        GovModule(keepers.gov),
        StakingModule(keepers.staking, bank),
        ValidationModule(keepers.staking, bank),
        IdentityModule(identity, policy),
        PolicyModule(policy),
        TreasuryModule(treasury, policy),
        OperatorsModule(identity, treasury),
    )
