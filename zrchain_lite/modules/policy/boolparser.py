"""Boolparser policies: which are acceptable, and when enough participants have approved."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.modules.identity.addresses import normalise_owner
from zrchain_lite.modules.policy.expression import Expression, ExpressionError, Value
from zrchain_lite.wire.zrchain.policy.policy_pb2 import BoolparserPolicy

MAX_PARTICIPANTS = 100
# The transaction's value, in the asset's smallest unit. Without one, a policy that names it is not
# satisfied.
TXVALUE = "TXVALUE"
EVALUATION_GAS = 12
"""Gas of each character of a definition when it is evaluated."""
ACCEPTANCE_GAS = 60
"""Gas of each character of a definition when it is checked."""
DATA_WORDS = (TXVALUE,)


def normalise(policy: BoolparserPolicy) -> BoolparserPolicy:
    """The policy, its participants in their one spelling; raises InvalidArgument."""
    accepted = BoolparserPolicy(definition=policy.definition)
    for participant in policy.participants:
        accepted.participants.add(
            abbreviation=participant.abbreviation, address=_participant(participant.address)
        )
    _check(Expression.parse(policy.definition), participants(accepted))
    return accepted


def acceptance_gas(policy: BoolparserPolicy) -> int:
    """What it costs to `normalise` a policy."""
    return ACCEPTANCE_GAS * len(policy.definition)


def evaluation_gas(policy: BoolparserPolicy) -> int:
    """What it costs to ask whether a policy is `satisfied`."""
    return EVALUATION_GAS * len(policy.definition)


def participants(policy: BoolparserPolicy) -> tuple[str, ...]:
    """The addresses that the policy names, in its order."""
    return tuple(participant.address for participant in policy.participants)


def satisfied(
    policy: BoolparserPolicy, approvers: Collection[str], data: Mapping[str, bytes]
) -> bool:
    """Whether the approvals suffice; a data word without a decimal value does not."""
    values = _approvals(participants(policy), approvers)
    for word in DATA_WORDS:
        text = data.get(word, b"").decode("ascii", "replace")
        if text.isascii() and text.isdigit():
            values[word.lower()] = int(text)
    try:
        return Expression.parse(policy.definition).evaluate(values)
    except ExpressionError:
        return False


def _approvals(names: Collection[str], approvers: Collection[str]) -> dict[str, Value]:
    return {name.lower(): int(name in approvers) for name in names}


def _participant(address: str) -> str:
    if not address:
        raise InvalidArgument("a participant has no address")
    if address.startswith("passkey{"):
        raise InvalidArgument("passkey participants are not supported yet; name an account")
    return normalise_owner(address)


def _check(expression: Expression, names: tuple[str, ...]) -> None:
    if not 1 <= len(names) <= MAX_PARTICIPANTS:
        raise InvalidArgument(
            f"a policy has 1 to {MAX_PARTICIPANTS} participants, not {len(names)}"
        )
    lowered, words = [name.lower() for name in names], expression.words
    for name in names:
        if lowered.count(name.lower()) > 1:
            raise InvalidArgument(f"participant {name} is named twice")
        if name.lower() not in words:
            raise InvalidArgument(f"participant {name} does not occur in the definition")
    for word in words:
        if word not in lowered and word.upper() not in DATA_WORDS:
            raise InvalidArgument(f"{word!r} in the definition is not a participant")
    _check_threshold(expression, names)
    _check_reachable(expression, names)


def _check_threshold(expression: Expression, names: tuple[str, ...]) -> None:
    last = expression.tokens[-1]
    if not last.isdigit():
        raise InvalidArgument(f"the definition must end with a whole number, not {last!r}")
    if len(names) <= int(last):
        raise InvalidArgument(f"{len(names)} participants can never exceed the threshold {last}")


def _check_reachable(expression: Expression, names: tuple[str, ...]) -> None:
    """Nobody's approval must not be enough, and everybody's must not be too little."""
    if any(word.upper() in DATA_WORDS for word in expression.words):
        return
    if expression.evaluate(_approvals(names, ())):
        raise InvalidArgument("the definition is true without any approval")
    if expression.monotone and not expression.evaluate(_approvals(names, names)):
        raise InvalidArgument("the definition is false even when every participant approves")
