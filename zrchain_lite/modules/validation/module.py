"""The validation module: `zrchain.validation`, answered by `staking` over the same state.

The two say the same, field by field of the same name, but that a validator's `tokens` are its
`tokensNative` in zrChain's words: no other asset is staked here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from zrchain_lite import binding
from zrchain_lite.light.hashes import address
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.modules.staking import StakingKeeper, state
from zrchain_lite.modules.staking.keys import public_key
from zrchain_lite.modules.staking.messages import StakingMessages
from zrchain_lite.modules.staking.queries import StakingQueries
from zrchain_lite.validator_addresses import consensus_text
from zrchain_lite.wire.cosmos.crypto.ed25519 import keys_pb2
from zrchain_lite.wire.cosmos.staking.v1beta1 import query_pb2, tx_pb2
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import BOND_STATUS_BONDED
from zrchain_lite.wire.zrchain.validation import validation_pb2 as wire

Handle = Callable[[Context, Any], Message]
_RENAMED: Final = {"tokens": "tokensNative"}
_NOT_STAKED: Final = {"tokensAVS": "0"}
"""What a validator has of other assets."""


def translated(message: Message, into: Descriptor) -> Any:
    """The message in the other package's words."""
    found: Any = GetMessageClass(into)()
    for field, value in message.ListFields():
        target = into.fields_by_name[_named(field, into)]
        inside = target.message_type
        if inside is None:
            if field.is_repeated:
                getattr(found, target.name).extend(value)
            else:
                setattr(found, target.name, value)
        elif field.is_repeated:
            getattr(found, target.name).extend(translated(one, inside) for one in value)
        else:
            getattr(found, target.name).CopyFrom(translated(value, inside))
    for name, value in _NOT_STAKED.items():
        if name in into.fields_by_name:
            setattr(found, name, value)
    return found


def _named(field: FieldDescriptor, into: Descriptor) -> str:
    return field.name if field.name in into.fields_by_name else _RENAMED[field.name]


def _answered_by(method: MethodDescriptor, handle: Handle, answer: Descriptor) -> Handle:
    """A handler that asks another one, whose method says the same in its own words."""

    def run(ctx: Context, message: Message) -> Message:
        found: Message = translated(handle(ctx, translated(message, method.input_type)), answer)
        return found

    return run


class ValidationModule(Module):
    """Stands on the staking module's state, and has no genesis of its own."""

    name = "validation"
    packed = (keys_pb2.DESCRIPTOR,)

    def __init__(self, keeper: StakingKeeper, bank: BankKeeper) -> None:
        self._keeper = keeper
        messages = binding.bound(
            tx_pb2.DESCRIPTOR.services_by_name["Msg"], StakingMessages(keeper, bank)
        )
        queries = binding.bound(
            query_pb2.DESCRIPTOR.services_by_name["Query"], StakingQueries(keeper, bank)
        )
        self._staking = {method.full_name: (method, handle) for method, handle in messages}
        self._staking |= {method.full_name: (method, handle) for method, handle in queries}

    def messages(self) -> tuple[MsgHandler, ...]:
        service = wire.DESCRIPTOR.services_by_name["Msg"]
        return tuple(
            binding.message(method.input_type, self._handle(method)) for method in service.methods
        )

    def queries(self) -> tuple[QueryHandler, ...]:
        service = wire.DESCRIPTOR.services_by_name["Query"]
        return tuple(binding.query(method, self._handle(method)) for method in service.methods)

    def _handle(self, method: MethodDescriptor) -> Handle:
        if method.name == "ValidatorPower":
            return self._powers
        service = method.containing_service.name
        theirs, handle = self._staking[f"cosmos.staking.v1beta1.{service}.{method.name}"]
        return _answered_by(theirs, handle, method.output_type)

    def _powers(self, ctx: Context, request: wire.QueryPowerRequest) -> wire.QueryPowerResponse:
        """The power of each validator that makes blocks, and of all together."""
        bonded = (v for v in state.VALIDATORS.values(ctx.store) if v.status == BOND_STATUS_BONDED)
        powers = [
            wire.ValidatorPower(
                operator_addr=each.operator_address,
                cons_addr=consensus_text(address(public_key(each))),
                power=int(each.tokens) // state.POWER_UNIT,
                jailed=each.jailed,
                status=wire.BOND_STATUS_BONDED,
            )
            for each in bonded
        ]
        total = sum(each.power for each in powers)
        return wire.QueryPowerResponse(validator_power=powers, total_power=total, height=ctx.height)
