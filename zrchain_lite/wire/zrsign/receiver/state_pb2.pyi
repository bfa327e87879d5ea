from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Observation(_message.Message):
    __slots__ = ("request_id", "votes", "accepted")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VOTES_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    votes: _containers.RepeatedCompositeFieldContainer[Vote]
    accepted: bytes
    def __init__(self, request_id: _Optional[int] = ..., votes: _Optional[_Iterable[_Union[Vote, _Mapping]]] = ..., accepted: _Optional[bytes] = ...) -> None: ...

class Vote(_message.Message):
    __slots__ = ("observer", "content_hash")
    OBSERVER_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    observer: str
    content_hash: bytes
    def __init__(self, observer: _Optional[str] = ..., content_hash: _Optional[bytes] = ...) -> None: ...

class WalletSlot(_message.Message):
    __slots__ = ("key_request_id", "key_id")
    KEY_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    key_request_id: int
    key_id: int
    def __init__(self, key_request_id: _Optional[int] = ..., key_id: _Optional[int] = ...) -> None: ...

class SignatureLink(_message.Message):
    __slots__ = ("request_id", "authority", "replacement")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    REPLACEMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    authority: bool
    replacement: bool
    def __init__(self, request_id: _Optional[int] = ..., authority: _Optional[bool] = ..., replacement: _Optional[bool] = ...) -> None: ...

class Id(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: str
    def __init__(self, value: _Optional[str] = ...) -> None: ...

class Blob(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: bytes
    def __init__(self, value: _Optional[bytes] = ...) -> None: ...
