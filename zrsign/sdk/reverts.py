"""Custom errors of the contracts as a person reads them.

`InsufficientFee(requiredFee=5, providedFee=1)`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import abi_to_signature
from eth_utils.crypto import keccak

from zrsign.contracts import artifact

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


@cache
def _errors() -> dict[bytes, tuple[str, tuple[tuple[str, str], ...]]]:
    found: dict[bytes, tuple[str, tuple[tuple[str, str], ...]]] = {}
    for name in ("ZrSign", "ZrSignOmni"):
        for entry in cast("list[dict[str, Any]]", artifact(name).abi):
            if entry["type"] == "error":
                inputs = tuple((each["name"], each["type"]) for each in entry["inputs"])
                selector = keccak(text=abi_to_signature(cast("Any", entry)))[:4]
                found[selector] = (entry["name"], inputs)
    return found


def explain(data: bytes) -> tuple[str, str]:
    """The error with its values, and the next step, from revert data.

    Unknown data is shown as it is.
    """
    known = _errors().get(data[:4])
    if known is None:
        return f"The contract refused the call: 0x{data.hex()}", "It is not a zrSign error."
    name, inputs = known
    try:
        values = decode([kind for _, kind in inputs], data[4:])
    except DecodingError:
        return f"{name} (values do not decode: 0x{data[4:].hex()})", NEXT_STEPS.get(name, "")
    shown = ", ".join(
        f"{label}={'0x' + value.hex() if isinstance(value, bytes) else value}"
        for (label, _), value in zip(inputs, values, strict=True)
    )
    return f"{name}({shown})", NEXT_STEPS.get(name, "Nothing was sent.")
