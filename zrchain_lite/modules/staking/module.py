"""The staking module: messages, queries, genesis, and what a block's edges do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding, decimals
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import GenesisError, message_from, params_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.modules.staking import settings, state
from zrchain_lite.modules.staking.keeper import StakingKeeper
from zrchain_lite.modules.staking.messages import StakingMessages
from zrchain_lite.modules.staking.queries import StakingQueries
from zrchain_lite.store.views import View
from zrchain_lite.wire.cosmos.crypto.ed25519 import keys_pb2
from zrchain_lite.wire.cosmos.staking.v1beta1 import query_pb2, tx_pb2


class StakingModule(Module):
    """Genesis: {"params": {…}, "validators": [MsgCreateValidator, …]}, both in JSON.

    Each validator's first stake comes from its operator's balance. A chain whose genesis names no
    validator has no stake: who makes its blocks is fixed, and nobody else can become a validator.
    """

    name = "staking"
    packed = (keys_pb2.DESCRIPTOR,)

    def __init__(self, keeper: StakingKeeper, bank: BankKeeper) -> None:
        self._keeper = keeper
        self._messages = StakingMessages(keeper, bank)
        self._queries = StakingQueries(keeper, bank)

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        created = genesis.get("validators", [])
        if not isinstance(created, list):
            raise GenesisError("staking.validators is not a list")
        if not created:
            return
        try:
            written = genesis.get("params", {})
            params = params_from(settings.DEFAULT_PARAMS, written, "staking.params")
            settings.set_params(ctx, params)
            for position, each in enumerate(created):
                where = f"staking.validators[{position}]"
                message = message_from(tx_pb2.MsgCreateValidator, each, where)
                decimals.take_written(message)
                self._messages.create_validator(ctx, message)
        except GenesisError:
            raise
        except LedgerError as error:
            raise GenesisError(f"staking: {error}") from None
        self._keeper.update(ctx)
        if not ctx.powers:
            raise GenesisError(
                f"staking: no validator has {state.POWER_UNIT} urock, which give a power of 1"
            )

    def restless(self, ctx: Context) -> bool:
        return state.PARAMS.has(ctx.store, b"")

    def begin_block(self, ctx: Context) -> None:
        self._keeper.remember(ctx)

    def end_block(self, ctx: Context) -> None:
        self._keeper.end_block(ctx)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(tx_pb2.DESCRIPTOR, self._messages)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(query_pb2.DESCRIPTOR, self._queries)

    def views(self) -> tuple[View, ...]:
        return (state.BY_VALIDATOR, state.UNBONDING_OF, state.MOVED_BY)
