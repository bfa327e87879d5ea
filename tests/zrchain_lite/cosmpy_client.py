"""Run by the interpreter of an environment that has cosmpy and nothing of this project.

    cosmpy_client.py transfer URL CHAIN_ID SECRET_HEX RECIPIENT AMOUNT
    cosmpy_client.py request-key GRPC_URL CHAIN_ID SECRET_HEX DESCRIPTORS WORKSPACE KEYRING
    cosmpy_client.py read-keys GRPC_URL CHAIN_ID SECRET_HEX DESCRIPTORS WORKSPACE

    cosmpy_client.py grant GRPC_URL CHAIN_ID SECRET_HEX GRANTEE_SECRET_HEX RECIPIENT
    cosmpy_client.py wire DESCRIPTORS

DESCRIPTORS is a file with a FileDescriptorSet of the ledger's own messages. Prints one JSON object.
"""

# mypy: ignore-errors

import base64
import importlib
import json
import sys
from pathlib import Path

import grpc
from cosmpy.aerial.client import LedgerClient, NetworkConfig
from cosmpy.aerial.client.utils import prepare_and_broadcast_basic_transaction
from cosmpy.aerial.tx import Transaction, TxFee
from cosmpy.aerial.wallet import LocalWallet
from cosmpy.crypto.address import Address
from cosmpy.crypto.keypairs import PrivateKey
from cosmpy.protos.cosmos.authz.v1beta1.authz_pb2 import Grant
from cosmpy.protos.cosmos.authz.v1beta1.query_pb2 import QueryGranterGrantsRequest as GranterGrants
from cosmpy.protos.cosmos.authz.v1beta1.query_pb2_grpc import QueryStub as AuthzStub
from cosmpy.protos.cosmos.authz.v1beta1.tx_pb2 import MsgExec, MsgGrant
from cosmpy.protos.cosmos.bank.v1beta1.authz_pb2 import SendAuthorization
from cosmpy.protos.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from cosmpy.protos.cosmos.base.abci.v1beta1.abci_pb2 import TxMsgData
from cosmpy.protos.cosmos.base.query.v1beta1 import pagination_pb2  # noqa: F401 - registers its file
from cosmpy.protos.cosmos.base.v1beta1.coin_pb2 import Coin
from cosmpy.protos.cosmos.feegrant.v1beta1.feegrant_pb2 import BasicAllowance
from cosmpy.protos.cosmos.feegrant.v1beta1.query_pb2 import QueryAllowanceRequest as Allowance
from cosmpy.protos.cosmos.feegrant.v1beta1.query_pb2_grpc import QueryStub as FeegrantStub
from cosmpy.protos.cosmos.feegrant.v1beta1.tx_pb2 import MsgGrantAllowance
from cosmpy.protos.cosmos.msg.v1 import msg_pb2  # noqa: F401 - registers its file
from cosmpy.protos.cosmos.tx.v1beta1.service_pb2 import GetTxRequest
from google.api import annotations_pb2
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory  # noqa: F401
from google.protobuf.any_pb2 import Any


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
        "validators": client.query_validators(),
        "staked": client.query_staking_summary(wallet.address()).total_staked,
        "app": client.query_node_info().app_name,
    }


def grant(client, wallet, other, recipient):
    """The wallet lets another one send 100 urock, and pays its fees within an allowance."""
    friend = LocalWallet(PrivateKey(bytes.fromhex(other)), prefix="zen")
    names = {"granter": str(wallet.address()), "grantee": str(friend.address())}
    coin = Coin(denom="urock", amount="100")
    sends, allowance = Any(), Any()
    sends.Pack(SendAuthorization(spend_limit=[coin]), "/")
    allowance.Pack(BasicAllowance(spend_limit=[coin]), "/")
    tx = Transaction()
    tx.add_message(MsgGrant(**names, grant=Grant(authorization=sends)))
    tx.add_message(MsgGrantAllowance(**names, allowance=allowance))
    prepare_and_broadcast_basic_transaction(client, tx, wallet).wait_to_complete()
    inner = Any()
    send = MsgSend(from_address=names["granter"], to_address=recipient)
    send.amount.add(denom="urock", amount="60")
    inner.Pack(send, "/")
    tx = Transaction()
    tx.add_message(MsgExec(grantee=names["grantee"], msgs=[inner]))
    fee = TxFee("40urock", 400_000, granter=wallet.address())
    prepare_and_broadcast_basic_transaction(client, tx, friend, fee=fee).wait_to_complete()
    channel = grpc.insecure_channel(client.network_config.url.split("://")[1])
    (left,) = AuthzStub(channel).GranterGrants(GranterGrants(granter=names["granter"])).grants
    kept = FeegrantStub(channel).Allowance(Allowance(**names)).allowance.allowance
    return {
        "left": SendAuthorization.FromString(left.authorization.value).spend_limit[0].amount,
        "allowed": BasicAllowance.FromString(kept.value).spend_limit[0].amount,
        "balance": client.query_bank_balance(Address(recipient), "urock"),
        "sequence": client.query_account(friend.address()).sequence,
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


def wire(descriptors):
    """Fields, enum values and methods of the set that cosmpy's own protos have otherwise or not."""
    packages = [
        "tx.v1beta1.service_pb2",
        "bank.v1beta1.tx_pb2",
        "bank.v1beta1.query_pb2",
        "bank.v1beta1.authz_pb2",
        "authz.v1beta1.tx_pb2",
        "authz.v1beta1.query_pb2",
        "authz.v1beta1.genesis_pb2",
        "feegrant.v1beta1.tx_pb2",
        "feegrant.v1beta1.query_pb2",
        "feegrant.v1beta1.genesis_pb2",
        *(
            f"{module}_pb2"
            for name in ("staking.v1beta1", "distribution.v1beta1", "slashing.v1beta1")
            for module in (f"{name}.tx", f"{name}.query")
        ),
        *("gov.v1.tx_pb2", "gov.v1.query_pb2", "gov.v1beta1.tx_pb2", "gov.v1beta1.query_pb2"),
        *("upgrade.v1beta1.tx_pb2", "upgrade.v1beta1.query_pb2"),
        "auth.v1beta1.query_pb2",
        "base.tendermint.v1beta1.query_pb2",
        "consensus.v1.query_pb2",
        "crypto.secp256k1.keys_pb2",
        "crypto.multisig.keys_pb2",
        "base.node.v1beta1.query_pb2",
    ]
    for package in packages:
        importlib.import_module("cosmpy.protos.cosmos." + package)
    importlib.import_module("cosmpy.protos.tendermint.abci.types_pb2")
    files = descriptor_pb2.FileDescriptorSet.FromString(Path(descriptors).read_bytes()).file
    pool, differences, compared = descriptor_pool.Default(), [], 0
    for file in files:
        for message in file.message_type:
            name = f"{file.package}.{message.name}"
            theirs = descriptor_pb2.DescriptorProto()
            pool.FindMessageTypeByName(name).CopyToProto(theirs)
            known = {shape(field) for field in theirs.field}
            compared += len(message.field)
            differences += [f"{name}.{f.name}" for f in message.field if shape(f) not in known]
        for enum in file.enum_type:
            found = pool.FindEnumTypeByName(f"{file.package}.{enum.name}").values_by_name
            differences += [
                value.name
                for value in enum.value
                if value.name not in found or found[value.name].number != value.number
            ]
        for service in file.service:
            name = f"{file.package}.{service.name}"
            found = pool.FindServiceByName(name).methods_by_name
            compared += len(service.method)
            differences += [
                f"{name}.{method.name}"
                for method in service.method
                if method.name not in found or call(method) != call(proto_of(found[method.name]))
            ]
    return {"compared": compared, "differences": differences}


def proto_of(method):
    proto = descriptor_pb2.MethodDescriptorProto()
    method.CopyToProto(proto)
    return proto


def call(method):
    """Of a path, `{denom=**}` takes slashes; none of the ledger's denominations has one."""
    rule = method.options.Extensions[annotations_pb2.http]
    path = (rule.get or rule.post).replace("=**", "")
    return method.input_type, method.output_type, rule.WhichOneof("pattern"), path, rule.body


def shape(field):
    return field.name, field.number, field.type, field.label, field.type_name


COMMANDS = {
    "transfer": transfer,
    "grant": grant,
    "request-key": request_key,
    "read-keys": read_keys,
}

if __name__ == "__main__":
    if sys.argv[1] == "wire":
        print(json.dumps(wire(sys.argv[2])))
        sys.exit()
    command, url, chain_id, secret, *rest = sys.argv[1:]
    print(json.dumps(COMMANDS[command](*connect(url, chain_id, secret), *rest)))
