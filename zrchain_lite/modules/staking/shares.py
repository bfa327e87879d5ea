"""Tokens and shares of one validator. Pure: it changes the message and nothing else.

All delegators of a validator share its tokens by their shares; a slash takes tokens and leaves
shares. Tokens are whole urock, shares decimals. Source: Cosmos SDK 0.50, x/staking/types.
"""

from __future__ import annotations

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import Validator


def tokens_of(validator: Validator) -> int:
    """All tokens that are staked with a validator, in urock."""
    return int(validator.tokens or 0)


def shares_of(validator: Validator) -> int:
    """All shares of a validator, a decimal."""
    return decimals.stored(validator.delegator_shares)


def worth(validator: Validator, shares: int) -> int:
    """What shares are worth, a decimal, to the nearest. Raises ZeroDivisionError without shares."""
    return decimals.quo(shares * tokens_of(validator), shares_of(validator))


def worth_down(validator: Validator, shares: int) -> int:
    """What shares are worth, a decimal, rounded down."""
    return decimals.quo_down(shares * tokens_of(validator), shares_of(validator))


def shares_for(validator: Validator, tokens: int) -> int:
    """How many shares tokens are, rounded down; raises InvalidArgument where tokens are none."""
    if tokens_of(validator) == 0:
        raise InvalidArgument(
            "the validator's tokens were slashed to nothing while it has delegators; delegate to "
            "another one",
            code=34,
            codespace="staking",
        )
    return shares_of(validator) * tokens // tokens_of(validator)


def add(validator: Validator, tokens: int) -> int:
    """Stake tokens; returns the shares that they give. Raises InvalidArgument."""
    issued = tokens * decimals.ONE if not shares_of(validator) else shares_for(validator, tokens)
    validator.tokens = str(tokens_of(validator) + tokens)
    validator.delegator_shares = str(shares_of(validator) + issued)
    return issued


def remove(validator: Validator, shares: int) -> int:
    """Take shares away; returns their tokens. The last shares take what is left."""
    left = shares_of(validator) - shares
    if left < 0:
        raise ValueError("more shares are removed than there are")
    tokens = tokens_of(validator) if left == 0 else worth(validator, shares) // decimals.ONE
    validator.tokens = str(tokens_of(validator) - tokens)
    validator.delegator_shares = str(left)
    return tokens
