"""Why a block is not believed.

LightError
├── BadBlock        it is malformed, or its parts do not hold together
├── NotCommitted    its own validators did not sign it with more than 2/3 of their power
├── NotEnoughTrust  too little of the trusted validators' power signed it: look between
├── TrustExpired    what was trusted is older than the trust period
├── FromTheFuture   its time is ahead of the clock
└── TooManySteps    the way to it is longer than the bound
"""

from __future__ import annotations


class LightError(Exception):
    """Root of the tree."""


class BadBlock(LightError, ValueError):
    """The block is malformed, or its parts do not hold together."""


class NotCommitted(LightError):
    """The block's own validators did not sign it with more than 2/3 of their power."""


class NotEnoughTrust(LightError):
    """Too little of the trusted validators' power signed the block; one between may do."""


class TrustExpired(LightError):
    """What was trusted is older than the trust period: its signers may have left with their stake.

    A newer root, from somebody who is believed, is the way on.
    """


class FromTheFuture(LightError):
    """The block's time is further ahead of the clock than clocks may differ."""


class TooManySteps(LightError):
    """The way from what is trusted to the block is longer than the bound."""
