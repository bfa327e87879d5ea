from zrchain_lite.wire.cosmos.base.query.v1beta1 import pagination_pb2 as _pagination_pb2
from zrchain_lite.wire.cosmos.msg.v1 import msg_pb2 as _msg_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Workspace(_message.Message):
    __slots__ = ("address", "creator", "owners", "child_workspaces", "admin_policy_id", "sign_policy_id", "alias")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    OWNERS_FIELD_NUMBER: _ClassVar[int]
    CHILD_WORKSPACES_FIELD_NUMBER: _ClassVar[int]
    ADMIN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    address: str
    creator: str
    owners: _containers.RepeatedScalarFieldContainer[str]
    child_workspaces: _containers.RepeatedScalarFieldContainer[str]
    admin_policy_id: int
    sign_policy_id: int
    alias: str
    def __init__(self, address: _Optional[str] = ..., creator: _Optional[str] = ..., owners: _Optional[_Iterable[str]] = ..., child_workspaces: _Optional[_Iterable[str]] = ..., admin_policy_id: _Optional[int] = ..., sign_policy_id: _Optional[int] = ..., alias: _Optional[str] = ...) -> None: ...

class Keyring(_message.Message):
    __slots__ = ("address", "creator", "description", "admins", "parties", "party_threshold", "key_req_fee", "sig_req_fee", "is_active", "delegate_fees")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ADMINS_FIELD_NUMBER: _ClassVar[int]
    PARTIES_FIELD_NUMBER: _ClassVar[int]
    PARTY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    KEY_REQ_FEE_FIELD_NUMBER: _ClassVar[int]
    SIG_REQ_FEE_FIELD_NUMBER: _ClassVar[int]
    IS_ACTIVE_FIELD_NUMBER: _ClassVar[int]
    DELEGATE_FEES_FIELD_NUMBER: _ClassVar[int]
    address: str
    creator: str
    description: str
    admins: _containers.RepeatedScalarFieldContainer[str]
    parties: _containers.RepeatedScalarFieldContainer[str]
    party_threshold: int
    key_req_fee: int
    sig_req_fee: int
    is_active: bool
    delegate_fees: bool
    def __init__(self, address: _Optional[str] = ..., creator: _Optional[str] = ..., description: _Optional[str] = ..., admins: _Optional[_Iterable[str]] = ..., parties: _Optional[_Iterable[str]] = ..., party_threshold: _Optional[int] = ..., key_req_fee: _Optional[int] = ..., sig_req_fee: _Optional[int] = ..., is_active: _Optional[bool] = ..., delegate_fees: _Optional[bool] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("keyring_creation_fee",)
    KEYRING_CREATION_FEE_FIELD_NUMBER: _ClassVar[int]
    keyring_creation_fee: int
    def __init__(self, keyring_creation_fee: _Optional[int] = ...) -> None: ...

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

class MsgNewWorkspace(_message.Message):
    __slots__ = ("creator", "admin_policy_id", "sign_policy_id", "additional_owners")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    ADMIN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_OWNERS_FIELD_NUMBER: _ClassVar[int]
    creator: str
    admin_policy_id: int
    sign_policy_id: int
    additional_owners: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, creator: _Optional[str] = ..., admin_policy_id: _Optional[int] = ..., sign_policy_id: _Optional[int] = ..., additional_owners: _Optional[_Iterable[str]] = ...) -> None: ...

class MsgNewWorkspaceResponse(_message.Message):
    __slots__ = ("addr",)
    ADDR_FIELD_NUMBER: _ClassVar[int]
    addr: str
    def __init__(self, addr: _Optional[str] = ...) -> None: ...

class MsgAddWorkspaceOwner(_message.Message):
    __slots__ = ("creator", "workspace_addr", "new_owner", "btl")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    NEW_OWNER_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    creator: str
    workspace_addr: str
    new_owner: str
    btl: int
    def __init__(self, creator: _Optional[str] = ..., workspace_addr: _Optional[str] = ..., new_owner: _Optional[str] = ..., btl: _Optional[int] = ...) -> None: ...

class MsgAddWorkspaceOwnerResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgRemoveWorkspaceOwner(_message.Message):
    __slots__ = ("creator", "workspace_addr", "owner", "btl")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    creator: str
    workspace_addr: str
    owner: str
    btl: int
    def __init__(self, creator: _Optional[str] = ..., workspace_addr: _Optional[str] = ..., owner: _Optional[str] = ..., btl: _Optional[int] = ...) -> None: ...

class MsgRemoveWorkspaceOwnerResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgNewChildWorkspace(_message.Message):
    __slots__ = ("creator", "parent_workspace_addr", "btl")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    PARENT_WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    creator: str
    parent_workspace_addr: str
    btl: int
    def __init__(self, creator: _Optional[str] = ..., parent_workspace_addr: _Optional[str] = ..., btl: _Optional[int] = ...) -> None: ...

class MsgNewChildWorkspaceResponse(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class MsgAppendChildWorkspace(_message.Message):
    __slots__ = ("creator", "parent_workspace_addr", "child_workspace_addr", "btl")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    PARENT_WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    CHILD_WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    creator: str
    parent_workspace_addr: str
    child_workspace_addr: str
    btl: int
    def __init__(self, creator: _Optional[str] = ..., parent_workspace_addr: _Optional[str] = ..., child_workspace_addr: _Optional[str] = ..., btl: _Optional[int] = ...) -> None: ...

class MsgAppendChildWorkspaceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgUpdateWorkspace(_message.Message):
    __slots__ = ("creator", "workspace_addr", "admin_policy_id", "sign_policy_id", "btl")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    ADMIN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    creator: str
    workspace_addr: str
    admin_policy_id: int
    sign_policy_id: int
    btl: int
    def __init__(self, creator: _Optional[str] = ..., workspace_addr: _Optional[str] = ..., admin_policy_id: _Optional[int] = ..., sign_policy_id: _Optional[int] = ..., btl: _Optional[int] = ...) -> None: ...

class MsgUpdateWorkspaceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgNewKeyring(_message.Message):
    __slots__ = ("creator", "description", "party_threshold", "key_req_fee", "sig_req_fee", "delegate_fees")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARTY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    KEY_REQ_FEE_FIELD_NUMBER: _ClassVar[int]
    SIG_REQ_FEE_FIELD_NUMBER: _ClassVar[int]
    DELEGATE_FEES_FIELD_NUMBER: _ClassVar[int]
    creator: str
    description: str
    party_threshold: int
    key_req_fee: int
    sig_req_fee: int
    delegate_fees: bool
    def __init__(self, creator: _Optional[str] = ..., description: _Optional[str] = ..., party_threshold: _Optional[int] = ..., key_req_fee: _Optional[int] = ..., sig_req_fee: _Optional[int] = ..., delegate_fees: _Optional[bool] = ...) -> None: ...

class MsgNewKeyringResponse(_message.Message):
    __slots__ = ("addr",)
    ADDR_FIELD_NUMBER: _ClassVar[int]
    addr: str
    def __init__(self, addr: _Optional[str] = ...) -> None: ...

class MsgAddKeyringParty(_message.Message):
    __slots__ = ("creator", "keyring_addr", "party", "increase_threshold")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    INCREASE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring_addr: str
    party: str
    increase_threshold: bool
    def __init__(self, creator: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., party: _Optional[str] = ..., increase_threshold: _Optional[bool] = ...) -> None: ...

class MsgAddKeyringPartyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgRemoveKeyringParty(_message.Message):
    __slots__ = ("creator", "keyring_addr", "party", "decrease_threshold")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    DECREASE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring_addr: str
    party: str
    decrease_threshold: bool
    def __init__(self, creator: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., party: _Optional[str] = ..., decrease_threshold: _Optional[bool] = ...) -> None: ...

class MsgRemoveKeyringPartyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgAddKeyringAdmin(_message.Message):
    __slots__ = ("creator", "keyring_addr", "admin")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring_addr: str
    admin: str
    def __init__(self, creator: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., admin: _Optional[str] = ...) -> None: ...

class MsgAddKeyringAdminResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgRemoveKeyringAdmin(_message.Message):
    __slots__ = ("creator", "keyring_addr", "admin")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring_addr: str
    admin: str
    def __init__(self, creator: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., admin: _Optional[str] = ...) -> None: ...

class MsgRemoveKeyringAdminResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgUpdateKeyring(_message.Message):
    __slots__ = ("creator", "keyring_addr", "party_threshold", "key_req_fee", "sig_req_fee", "description", "is_active")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    PARTY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    KEY_REQ_FEE_FIELD_NUMBER: _ClassVar[int]
    SIG_REQ_FEE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    IS_ACTIVE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring_addr: str
    party_threshold: int
    key_req_fee: int
    sig_req_fee: int
    description: str
    is_active: bool
    def __init__(self, creator: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., party_threshold: _Optional[int] = ..., key_req_fee: _Optional[int] = ..., sig_req_fee: _Optional[int] = ..., description: _Optional[str] = ..., is_active: _Optional[bool] = ...) -> None: ...

class MsgUpdateKeyringResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgDeactivateKeyring(_message.Message):
    __slots__ = ("creator", "keyring_addr")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring_addr: str
    def __init__(self, creator: _Optional[str] = ..., keyring_addr: _Optional[str] = ...) -> None: ...

class MsgDeactivateKeyringResponse(_message.Message):
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

class QueryWorkspacesRequest(_message.Message):
    __slots__ = ("pagination", "owner", "creator")
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    owner: str
    creator: str
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ..., owner: _Optional[str] = ..., creator: _Optional[str] = ...) -> None: ...

class QueryWorkspacesResponse(_message.Message):
    __slots__ = ("workspaces", "pagination")
    WORKSPACES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    workspaces: _containers.RepeatedCompositeFieldContainer[Workspace]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, workspaces: _Optional[_Iterable[_Union[Workspace, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryWorkspaceByAddressRequest(_message.Message):
    __slots__ = ("workspace_addr",)
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    workspace_addr: str
    def __init__(self, workspace_addr: _Optional[str] = ...) -> None: ...

class QueryWorkspaceByAddressResponse(_message.Message):
    __slots__ = ("workspace",)
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    workspace: Workspace
    def __init__(self, workspace: _Optional[_Union[Workspace, _Mapping]] = ...) -> None: ...

class QueryKeyringsRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryKeyringsResponse(_message.Message):
    __slots__ = ("keyrings", "pagination")
    KEYRINGS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    keyrings: _containers.RepeatedCompositeFieldContainer[Keyring]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, keyrings: _Optional[_Iterable[_Union[Keyring, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryKeyringByAddressRequest(_message.Message):
    __slots__ = ("keyring_addr",)
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    keyring_addr: str
    def __init__(self, keyring_addr: _Optional[str] = ...) -> None: ...

class QueryKeyringByAddressResponse(_message.Message):
    __slots__ = ("keyring",)
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    keyring: Keyring
    def __init__(self, keyring: _Optional[_Union[Keyring, _Mapping]] = ...) -> None: ...
