"""gRPC server reflection: services and descriptors for clients without protos.

Source: grpc/grpc doc/server-reflection.md. v1alpha is the same on the wire under another name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError

from zrchain_lite.api.status import GrpcStatus
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.grpc.reflection.v1 import reflection_pb2 as wire

SERVICE: str = wire.DESCRIPTOR.services_by_name["ServerReflection"].full_name
METHODS = tuple(
    f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    for version in ("v1", "v1alpha")
)
MAX_REQUESTS = 1_000
"""How many requests a stream may bring: a client asks for each file once."""
IDLE_S = 10.0


class Reflection:
    """Answers from the descriptors of this process. `services` are those that can be called."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = sorted({*services, SERVICE})
        self._pool: Any = descriptor_pool.Default()

    async def stream(self, requests: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """An answer for each request, until none comes for ten seconds.

        Raises InvalidArgument for what is no request, and for more than a client needs.
        """
        for _ in range(MAX_REQUESTS):
            try:
                raw = await asyncio.wait_for(anext(requests), IDLE_S)
                request = wire.ServerReflectionRequest.FromString(raw)
            except (StopAsyncIteration, TimeoutError):
                return
            except DecodeError as error:
                raise InvalidArgument(f"not a ServerReflectionRequest: {error}") from None
            yield self.answer(request).SerializeToString()
        raise InvalidArgument(f"a stream brings at most {MAX_REQUESTS} requests")

    def answer(self, request: wire.ServerReflectionRequest) -> wire.ServerReflectionResponse:
        """One answer; what is not known is an error inside it."""
        response = wire.ServerReflectionResponse(valid_host=request.host, original_request=request)
        try:
            self._fill(request, response)
        except KeyError as error:
            response.error_response.error_code = GrpcStatus.NOT_FOUND.value
            response.error_response.error_message = f"not found: {error.args[0]}"[:200]
        return response

    def _fill(
        self, request: wire.ServerReflectionRequest, response: wire.ServerReflectionResponse
    ) -> None:
        match request.WhichOneof("message_request"):
            case "list_services":
                listed = response.list_services_response.service
                listed.extend(wire.ServiceResponse(name=name) for name in self._services)
            case "file_by_filename":
                self._file(response, self._pool.FindFileByName(request.file_by_filename))
            case "file_containing_symbol":
                found = self._pool.FindFileContainingSymbol(request.file_containing_symbol)
                self._file(response, found)
            case "file_containing_extension":
                self._file(response, self._extension(request.file_containing_extension).file)
            case "all_extension_numbers_of_type":
                name = request.all_extension_numbers_of_type
                known = self._pool.FindAllExtensions(self._pool.FindMessageTypeByName(name))
                numbers = response.all_extension_numbers_response
                numbers.base_type_name = name
                numbers.extension_number.extend(sorted(each.number for each in known))
            case _:
                response.error_response.error_code = GrpcStatus.INVALID_ARGUMENT.value
                response.error_response.error_message = "the request asks for nothing"

    def _extension(self, asked: wire.ExtensionRequest) -> Any:
        extended = self._pool.FindMessageTypeByName(asked.containing_type)
        return self._pool.FindExtensionByNumber(extended, asked.extension_number)

    @staticmethod
    def _file(response: wire.ServerReflectionResponse, file: Any) -> None:
        response.file_descriptor_response.file_descriptor_proto.append(file.serialized_pb)
