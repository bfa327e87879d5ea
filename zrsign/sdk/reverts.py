"""Custom errors of the contracts as a person reads them.

`InsufficientFee(requiredFee=5, providedFee=1)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zrsign_chains import MalformedPayload, contract_abi

# What a person does about a refusal, by error name.
NEXT_STEPS = {
    "InsufficientFee": "Send at least requiredFee wei; `fee_wei` estimates it.",
    "WalletTypeNotSupported": "See the supported ones: zrsign ids",
    "ChainIdNotSupported": "The contract's admin must enable it (chainIdConfig). See: zrsign ids",
    "InvalidOptions": "Request the wallet first; options are 1 (normal) or 2 (monitoring).",
    "InvalidWalletIndex": "Wait until the key request is answered, or use an index that exists.",
    "WalletNotRegisteredForMonitoring": "Request the wallet with options 2 (monitoring).",
    "InvalidPayloadLength": "A digest has 32 bytes; have data hashed by the network: zrSignData.",
    "BroadcastNotAllowed": "Hashes and data are never broadcast: set broadcast to false.",
    "EnforcedPause": "The contract is paused by its PAUSER_ROLE.",
}


def explain(data: bytes, abi: Iterable[Any] = ()) -> tuple[str, str]:
    """Return the error with its values, and the next step, from revert data.

    `abi` is that of a contract besides ours. Unknown data is shown as it is.
    """
    known = {**contract_abi.errors_of(abi), **contract_abi.errors()}
    error = known.get(data[:4])
    if error is None:
        return f"The contract refused the call: 0x{data.hex()}", "It is not a zrSign error."
    try:
        values = error.decode(data)
    except MalformedPayload:
        shown = f"values do not decode: 0x{data[4:].hex()}"
        return f"{error.name} ({shown})", NEXT_STEPS.get(error.name, "")
    listed = ", ".join(
        f"{name}={'0x' + value.hex() if isinstance(value, bytes) else value}"
        for name, value in values.items()
    )
    return f"{error.name}({listed})", NEXT_STEPS.get(error.name, "Nothing was sent.")
