from zrchain_lite.wire.zrsign.operators import operators_pb2 as _operators_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KeyringState(_message.Message):
    __slots__ = ("group_number", "refresh_number", "measurements", "settings_version")
    GROUP_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REFRESH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENTS_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_VERSION_FIELD_NUMBER: _ClassVar[int]
    group_number: int
    refresh_number: int
    measurements: _containers.RepeatedCompositeFieldContainer[_operators_pb2.Measurement]
    settings_version: int
    def __init__(self, group_number: _Optional[int] = ..., refresh_number: _Optional[int] = ..., measurements: _Optional[_Iterable[_Union[_operators_pb2.Measurement, _Mapping]]] = ..., settings_version: _Optional[int] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: bytes
    def __init__(self, value: _Optional[bytes] = ...) -> None: ...
