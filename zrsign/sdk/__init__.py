"""The SDK for people who write dApps: ask a zrSign contract for keys and signatures, and wait for
typed answers.

async with ZrSign.connect(rpc_url, contract, account, ledger="127.0.0.1:9090") as zr:
    wallet = await (await zr.request_key(EVM)).key()
    signature = await (await zr.sign_data(EVM, 0, "eip155:31337", b"hello")).signature()
"""

from zrsign.sdk.answers import KeyAnswer, SignatureAnswer, TransactionAnswer
from zrsign.sdk.client import Handle, ZrSign
from zrsign.sdk.contract import ContractMode, Options, RequestRef
from zrsign.sdk.ledger import Receiver

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
