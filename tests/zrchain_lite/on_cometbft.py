"""What tests ask of the application through a CometBFT node."""

from __future__ import annotations

import base64
from typing import TypeVar
from urllib.parse import quote

import httpx
from google.protobuf.message import Message

from tests.cometbft import Node
from tests.zrchain_lite.chain import ALICE, BOB, CHAIN_ID, FEE, GAS, transfer
from zrchain_lite.tx import TxSigner, build
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.auth.v1beta1.auth_pb2 import BaseAccount
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank

M = TypeVar("M", bound=Message)


def query(node: Node, path: str, request: Message, response: type[M]) -> M:
    """The answer to a gRPC method path by CometBFT's abci_query."""
    asked = request.SerializeToString().hex()
    reply = node.ask(f"abci_query?path={quote(chr(34) + path + chr(34))}&data=0x{asked}")
    assert reply["response"]["code"] == 0, reply
    return response.FromString(base64.b64decode(reply["response"]["value"]))


def payment(node: Node) -> bytes:
    """A transaction with which Alice pays Bob one."""
    asked = auth.QueryAccountRequest(address=ALICE.address)
    found = query(node, "/cosmos.auth.v1beta1.Query/Account", asked, auth.QueryAccountResponse)
    account = BaseAccount.FromString(found.account.value)
    signer = TxSigner(ALICE.secret, account.account_number, account.sequence)
    return build([transfer(ALICE, BOB)], [signer], chain_id=CHAIN_ID, gas_limit=GAS, fee=FEE)


def send(node: Node) -> bytes:
    """Alice pays Bob one, and the transaction, which is returned, is in a block."""
    tx = payment(node)
    reply = node.ask(f"broadcast_tx_commit?tx=0x{tx.hex()}")
    assert (reply["check_tx"]["code"], reply["tx_result"]["code"]) == (0, 0), reply
    return tx


def refusal(node: Node, tx: bytes) -> tuple[str, int]:
    """Codespace and code by which the ledger's own door refuses a transaction."""
    request = {"tx_bytes": base64.b64encode(tx).decode(), "mode": "BROADCAST_MODE_SYNC"}
    url = f"http://127.0.0.1:{node.host.rest}/cosmos/tx/v1beta1/txs"
    said = httpx.post(url, json=request, timeout=20).json()["tx_response"]
    return said["codespace"], said["code"]


def balance(node: Node) -> int:
    """What Bob has."""
    asked = bank.QueryBalanceRequest(address=BOB.address, denom="urock")
    answer = query(node, "/cosmos.bank.v1beta1.Query/Balance", asked, bank.QueryBalanceResponse)
    return int(answer.balance.amount)
