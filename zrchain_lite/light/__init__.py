"""A light client of CometBFT chains: pure, without I/O; whoever asks the nodes hands answers in."""

from zrchain_lite.light.bisection import steps
from zrchain_lite.light.blocks import LightBlock, Validator, ValidatorSet, validator_set
from zrchain_lite.light.errors import (
    BadBlock,
    FromTheFuture,
    LightError,
    NotCommitted,
    NotEnoughTrust,
    TooManySteps,
    TrustExpired,
)
from zrchain_lite.light.forks import Attack, Fork, fork
from zrchain_lite.light.verification import Trust, verify, verify_commit

__all__ = [
    "Attack",
    "BadBlock",
    "Fork",
    "FromTheFuture",
    "LightBlock",
    "LightError",
    "NotCommitted",
    "NotEnoughTrust",
    "TooManySteps",
    "Trust",
    "TrustExpired",
    "Validator",
    "ValidatorSet",
    "fork",
    "steps",
    "validator_set",
    "verify",
    "verify_commit",
]
