from google.api import annotations_pb2 as _annotations_pb2
from zrchain_lite.wire.tendermint.types import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QueryLightBlockRequest(_message.Message):
    __slots__ = ("height",)
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    height: int
    def __init__(self, height: _Optional[int] = ...) -> None: ...

class QueryLightBlockResponse(_message.Message):
    __slots__ = ("block",)
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    block: _types_pb2.LightBlock
    def __init__(self, block: _Optional[_Union[_types_pb2.LightBlock, _Mapping]] = ...) -> None: ...

class QueryWitnessRequest(_message.Message):
    __slots__ = ("method", "request", "height")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    method: str
    request: bytes
    height: int
    def __init__(self, method: _Optional[str] = ..., request: _Optional[bytes] = ..., height: _Optional[int] = ...) -> None: ...

class QueryWitnessResponse(_message.Message):
    __slots__ = ("block", "header", "reads", "tree", "lists")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    READS_FIELD_NUMBER: _ClassVar[int]
    TREE_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    block: _types_pb2.LightBlock
    header: _types_pb2.Header
    reads: _containers.RepeatedCompositeFieldContainer[Read]
    tree: bytes
    lists: _containers.RepeatedCompositeFieldContainer[Read]
    def __init__(self, block: _Optional[_Union[_types_pb2.LightBlock, _Mapping]] = ..., header: _Optional[_Union[_types_pb2.Header, _Mapping]] = ..., reads: _Optional[_Iterable[_Union[Read, _Mapping]]] = ..., tree: _Optional[bytes] = ..., lists: _Optional[_Iterable[_Union[Read, _Mapping]]] = ...) -> None: ...

class Read(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    value: bytes
    def __init__(self, key: _Optional[bytes] = ..., value: _Optional[bytes] = ...) -> None: ...
