from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Approval(_message.Message):
    __slots__ = ("sign_request_id", "height", "block_hash")
    SIGN_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    sign_request_id: int
    height: int
    block_hash: bytes
    def __init__(self, sign_request_id: _Optional[int] = ..., height: _Optional[int] = ..., block_hash: _Optional[bytes] = ...) -> None: ...
