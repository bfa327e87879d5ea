"""Builders: a chain with stake, and what its people send."""

from __future__ import annotations

import base64
from pathlib import Path

from nacl.signing import SigningKey

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, CHAIN_ID, VALIDATOR, Chain, genesis
from zrchain_lite.client import Account
from zrchain_lite.module import Context, Misbehavior, Vote
from zrchain_lite.modules.staking import StakingKeeper, state
from zrchain_lite.store.kv import Overlay
from zrchain_lite.validator_addresses import operator_of
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import Validator

UNBONDING_S = 1000
STAKE = 10_000_000


def consensus_key(account: Account) -> bytes:
    """The key with which the account's validator signs: the engine's own for Alice's."""
    if account is ALICE:
        return VALIDATOR.public
    return bytes(SigningKey(account.address.encode()[-32:]).verify_key)


def creation(account: Account, tokens: int = STAKE, **fields: object) -> dict[str, object]:
    """A validator in genesis, or the fields of MsgCreateValidator, in JSON."""
    return {
        "description": {"moniker": account.address[-6:]},
        "commission": {"rate": "0.1", "max_rate": "0.2", "max_change_rate": "0.01"},
        "min_self_delegation": "1",
        "validator_address": operator_of(account.address),
        "pubkey": {
            "@type": "/cosmos.crypto.ed25519.PubKey",
            "key": base64.b64encode(consensus_key(account)).decode(),
        },
        "value": {"denom": "urock", "amount": str(tokens)},
        **fields,
    }


def staked(folder: Path, *validators: dict[str, object], **state_: object) -> Chain:
    """A chain whose validators are these, Alice's where none is given."""
    params = {"unbonding_time": f"{UNBONDING_S}s"}
    created = list(validators) or [creation(ALICE)]
    staking = {"params": params, "validators": created}
    return Chain(folder, first=genesis(staking=staking, **state_), map_bytes=2**24)


class Stake:
    """The keepers over a state of their own, without transactions: a test moves time and votes."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.keeper: StakingKeeper = chain.keepers.staking
        self.bank = chain.keepers.bank
        self.store = Overlay(chain.store.state)
        tip = chain.app.tip
        self.ctx = Context(self.store, tip.height + 1, chain.app.time_ms, CHAIN_ID)

    def validator(self, account: Account) -> Validator:
        return self.keeper.validator(self.ctx, operator_of(account.address))

    def block(
        self,
        seconds: float = 1,
        *,
        votes: tuple[Vote, ...] = (),
        misbehavior: tuple[Misbehavior, ...] = (),
    ) -> dict[bytes, int]:
        """A block without transactions; returns what the engine is told of powers."""
        ctx = Context(
            self.store,
            self.ctx.height + 1,
            self.ctx.time_ms + int(seconds * 1000),
            CHAIN_ID,
            votes=votes,
            misbehavior=misbehavior,
        )
        self.ctx = ctx
        modules = [m for m in self.chain.app._modules if m.name in EDGES]
        for module in modules:
            module.begin_block(ctx)
        for module in modules:
            module.end_block(ctx)
        return ctx.powers

    def require_sound(self) -> None:
        """The pools hold what validators and unbondings say, and shares are those of delegators."""
        bonded = waiting = 0
        for validator in state.VALIDATORS.values(self.store):
            owned = [
                int(each.shares)
                for each in state.DELEGATIONS.values(self.store)
                if each.validator_address == validator.operator_address
            ]
            assert sum(owned) == int(validator.delegator_shares)
            if self.keeper.pool_of(validator) == self.keeper.bonded_pool:
                bonded += int(validator.tokens)
            else:
                waiting += int(validator.tokens)
        for unbonding in state.UNBONDINGS.values(self.store):
            waiting += sum(int(entry.balance) for entry in unbonding.entries)
        assert self.bank.balance(self.ctx, self.keeper.bonded_pool) == bonded
        assert self.bank.balance(self.ctx, self.keeper.not_bonded_pool) == waiting
        prefix = b"bank/balance/"
        held = sum(int(Coin.FromString(raw).amount) for _, raw in self.store.iterate(prefix))
        assert held == self.bank.supply(self.ctx)


EDGES = ("staking", "distribution", "slashing", "mint")
PEOPLE = (ALICE, BOB, CAROL)
