"""The SDK for people who write dApps: ask a zrSign contract, and wait for typed answers.

async with ZrSign.connect(rpc_url, contract, account, ledger="127.0.0.1:9090") as zr:
    wallet = await (await zr.request_key(EVM)).key()
    handle = await zr.sign_data(EVM, wallet.index, "eip155:31337", b"hello")
    signature = (await handle.signature()).signature
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zrsign.sdk.answers import KeyAnswer, SignatureAnswer, TransactionAnswer
    from zrsign.sdk.client import Handle, ZrSign
    from zrsign.sdk.ledger import Receiver
    from zrsign.sdk.request import ContractMode, Options, RequestRef

__all__ = [
    "ContractMode",
    "Handle",
    "KeyAnswer",
    "Options",
    "Receiver",
    "RequestRef",
    "SignatureAnswer",
    "TransactionAnswer",
    "ZrSign",
]

_HOMES = {
    **dict.fromkeys(("KeyAnswer", "SignatureAnswer", "TransactionAnswer"), "answers"),
    **dict.fromkeys(("Handle", "ZrSign"), "client"),
    **dict.fromkeys(("ContractMode", "Options", "RequestRef"), "request"),
    "Receiver": "ledger",
}


def __getattr__(name: str) -> object:
    """Import on first use (PEP 562): web3 takes half a second, and not every command needs it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
