"""How a Cosmos chain says that its pool has the transaction: CheckTx by code, a node by its text.

Codes are those of the Cosmos SDK's codespace "sdk" (types/errors).
"""

from __future__ import annotations

KNOWN = ("tx already exists in cache",)
TX_IN_MEMPOOL = ("sdk", 19)
