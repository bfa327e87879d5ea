"""What a Cosmos chain means by the code with which CheckTx refuses, and a node by its error text.

Codes are those of the Cosmos SDK's codespace "sdk" (types/errors). What is not listed may pass
later: coins arrive, fees fall, an earlier sequence is used up.
"""

from __future__ import annotations

from relayer.refusals import Meaning, Table

SDK_CODES = {
    2: Meaning.NEVER,  # the bytes do not parse
    8: Meaning.NEVER,  # the key is not the account's
    19: Meaning.KNOWN,  # in the pool already
    28: Meaning.NEVER,  # for another chain
    32: Meaning.NONCE_USED,  # another sequence is due: an earlier one is missing, or it is used up
}

COSMOS: Table = (
    ("tx already exists in cache", Meaning.KNOWN),
    ("mempool is full", Meaning.RETRY),
    ("tx too large", Meaning.NEVER),
)
