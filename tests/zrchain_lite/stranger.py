"""A client that knows the ledger by its protos alone: `stranger.py STUBS GRPC_ADDRESS ADDRESS`.

STUBS is a folder of modules that protoc made, with the names that protoc gives them.
"""

# mypy: ignore-errors

import json
import sys
from importlib.util import find_spec

import grpc

sys.path.insert(0, sys.argv[1])

from cosmos.bank.v1beta1 import query_pb2, query_pb2_grpc
from cosmos.base.tendermint.v1beta1 import query_pb2 as node_pb2
from cosmos.base.tendermint.v1beta1 import query_pb2_grpc as node_pb2_grpc
from zrchain.treasury import treasury_pb2, treasury_pb2_grpc
from zrsign.receiver import receiver_pb2, receiver_pb2_grpc

assert find_spec("zrchain_lite") is None
channel = grpc.insecure_channel(sys.argv[2])
bank, node = query_pb2_grpc.QueryStub(channel), node_pb2_grpc.ServiceStub(channel)
treasury, receiver = treasury_pb2_grpc.QueryStub(channel), receiver_pb2_grpc.QueryStub(channel)
balance = bank.Balance(query_pb2.QueryBalanceRequest(address=sys.argv[3], denom="urock"))
info = node.GetNodeInfo(node_pb2.GetNodeInfoRequest())
keys = treasury.Keys(treasury_pb2.QueryKeysRequest())
sources = receiver.Sources(receiver_pb2.QuerySourcesRequest())
print(
    json.dumps(
        {
            "balance": balance.balance.amount,
            "chain_id": info.default_node_info.network,
            "keys": len(keys.keys),
            "sources": len(sources.sources),
        }
    )
)
