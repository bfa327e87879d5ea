"""The SDK for people who write dApps: ask a zrSign contract, and wait for typed answers.

async with ZrSign.connect(rpc_url, contract, account, ledger="127.0.0.1:9090") as zr:
    wallet = await (await zr.request_key(EVM)).key()
    handle = await zr.sign_data(EVM, wallet.index, "eip155:31337", b"hello")
    signature = (await handle.signature()).signature

Everything that such a program names is here: wallet types, answers, errors, and `load_network`,
which finds a network that `zrsign up` started or a profile describes.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zrsign.errors import (
        AnswerTimeout,
        ContractError,
        LedgerFault,
        ManifestError,
        NetworkError,
        RequestRejected,
        TransactionReverted,
        UsageError,
        ZrSignError,
    )
    from zrsign.networks.network import Network
    from zrsign.networks.selection import load as load_network
    from zrsign.sdk.answers import KeyAnswer, SignatureAnswer, TransactionAnswer
    from zrsign.sdk.client import Handle, ZrSign
    from zrsign.sdk.ledger import Receiver
    from zrsign.sdk.request import ContractMode, Options, RequestRef
    from zrsign.sdk.waiting import Approvals, Waiting
    from zrsign_chains import (
        BITCOIN,
        BITCOIN_TEST,
        COSMOS,
        EVM,
        SOLANA,
        WALLET_TYPES,
        ChainError,
        WalletType,
    )

__all__ = [
    "BITCOIN",
    "BITCOIN_TEST",
    "COSMOS",
    "EVM",
    "SOLANA",
    "WALLET_TYPES",
    "AnswerTimeout",
    "Approvals",
    "ChainError",
    "ContractError",
    "ContractMode",
    "Handle",
    "KeyAnswer",
    "LedgerFault",
    "ManifestError",
    "Network",
    "NetworkError",
    "Options",
    "Receiver",
    "RequestRef",
    "RequestRejected",
    "SignatureAnswer",
    "TransactionAnswer",
    "TransactionReverted",
    "UsageError",
    "Waiting",
    "WalletType",
    "ZrSign",
    "ZrSignError",
    "load_network",
]

_HOMES = {
    **dict.fromkeys(("KeyAnswer", "SignatureAnswer", "TransactionAnswer"), "zrsign.sdk.answers"),
    **dict.fromkeys(("Handle", "ZrSign"), "zrsign.sdk.client"),
    **dict.fromkeys(("ContractMode", "Options", "RequestRef"), "zrsign.sdk.request"),
    "Receiver": "zrsign.sdk.ledger",
    **dict.fromkeys(("Approvals", "Waiting"), "zrsign.sdk.waiting"),
    "Network": "zrsign.networks.network",
    "load_network": "zrsign.networks.selection",
    **dict.fromkeys(("BITCOIN", "BITCOIN_TEST", "COSMOS", "EVM", "SOLANA"), "zrsign_chains"),
    **dict.fromkeys(("WALLET_TYPES", "WalletType", "ChainError"), "zrsign_chains"),
}
_THERE = {"load_network": "load"}
"""What a name is called where it lives, when that is something else."""


def __getattr__(name: str) -> object:
    """Import on first use (PEP 562): web3 takes half a second, and not every command needs it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(_HOMES.get(name, "zrsign.errors"))
    return getattr(home, _THERE.get(name, name))
