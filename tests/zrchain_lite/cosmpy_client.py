"""Run by the interpreter of an environment that has cosmpy and nothing of this project.

    cosmpy_client.py transfer URL CHAIN_ID SECRET_HEX RECIPIENT AMOUNT
    cosmpy_client.py request-key GRPC_URL CHAIN_ID SECRET_HEX DESCRIPTORS WORKSPACE KEYRING
    cosmpy_client.py read-keys GRPC_URL CHAIN_ID SECRET_HEX DESCRIPTORS WORKSPACE

DESCRIPTORS is a file with a FileDescriptorSet of the ledger's own messages. Prints one JSON object.
"""

# mypy: ignore-errors

import base64
import json
import sys
from pathlib import Path

import grpc
from cosmpy.aerial.client import LedgerClient, NetworkConfig
from cosmpy.aerial.client.utils import prepare_and_broadcast_basic_transaction
from cosmpy.aerial.tx import Transaction
from cosmpy.aerial.wallet import LocalWallet
from cosmpy.crypto.address import Address
from cosmpy.crypto.keypairs import PrivateKey
from cosmpy.protos.cosmos.base.abci.v1beta1.abci_pb2 import TxMsgData
from cosmpy.protos.cosmos.base.query.v1beta1 import pagination_pb2  # noqa: F401 - registers its file
from cosmpy.protos.cosmos.tx.v1beta1.service_pb2 import GetTxRequest
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory  # noqa: F401


def connect(url, chain_id, secret):
    config = NetworkConfig(
        chain_id=chain_id,
        fee_minimum_gas_price=0.0001,
        fee_denomination="urock",
        staking_denomination="urock",
        url=url,
    )
    client = LedgerClient(config, query_interval_secs=1)
    wallet = LocalWallet(PrivateKey(bytes.fromhex(secret)), prefix="zen")
    return client, wallet


def load(descriptors):
    """Classes by full name, from the files of the set that cosmpy does not bring itself."""
    pool = descriptor_pool.Default()
    for file in descriptor_pb2.FileDescriptorSet.FromString(Path(descriptors).read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def transfer(client, wallet, recipient, amount):
    before = client.query_bank_balance(Address(recipient), "urock")
    sent = client.send_tokens(Address(recipient), int(amount), "urock", wallet, memo="cosmpy")
    response = sent.wait_to_complete().response
    account = client.query_account(wallet.address())
    return {
        "before": before,
        "after": client.query_bank_balance(Address(recipient), "urock"),
        "all": [coin.denom for coin in client.query_bank_all_balances(wallet.address())],
        "hash": response.hash,
        "code": response.code,
        "height": response.height,
        "gas_used": response.gas_used,
        "sequence": account.sequence,
        "chain_id": client.query_chain_id(),
        "latest": client.query_height(),
        "app": client.query_node_info().app_name,
    }


def request_key(client, wallet, descriptors, workspace, keyring):
    get = load(descriptors)
    message = get("zrchain.treasury.MsgNewKeyRequest")(
        creator=str(wallet.address()),
        workspace_addr=workspace,
        keyring_addr=keyring,
        key_type="ecdsa",
    )
    tx = Transaction()
    tx.add_message(message)
    sent = prepare_and_broadcast_basic_transaction(client, tx, wallet)
    sent.wait_to_complete()
    raw = client.txs.GetTx(GetTxRequest(hash=sent.tx_hash)).tx_response.data
    packed = TxMsgData.FromString(bytes.fromhex(raw)).msg_responses[0]
    response = get("zrchain.treasury.MsgNewKeyRequestResponse").FromString(packed.value)
    return {"key_req_id": response.key_req_id, "hash": sent.tx_hash}


def read_keys(client, wallet, descriptors, workspace):
    get = load(descriptors)
    response_type = get("zrchain.treasury.QueryKeysResponse")
    channel = grpc.insecure_channel(client.network_config.url.split("://")[1])
    query = channel.unary_unary(
        "/zrchain.treasury.Query/Keys",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=response_type.FromString,
    )
    answer = query(
        get("zrchain.treasury.QueryKeysRequest")(workspace_addr=workspace, wallet_type=2)
    )
    return {
        "keys": [
            {
                "id": item.key.id,
                "public_key": base64.b64encode(item.key.public_key).decode(),
                "wallets": [wallet.address for wallet in item.wallets],
            }
            for item in answer.keys
        ]
    }


COMMANDS = {"transfer": transfer, "request-key": request_key, "read-keys": read_keys}

if __name__ == "__main__":
    command, url, chain_id, secret, *rest = sys.argv[1:]
    print(json.dumps(COMMANDS[command](*connect(url, chain_id, secret), *rest)))
