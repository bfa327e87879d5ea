from zrchain_lite.wire.cosmos.base.query.v1beta1 import pagination_pb2 as _pagination_pb2
from zrchain_lite.wire.cosmos.msg.v1 import msg_pb2 as _msg_pb2
from google.api import annotations_pb2 as _annotations_pb2
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as _treasury_pb2
from zrchain_lite.wire.zrsign.treasury import approvals_pb2 as _approvals_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Member(_message.Message):
    __slots__ = ("index", "party", "identity_key", "tls_certificate", "endpoint")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_KEY_FIELD_NUMBER: _ClassVar[int]
    TLS_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    index: int
    party: str
    identity_key: bytes
    tls_certificate: bytes
    endpoint: str
    def __init__(self, index: _Optional[int] = ..., party: _Optional[str] = ..., identity_key: _Optional[bytes] = ..., tls_certificate: _Optional[bytes] = ..., endpoint: _Optional[str] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("number", "threshold", "level", "members", "height", "roots", "absent")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    number: int
    threshold: int
    level: str
    members: _containers.RepeatedCompositeFieldContainer[Member]
    height: int
    roots: int
    absent: int
    def __init__(self, number: _Optional[int] = ..., threshold: _Optional[int] = ..., level: _Optional[str] = ..., members: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., height: _Optional[int] = ..., roots: _Optional[int] = ..., absent: _Optional[int] = ...) -> None: ...

class Root(_message.Message):
    __slots__ = ("id", "key_type", "number", "public_key", "chain_code", "height", "holders", "reports")
    ID_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_CODE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    HOLDERS_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    id: int
    key_type: str
    number: int
    public_key: bytes
    chain_code: bytes
    height: int
    holders: int
    reports: _containers.RepeatedCompositeFieldContainer[KeyEpoch]
    def __init__(self, id: _Optional[int] = ..., key_type: _Optional[str] = ..., number: _Optional[int] = ..., public_key: _Optional[bytes] = ..., chain_code: _Optional[bytes] = ..., height: _Optional[int] = ..., holders: _Optional[int] = ..., reports: _Optional[_Iterable[_Union[KeyEpoch, _Mapping]]] = ...) -> None: ...

class Origin(_message.Message):
    __slots__ = ("key_id", "root")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    key_id: int
    root: int
    def __init__(self, key_id: _Optional[int] = ..., root: _Optional[int] = ...) -> None: ...

class Measurement(_message.Message):
    __slots__ = ("kind", "value")
    KIND_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    value: bytes
    def __init__(self, kind: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class Pardon(_message.Message):
    __slots__ = ("index", "count")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    index: int
    count: int
    def __init__(self, index: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ("id", "keyring", "culprit", "protocol", "reason", "evidence_digest", "evidence", "reporter", "reporter_index", "height")
    ID_FIELD_NUMBER: _ClassVar[int]
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    CULPRIT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    REPORTER_FIELD_NUMBER: _ClassVar[int]
    REPORTER_INDEX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    id: int
    keyring: str
    culprit: int
    protocol: str
    reason: str
    evidence_digest: bytes
    evidence: bytes
    reporter: str
    reporter_index: int
    height: int
    def __init__(self, id: _Optional[int] = ..., keyring: _Optional[str] = ..., culprit: _Optional[int] = ..., protocol: _Optional[str] = ..., reason: _Optional[str] = ..., evidence_digest: _Optional[bytes] = ..., evidence: _Optional[bytes] = ..., reporter: _Optional[str] = ..., reporter_index: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class KeyEpoch(_message.Message):
    __slots__ = ("key_id", "party", "index", "group", "refresh", "epoch", "key_digest", "height", "public_key", "chain_code", "since_ms")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    REFRESH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    KEY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_CODE_FIELD_NUMBER: _ClassVar[int]
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    key_id: int
    party: str
    index: int
    group: int
    refresh: int
    epoch: int
    key_digest: bytes
    height: int
    public_key: bytes
    chain_code: bytes
    since_ms: int
    def __init__(self, key_id: _Optional[int] = ..., party: _Optional[str] = ..., index: _Optional[int] = ..., group: _Optional[int] = ..., refresh: _Optional[int] = ..., epoch: _Optional[int] = ..., key_digest: _Optional[bytes] = ..., height: _Optional[int] = ..., public_key: _Optional[bytes] = ..., chain_code: _Optional[bytes] = ..., since_ms: _Optional[int] = ...) -> None: ...

class MsgSetGroup(_message.Message):
    __slots__ = ("creator", "keyring", "threshold", "level", "members", "roots", "absent")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring: str
    threshold: int
    level: str
    members: _containers.RepeatedCompositeFieldContainer[Member]
    roots: int
    absent: int
    def __init__(self, creator: _Optional[str] = ..., keyring: _Optional[str] = ..., threshold: _Optional[int] = ..., level: _Optional[str] = ..., members: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., roots: _Optional[int] = ..., absent: _Optional[int] = ...) -> None: ...

class MsgSetGroupResponse(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class MsgOrderRefresh(_message.Message):
    __slots__ = ("creator", "keyring")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring: str
    def __init__(self, creator: _Optional[str] = ..., keyring: _Optional[str] = ...) -> None: ...

class MsgOrderRefreshResponse(_message.Message):
    __slots__ = ("refresh_number",)
    REFRESH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    refresh_number: int
    def __init__(self, refresh_number: _Optional[int] = ...) -> None: ...

class MsgSetMeasurements(_message.Message):
    __slots__ = ("creator", "keyring", "measurements")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENTS_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring: str
    measurements: _containers.RepeatedCompositeFieldContainer[Measurement]
    def __init__(self, creator: _Optional[str] = ..., keyring: _Optional[str] = ..., measurements: _Optional[_Iterable[_Union[Measurement, _Mapping]]] = ...) -> None: ...

class MsgSetMeasurementsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgReportFault(_message.Message):
    __slots__ = ("creator", "keyring", "culprit", "protocol", "reason", "evidence_digest", "evidence")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    CULPRIT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring: str
    culprit: int
    protocol: str
    reason: str
    evidence_digest: bytes
    evidence: bytes
    def __init__(self, creator: _Optional[str] = ..., keyring: _Optional[str] = ..., culprit: _Optional[int] = ..., protocol: _Optional[str] = ..., reason: _Optional[str] = ..., evidence_digest: _Optional[bytes] = ..., evidence: _Optional[bytes] = ...) -> None: ...

class MsgReportFaultResponse(_message.Message):
    __slots__ = ("fault_id",)
    FAULT_ID_FIELD_NUMBER: _ClassVar[int]
    fault_id: int
    def __init__(self, fault_id: _Optional[int] = ...) -> None: ...

class MsgPardonMember(_message.Message):
    __slots__ = ("creator", "keyring", "index")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring: str
    index: int
    def __init__(self, creator: _Optional[str] = ..., keyring: _Optional[str] = ..., index: _Optional[int] = ...) -> None: ...

class MsgPardonMemberResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class MsgReportKeyEpoch(_message.Message):
    __slots__ = ("creator", "keyring", "key_id", "group", "refresh", "epoch", "key_digest", "public_key", "chain_code")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    REFRESH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    KEY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_CODE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring: str
    key_id: int
    group: int
    refresh: int
    epoch: int
    key_digest: bytes
    public_key: bytes
    chain_code: bytes
    def __init__(self, creator: _Optional[str] = ..., keyring: _Optional[str] = ..., key_id: _Optional[int] = ..., group: _Optional[int] = ..., refresh: _Optional[int] = ..., epoch: _Optional[int] = ..., key_digest: _Optional[bytes] = ..., public_key: _Optional[bytes] = ..., chain_code: _Optional[bytes] = ...) -> None: ...

class MsgReportKeyEpochResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QuerySettingsRequest(_message.Message):
    __slots__ = ("keyring",)
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    keyring: str
    def __init__(self, keyring: _Optional[str] = ...) -> None: ...

class QuerySettingsResponse(_message.Message):
    __slots__ = ("keyring", "groups", "refresh_number", "measurements", "pardons", "settings_version", "roots")
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    REFRESH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENTS_FIELD_NUMBER: _ClassVar[int]
    PARDONS_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_VERSION_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    keyring: str
    groups: _containers.RepeatedCompositeFieldContainer[Group]
    refresh_number: int
    measurements: _containers.RepeatedCompositeFieldContainer[Measurement]
    pardons: _containers.RepeatedCompositeFieldContainer[Pardon]
    settings_version: int
    roots: _containers.RepeatedCompositeFieldContainer[Root]
    def __init__(self, keyring: _Optional[str] = ..., groups: _Optional[_Iterable[_Union[Group, _Mapping]]] = ..., refresh_number: _Optional[int] = ..., measurements: _Optional[_Iterable[_Union[Measurement, _Mapping]]] = ..., pardons: _Optional[_Iterable[_Union[Pardon, _Mapping]]] = ..., settings_version: _Optional[int] = ..., roots: _Optional[_Iterable[_Union[Root, _Mapping]]] = ...) -> None: ...

class QueryFaultsRequest(_message.Message):
    __slots__ = ("keyring", "culprit", "pagination")
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    CULPRIT_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    keyring: str
    culprit: int
    pagination: _pagination_pb2.PageRequest
    def __init__(self, keyring: _Optional[str] = ..., culprit: _Optional[int] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryFaultsResponse(_message.Message):
    __slots__ = ("faults", "pagination")
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    faults: _containers.RepeatedCompositeFieldContainer[Fault]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, faults: _Optional[_Iterable[_Union[Fault, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryKeyEpochsRequest(_message.Message):
    __slots__ = ("keyring", "key_id", "pagination")
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    keyring: str
    key_id: int
    pagination: _pagination_pb2.PageRequest
    def __init__(self, keyring: _Optional[str] = ..., key_id: _Optional[int] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryKeyEpochsResponse(_message.Message):
    __slots__ = ("key_epochs", "pagination")
    KEY_EPOCHS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    key_epochs: _containers.RepeatedCompositeFieldContainer[KeyEpoch]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, key_epochs: _Optional[_Iterable[_Union[KeyEpoch, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryWorkRequest(_message.Message):
    __slots__ = ("keyring", "limit")
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    keyring: str
    limit: int
    def __init__(self, keyring: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class QueryWorkResponse(_message.Message):
    __slots__ = ("height", "keys", "signatures", "roots", "transactions", "group_number", "refresh_number", "settings_version", "party_threshold", "parties", "more", "signing_keys", "origins", "reports", "approvals")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    GROUP_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REFRESH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_VERSION_FIELD_NUMBER: _ClassVar[int]
    PARTY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    PARTIES_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEYS_FIELD_NUMBER: _ClassVar[int]
    ORIGINS_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    height: int
    keys: _containers.RepeatedCompositeFieldContainer[_treasury_pb2.KeyReqResponse]
    signatures: _containers.RepeatedCompositeFieldContainer[_treasury_pb2.SignReqResponse]
    roots: _containers.RepeatedCompositeFieldContainer[_treasury_pb2.SignReqResponse]
    transactions: _containers.RepeatedCompositeFieldContainer[_treasury_pb2.SignTxReqResponse]
    group_number: int
    refresh_number: int
    settings_version: int
    party_threshold: int
    parties: _containers.RepeatedScalarFieldContainer[str]
    more: bool
    signing_keys: _containers.RepeatedCompositeFieldContainer[_treasury_pb2.KeyResponse]
    origins: _containers.RepeatedCompositeFieldContainer[Origin]
    reports: _containers.RepeatedCompositeFieldContainer[KeyEpoch]
    approvals: _containers.RepeatedCompositeFieldContainer[_approvals_pb2.Approval]
    def __init__(self, height: _Optional[int] = ..., keys: _Optional[_Iterable[_Union[_treasury_pb2.KeyReqResponse, _Mapping]]] = ..., signatures: _Optional[_Iterable[_Union[_treasury_pb2.SignReqResponse, _Mapping]]] = ..., roots: _Optional[_Iterable[_Union[_treasury_pb2.SignReqResponse, _Mapping]]] = ..., transactions: _Optional[_Iterable[_Union[_treasury_pb2.SignTxReqResponse, _Mapping]]] = ..., group_number: _Optional[int] = ..., refresh_number: _Optional[int] = ..., settings_version: _Optional[int] = ..., party_threshold: _Optional[int] = ..., parties: _Optional[_Iterable[str]] = ..., more: _Optional[bool] = ..., signing_keys: _Optional[_Iterable[_Union[_treasury_pb2.KeyResponse, _Mapping]]] = ..., origins: _Optional[_Iterable[_Union[Origin, _Mapping]]] = ..., reports: _Optional[_Iterable[_Union[KeyEpoch, _Mapping]]] = ..., approvals: _Optional[_Iterable[_Union[_approvals_pb2.Approval, _Mapping]]] = ...) -> None: ...
