"""gRPC reflection: a client that has no proto of the ledger calls it all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from tests.zrchain_lite.chain import ALICE, FUNDS
from zrchain_lite.api import reflection
from zrchain_lite.node import RunningNode
from zrchain_lite.wire.grpc.reflection.v1.reflection_pb2 import (
    ExtensionRequest,
    ServerReflectionRequest,
    ServerReflectionResponse,
)

V1, V1ALPHA = reflection.METHODS


@pytest.fixture
async def channel(node: RunningNode) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as opened:
        yield opened


async def asked(
    channel: grpc.aio.Channel, *requests: ServerReflectionRequest, method: str = V1
) -> list[ServerReflectionResponse]:
    call: Any = channel.stream_stream(method)
    sent = iter([request.SerializeToString() for request in requests])
    return [ServerReflectionResponse.FromString(raw) async for raw in call(sent)]


async def drain(stream: Any, seen: list[bytes]) -> None:
    async for raw in stream:
        seen += [raw]


class Stranger:
    """What grpcurl does: services, then files by symbol and name, then the call."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._pool = descriptor_pool.DescriptorPool()
        self._known: set[str] = set()

    async def services(self) -> list[str]:
        (answer,) = await asked(self._channel, ServerReflectionRequest(list_services="*"))
        return [each.name for each in answer.list_services_response.service]

    async def learn(self, request: ServerReflectionRequest) -> None:
        (answer,) = await asked(self._channel, request)
        for raw in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(raw)
            for name in file.dependency:
                if name not in self._known:
                    await self.learn(ServerReflectionRequest(file_by_filename=name))
            if file.name not in self._known:
                self._known.add(file.name)
                self._pool.Add(file)

    async def methods(self, service: str) -> Iterator[Any]:
        await self.learn(ServerReflectionRequest(file_containing_symbol=service))
        return iter(self._pool.FindServiceByName(service).methods)

    async def call(self, service: str, name: str, **fields: Any) -> dict[str, Any]:
        (method,) = [each for each in await self.methods(service) if each.name == name]
        request = message_factory.GetMessageClass(method.input_type)(**fields)
        call: Any = self._channel.unary_unary(f"/{service}/{name}")
        raw = await call(request.SerializeToString())
        answer = message_factory.GetMessageClass(method.output_type).FromString(raw)
        return json_format.MessageToDict(answer)


async def test_stranger__should_list_describe_and_call(channel: grpc.aio.Channel) -> None:
    stranger = Stranger(channel)
    services = await stranger.services()
    assert {"zrchain.treasury.Query", "zrsign.receiver.Query", reflection.SERVICE} <= set(services)
    assert {"cosmos.tx.v1beta1.Service", "cosmos.base.tendermint.v1beta1.Service"} <= set(services)
    for service in services:
        assert list(await stranger.methods(service))
    told = await stranger.call("cosmos.bank.v1beta1.Query", "AllBalances", address=ALICE.address)
    assert told["balances"] == [{"denom": "urock", "amount": str(FUNDS)}]


@pytest.mark.parametrize("method", [V1, V1ALPHA])
async def test_reflection__should_answer_each_kind_of_request(
    channel: grpc.aio.Channel, method: str
) -> None:
    options = "google.protobuf.MessageOptions"
    found, numbers, unknown, nothing = await asked(
        channel,
        ServerReflectionRequest(
            file_containing_extension=ExtensionRequest(
                containing_type=options, extension_number=11110000
            )
        ),
        ServerReflectionRequest(all_extension_numbers_of_type=options),
        ServerReflectionRequest(file_containing_symbol="no.Such"),
        ServerReflectionRequest(host="here"),
        method=method,
    )
    (raw,) = found.file_descriptor_response.file_descriptor_proto
    assert descriptor_pb2.FileDescriptorProto.FromString(raw).name == "cosmos/msg/v1/msg.proto"
    listed = numbers.all_extension_numbers_response
    assert (listed.base_type_name, set(listed.extension_number) >= {11110000, 11110001}) == (
        options,
        True,
    )
    assert unknown.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert nothing.error_response.error_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert nothing.valid_host == "here"


async def test_reflection__should_end_a_stream_of_garbage_or_without_end(
    channel: grpc.aio.Channel,
) -> None:
    call: Any = channel.stream_stream(V1)
    one = ServerReflectionRequest(list_services="*").SerializeToString()
    for sent, answered in (([b"\xff"], 0), ([one] * (reflection.MAX_REQUESTS + 1), 1_000)):
        seen: list[bytes] = []
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await drain(call(iter(sent)), seen)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert len(seen) == answered
