from zrchain_lite.wire.cosmos.base.query.v1beta1 import pagination_pb2 as _pagination_pb2
from zrchain_lite.wire.cosmos.msg.v1 import msg_pb2 as _msg_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import any_pb2 as _any_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ActionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTION_STATUS_UNSPECIFIED: _ClassVar[ActionStatus]
    ACTION_STATUS_PENDING: _ClassVar[ActionStatus]
    ACTION_STATUS_COMPLETED: _ClassVar[ActionStatus]
    ACTION_STATUS_REVOKED: _ClassVar[ActionStatus]
    ACTION_STATUS_TIMEOUT: _ClassVar[ActionStatus]
ACTION_STATUS_UNSPECIFIED: ActionStatus
ACTION_STATUS_PENDING: ActionStatus
ACTION_STATUS_COMPLETED: ActionStatus
ACTION_STATUS_REVOKED: ActionStatus
ACTION_STATUS_TIMEOUT: ActionStatus

class Policy(_message.Message):
    __slots__ = ("creator", "id", "name", "policy", "btl")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    creator: str
    id: int
    name: str
    policy: _any_pb2.Any
    btl: int
    def __init__(self, creator: _Optional[str] = ..., id: _Optional[int] = ..., name: _Optional[str] = ..., policy: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., btl: _Optional[int] = ...) -> None: ...

class PolicyParticipant(_message.Message):
    __slots__ = ("abbreviation", "address")
    ABBREVIATION_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    abbreviation: str
    address: str
    def __init__(self, abbreviation: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class BoolparserPolicy(_message.Message):
    __slots__ = ("definition", "participants")
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    definition: str
    participants: _containers.RepeatedCompositeFieldContainer[PolicyParticipant]
    def __init__(self, definition: _Optional[str] = ..., participants: _Optional[_Iterable[_Union[PolicyParticipant, _Mapping]]] = ...) -> None: ...

class KeyValue(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: bytes
    def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class Action(_message.Message):
    __slots__ = ("id", "approvers", "status", "policy_id", "msg", "creator", "btl", "policy_data")
    ID_FIELD_NUMBER: _ClassVar[int]
    APPROVERS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    MSG_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    POLICY_DATA_FIELD_NUMBER: _ClassVar[int]
    id: int
    approvers: _containers.RepeatedScalarFieldContainer[str]
    status: ActionStatus
    policy_id: int
    msg: _any_pb2.Any
    creator: str
    btl: int
    policy_data: _containers.RepeatedCompositeFieldContainer[KeyValue]
    def __init__(self, id: _Optional[int] = ..., approvers: _Optional[_Iterable[str]] = ..., status: _Optional[_Union[ActionStatus, str]] = ..., policy_id: _Optional[int] = ..., msg: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., creator: _Optional[str] = ..., btl: _Optional[int] = ..., policy_data: _Optional[_Iterable[_Union[KeyValue, _Mapping]]] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("minimum_btl", "default_btl")
    MINIMUM_BTL_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_BTL_FIELD_NUMBER: _ClassVar[int]
    minimum_btl: int
    default_btl: int
    def __init__(self, minimum_btl: _Optional[int] = ..., default_btl: _Optional[int] = ...) -> None: ...

class MsgUpdateParams(_message.Message):
    __slots__ = ("authority", "params")
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    authority: str
    params: Params
    def __init__(self, authority: _Optional[str] = ..., params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class MsgUpdateParamsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgNewPolicy(_message.Message):
    __slots__ = ("creator", "name", "policy", "btl")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    creator: str
    name: str
    policy: _any_pb2.Any
    btl: int
    def __init__(self, creator: _Optional[str] = ..., name: _Optional[str] = ..., policy: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., btl: _Optional[int] = ...) -> None: ...

class MsgNewPolicyResponse(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class MsgApproveAction(_message.Message):
    __slots__ = ("creator", "action_type", "action_id", "additional_signatures")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    creator: str
    action_type: str
    action_id: int
    additional_signatures: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, creator: _Optional[str] = ..., action_type: _Optional[str] = ..., action_id: _Optional[int] = ..., additional_signatures: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class MsgApproveActionResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: str
    def __init__(self, status: _Optional[str] = ...) -> None: ...

class MsgRevokeAction(_message.Message):
    __slots__ = ("creator", "action_id")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    creator: str
    action_id: int
    def __init__(self, creator: _Optional[str] = ..., action_id: _Optional[int] = ...) -> None: ...

class MsgRevokeActionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class ActionResponse(_message.Message):
    __slots__ = ("id", "approvers", "status", "policy_id", "msg", "creator", "btl", "policy_data")
    ID_FIELD_NUMBER: _ClassVar[int]
    APPROVERS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    MSG_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    POLICY_DATA_FIELD_NUMBER: _ClassVar[int]
    id: int
    approvers: _containers.RepeatedScalarFieldContainer[str]
    status: str
    policy_id: int
    msg: _any_pb2.Any
    creator: str
    btl: int
    policy_data: _containers.RepeatedCompositeFieldContainer[KeyValue]
    def __init__(self, id: _Optional[int] = ..., approvers: _Optional[_Iterable[str]] = ..., status: _Optional[str] = ..., policy_id: _Optional[int] = ..., msg: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., creator: _Optional[str] = ..., btl: _Optional[int] = ..., policy_data: _Optional[_Iterable[_Union[KeyValue, _Mapping]]] = ...) -> None: ...

class QueryActionsRequest(_message.Message):
    __slots__ = ("pagination", "address", "status")
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    address: str
    status: ActionStatus
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ..., address: _Optional[str] = ..., status: _Optional[_Union[ActionStatus, str]] = ...) -> None: ...

class QueryActionsResponse(_message.Message):
    __slots__ = ("pagination", "actions")
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageResponse
    actions: _containers.RepeatedCompositeFieldContainer[ActionResponse]
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ..., actions: _Optional[_Iterable[_Union[ActionResponse, _Mapping]]] = ...) -> None: ...

class PolicyResponse(_message.Message):
    __slots__ = ("policy", "metadata")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    policy: Policy
    metadata: _any_pb2.Any
    def __init__(self, policy: _Optional[_Union[Policy, _Mapping]] = ..., metadata: _Optional[_Union[_any_pb2.Any, _Mapping]] = ...) -> None: ...

class QueryPoliciesRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryPoliciesResponse(_message.Message):
    __slots__ = ("pagination", "policies")
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageResponse
    policies: _containers.RepeatedCompositeFieldContainer[PolicyResponse]
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ..., policies: _Optional[_Iterable[_Union[PolicyResponse, _Mapping]]] = ...) -> None: ...

class QueryPolicyByIdRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class QueryPolicyByIdResponse(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: PolicyResponse
    def __init__(self, policy: _Optional[_Union[PolicyResponse, _Mapping]] = ...) -> None: ...

class QueryPoliciesByCreatorRequest(_message.Message):
    __slots__ = ("creators", "pagination")
    CREATORS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    creators: _containers.RepeatedScalarFieldContainer[str]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, creators: _Optional[_Iterable[str]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryPoliciesByCreatorResponse(_message.Message):
    __slots__ = ("policies", "pagination")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[Policy]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, policies: _Optional[_Iterable[_Union[Policy, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QuerySignMethodsByAddressRequest(_message.Message):
    __slots__ = ("pagination", "address")
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    address: str
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ..., address: _Optional[str] = ...) -> None: ...

class QuerySignMethodsByAddressResponse(_message.Message):
    __slots__ = ("pagination", "config")
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageResponse
    config: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ..., config: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class QueryActionDetailsByIdRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class QueryActionDetailsByIdResponse(_message.Message):
    __slots__ = ("id", "action", "policy", "approvers", "pending_approvers", "current_height")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    APPROVERS_FIELD_NUMBER: _ClassVar[int]
    PENDING_APPROVERS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    id: int
    action: Action
    policy: Policy
    approvers: _containers.RepeatedScalarFieldContainer[str]
    pending_approvers: _containers.RepeatedScalarFieldContainer[str]
    current_height: int
    def __init__(self, id: _Optional[int] = ..., action: _Optional[_Union[Action, _Mapping]] = ..., policy: _Optional[_Union[Policy, _Mapping]] = ..., approvers: _Optional[_Iterable[str]] = ..., pending_approvers: _Optional[_Iterable[str]] = ..., current_height: _Optional[int] = ...) -> None: ...
