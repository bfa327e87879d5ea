"""What the staking module keeps, and under which keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.protobuf.wrappers_pb2 import Int64Value, StringValue

from zrchain_lite.store.collections import Counter, StoredMap, encode_key
from zrchain_lite.store.expiries import Expiries
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.views import Read, Row, View
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import (
    Delegation,
    HistoricalInfo,
    Params,
    Redelegation,
    UnbondingDelegation,
    Validator,
)

POWER_UNIT = 1_000_000
"""How many urock make one of voting power."""

PARAMS = StoredMap("staking/params", Params)
VALIDATORS = StoredMap("staking/validator", Validator)
"""Validators by operator address."""
OPERATORS = StoredMap("staking/operator", StringValue)
"""Operator addresses by consensus address (20 bytes)."""
LAST_POWERS = StoredMap("staking/last_power", Int64Value)
"""The power that the engine was told last, by operator address: the validators that are bonded."""
DELEGATIONS = StoredMap("staking/delegation", Delegation)
"""Delegations by delegator, then by operator address."""
UNBONDINGS = StoredMap("staking/unbonding", UnbondingDelegation)
"""What is on its way back, by operator address, then by delegator."""
REDELEGATIONS = StoredMap("staking/redelegation", Redelegation)
"""Redelegations by the operator they left, the delegator, and the operator they went to."""
HISTORY = StoredMap("staking/history", HistoricalInfo)
"""The validators that were bonded, by height."""
UNBONDING_IDS = Counter("staking/unbonding_id")

VALIDATOR_QUEUE = Expiries("staking/validator_queue")
UNBONDING_QUEUE = Expiries("staking/unbonding_queue")
REDELEGATION_QUEUE = Expiries("staking/redelegation_queue")

_RANKS = b"staking/rank/"
_ARRIVALS = b"staking/arrival/"


def power_of(validator: Validator) -> int:
    """The voting power that a validator's tokens give."""
    return int(validator.tokens) // POWER_UNIT


def set_rank(store: KVStore, validator: Validator) -> None:
    """Let a validator stand in the order of power, unless it is jailed."""
    if not validator.jailed:
        store.set(_rank(validator), validator.operator_address.encode())


def delete_rank(store: KVStore, validator: Validator) -> None:
    """Take a validator out of the order; call it before tokens or `jailed` change."""
    store.delete(_rank(validator))


def ranked(store: KVStore) -> Iterator[str]:
    """Operator addresses by descending power; of equal power, by the address."""
    for _, operator in store.iterate(_RANKS, reverse=True):
        yield operator.decode()


def _rank(validator: Validator) -> bytes:
    # Of equal powers the lesser address comes first when the order is read from its end.
    address = bytes(255 - byte for byte in validator.operator_address.encode())
    return _RANKS + encode_key(power_of(validator)) + address


def arrived(store: KVStore, delegator: str, operator: str) -> bool:
    """Whether a redelegation to this operator is not complete."""
    return (
        next(iter(store.iterate(_ARRIVALS + encode_key((delegator, operator)))), None) is not None
    )


def set_arrival(store: KVStore, red: Redelegation) -> None:
    """Remember that a redelegation came to an operator."""
    store.set(_arrival(red), b"")


def delete_arrival(store: KVStore, red: Redelegation) -> None:
    """Forget a redelegation that is complete."""
    store.delete(_arrival(red))


def _arrival(red: Redelegation) -> bytes:
    return _ARRIVALS + encode_key(
        (red.delegator_address, red.validator_dst_address, red.validator_src_address)
    )


def _delegators(read: Read, key: bytes, value: bytes) -> Iterable[Row]:
    yield Delegation.FromString(value).validator_address, key


def _unbonding(read: Read, key: bytes, value: bytes) -> Iterable[Row]:
    yield UnbondingDelegation.FromString(value).delegator_address, key


def _moved(read: Read, key: bytes, value: bytes) -> Iterable[Row]:
    yield Redelegation.FromString(value).delegator_address, key


BY_VALIDATOR = View("staking/by_validator", DELEGATIONS.prefix, _delegators)
"""The keys of the delegations to a validator."""
UNBONDING_OF = View("staking/unbonding_of", UNBONDINGS.prefix, _unbonding)
"""The keys of what is on its way back to a delegator."""
MOVED_BY = View("staking/moved_by", REDELEGATIONS.prefix, _moved)
"""The keys of a delegator's redelegations."""
