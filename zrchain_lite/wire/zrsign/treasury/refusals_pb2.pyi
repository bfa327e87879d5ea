from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class PartyRefusal(_message.Message):
    __slots__ = ("creator", "reason")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    creator: str
    reason: str
    def __init__(self, creator: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
