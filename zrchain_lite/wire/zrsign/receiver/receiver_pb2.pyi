from zrchain_lite.wire.amino import amino_pb2 as _amino_pb2
from zrchain_lite.wire.cosmos.base.query.v1beta1 import pagination_pb2 as _pagination_pb2
from zrchain_lite.wire.cosmos.msg.v1 import msg_pb2 as _msg_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODE_UNSPECIFIED: _ClassVar[Mode]
    MODE_DIRECT: _ClassVar[Mode]
    MODE_OMNI: _ClassVar[Mode]

class RequestKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REQUEST_KIND_UNSPECIFIED: _ClassVar[RequestKind]
    REQUEST_KIND_KEY: _ClassVar[RequestKind]
    REQUEST_KIND_HASH: _ClassVar[RequestKind]
    REQUEST_KIND_DATA: _ClassVar[RequestKind]
    REQUEST_KIND_TX: _ClassVar[RequestKind]
    REQUEST_KIND_SIMPLE_TX: _ClassVar[RequestKind]
    REQUEST_KIND_LINK: _ClassVar[RequestKind]

class RequestStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REQUEST_STATUS_UNSPECIFIED: _ClassVar[RequestStatus]
    REQUEST_STATUS_OBSERVED: _ClassVar[RequestStatus]
    REQUEST_STATUS_COMPOSING: _ClassVar[RequestStatus]
    REQUEST_STATUS_APPROVING: _ClassVar[RequestStatus]
    REQUEST_STATUS_SIGNING: _ClassVar[RequestStatus]
    REQUEST_STATUS_AUTHORISING: _ClassVar[RequestStatus]
    REQUEST_STATUS_DELIVERING: _ClassVar[RequestStatus]
    REQUEST_STATUS_ANSWERED: _ClassVar[RequestStatus]
    REQUEST_STATUS_CONFIRMED: _ClassVar[RequestStatus]
    REQUEST_STATUS_REJECTED: _ClassVar[RequestStatus]

class DeliveryKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELIVERY_KIND_UNSPECIFIED: _ClassVar[DeliveryKind]
    DELIVERY_KIND_TRANSACTION: _ClassVar[DeliveryKind]
    DELIVERY_KIND_ANSWER: _ClassVar[DeliveryKind]

class DeliveryStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELIVERY_STATUS_UNSPECIFIED: _ClassVar[DeliveryStatus]
    DELIVERY_STATUS_OPEN: _ClassVar[DeliveryStatus]
    DELIVERY_STATUS_SUBMITTED: _ClassVar[DeliveryStatus]
    DELIVERY_STATUS_CONFIRMED: _ClassVar[DeliveryStatus]
    DELIVERY_STATUS_FAILED: _ClassVar[DeliveryStatus]
MODE_UNSPECIFIED: Mode
MODE_DIRECT: Mode
MODE_OMNI: Mode
REQUEST_KIND_UNSPECIFIED: RequestKind
REQUEST_KIND_KEY: RequestKind
REQUEST_KIND_HASH: RequestKind
REQUEST_KIND_DATA: RequestKind
REQUEST_KIND_TX: RequestKind
REQUEST_KIND_SIMPLE_TX: RequestKind
REQUEST_KIND_LINK: RequestKind
REQUEST_STATUS_UNSPECIFIED: RequestStatus
REQUEST_STATUS_OBSERVED: RequestStatus
REQUEST_STATUS_COMPOSING: RequestStatus
REQUEST_STATUS_APPROVING: RequestStatus
REQUEST_STATUS_SIGNING: RequestStatus
REQUEST_STATUS_AUTHORISING: RequestStatus
REQUEST_STATUS_DELIVERING: RequestStatus
REQUEST_STATUS_ANSWERED: RequestStatus
REQUEST_STATUS_CONFIRMED: RequestStatus
REQUEST_STATUS_REJECTED: RequestStatus
DELIVERY_KIND_UNSPECIFIED: DeliveryKind
DELIVERY_KIND_TRANSACTION: DeliveryKind
DELIVERY_KIND_ANSWER: DeliveryKind
DELIVERY_STATUS_UNSPECIFIED: DeliveryStatus
DELIVERY_STATUS_OPEN: DeliveryStatus
DELIVERY_STATUS_SUBMITTED: DeliveryStatus
DELIVERY_STATUS_CONFIRMED: DeliveryStatus
DELIVERY_STATUS_FAILED: DeliveryStatus

class Source(_message.Message):
    __slots__ = ("chain", "contract", "mode", "authority_key_id", "active", "typed_answers")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    TYPED_ANSWERS_FIELD_NUMBER: _ClassVar[int]
    chain: str
    contract: str
    mode: Mode
    authority_key_id: int
    active: bool
    typed_answers: bool
    def __init__(self, chain: _Optional[str] = ..., contract: _Optional[str] = ..., mode: _Optional[_Union[Mode, str]] = ..., authority_key_id: _Optional[int] = ..., active: _Optional[bool] = ..., typed_answers: _Optional[bool] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("authority", "keyring_addr", "observers", "observer_threshold", "composers", "relayers", "fee_payer", "max_network_fee", "destinations", "max_keyring_fee")
    class MaxNetworkFeeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    OBSERVERS_FIELD_NUMBER: _ClassVar[int]
    OBSERVER_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    COMPOSERS_FIELD_NUMBER: _ClassVar[int]
    RELAYERS_FIELD_NUMBER: _ClassVar[int]
    FEE_PAYER_FIELD_NUMBER: _ClassVar[int]
    MAX_NETWORK_FEE_FIELD_NUMBER: _ClassVar[int]
    DESTINATIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_KEYRING_FEE_FIELD_NUMBER: _ClassVar[int]
    authority: str
    keyring_addr: str
    observers: _containers.RepeatedScalarFieldContainer[str]
    observer_threshold: int
    composers: _containers.RepeatedScalarFieldContainer[str]
    relayers: _containers.RepeatedScalarFieldContainer[str]
    fee_payer: str
    max_network_fee: _containers.ScalarMap[str, str]
    destinations: _containers.RepeatedScalarFieldContainer[str]
    max_keyring_fee: int
    def __init__(self, authority: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., observers: _Optional[_Iterable[str]] = ..., observer_threshold: _Optional[int] = ..., composers: _Optional[_Iterable[str]] = ..., relayers: _Optional[_Iterable[str]] = ..., fee_payer: _Optional[str] = ..., max_network_fee: _Optional[_Mapping[str, str]] = ..., destinations: _Optional[_Iterable[str]] = ..., max_keyring_fee: _Optional[int] = ...) -> None: ...

class SourceId(_message.Message):
    __slots__ = ("chain", "contract", "tx_hash", "log_index")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    TX_HASH_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    chain: str
    contract: str
    tx_hash: bytes
    log_index: int
    def __init__(self, chain: _Optional[str] = ..., contract: _Optional[str] = ..., tx_hash: _Optional[bytes] = ..., log_index: _Optional[int] = ...) -> None: ...

class KeyAsk(_message.Message):
    __slots__ = ("wallet_type_id", "wallet_index", "options")
    WALLET_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_INDEX_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    wallet_type_id: bytes
    wallet_index: int
    options: int
    def __init__(self, wallet_type_id: _Optional[bytes] = ..., wallet_index: _Optional[int] = ..., options: _Optional[int] = ...) -> None: ...

class SignAsk(_message.Message):
    __slots__ = ("trace_id", "wallet_type_id", "wallet_index", "dst_chain_id", "payload", "kind", "broadcast", "oversize_bytes")
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_INDEX_FIELD_NUMBER: _ClassVar[int]
    DST_CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    BROADCAST_FIELD_NUMBER: _ClassVar[int]
    OVERSIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    trace_id: bytes
    wallet_type_id: bytes
    wallet_index: int
    dst_chain_id: bytes
    payload: bytes
    kind: RequestKind
    broadcast: bool
    oversize_bytes: int
    def __init__(self, trace_id: _Optional[bytes] = ..., wallet_type_id: _Optional[bytes] = ..., wallet_index: _Optional[int] = ..., dst_chain_id: _Optional[bytes] = ..., payload: _Optional[bytes] = ..., kind: _Optional[_Union[RequestKind, str]] = ..., broadcast: _Optional[bool] = ..., oversize_bytes: _Optional[int] = ...) -> None: ...

class LinkAsk(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: str
    def __init__(self, account: _Optional[str] = ...) -> None: ...

class SourceEvent(_message.Message):
    __slots__ = ("id", "block_number", "block_hash", "owner", "owner_is_contract", "key", "sign", "link")
    ID_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    OWNER_IS_CONTRACT_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    SIGN_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    id: SourceId
    block_number: int
    block_hash: bytes
    owner: str
    owner_is_contract: bool
    key: KeyAsk
    sign: SignAsk
    link: LinkAsk
    def __init__(self, id: _Optional[_Union[SourceId, _Mapping]] = ..., block_number: _Optional[int] = ..., block_hash: _Optional[bytes] = ..., owner: _Optional[str] = ..., owner_is_contract: _Optional[bool] = ..., key: _Optional[_Union[KeyAsk, _Mapping]] = ..., sign: _Optional[_Union[SignAsk, _Mapping]] = ..., link: _Optional[_Union[LinkAsk, _Mapping]] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("name", "height", "time_ms", "detail", "number")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    name: str
    height: int
    time_ms: int
    detail: str
    number: int
    def __init__(self, name: _Optional[str] = ..., height: _Optional[int] = ..., time_ms: _Optional[int] = ..., detail: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("kind", "chain", "status", "tx_id", "detail", "relayer")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TX_ID_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    RELAYER_FIELD_NUMBER: _ClassVar[int]
    kind: DeliveryKind
    chain: str
    status: DeliveryStatus
    tx_id: str
    detail: str
    relayer: str
    def __init__(self, kind: _Optional[_Union[DeliveryKind, str]] = ..., chain: _Optional[str] = ..., status: _Optional[_Union[DeliveryStatus, str]] = ..., tx_id: _Optional[str] = ..., detail: _Optional[str] = ..., relayer: _Optional[str] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("wallet_type_id", "wallet_index", "wallet", "options", "trace_id", "meta_data", "signature", "broadcast", "owner", "authority_signature", "context")
    WALLET_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_INDEX_FIELD_NUMBER: _ClassVar[int]
    WALLET_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    META_DATA_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    BROADCAST_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    wallet_type_id: bytes
    wallet_index: int
    wallet: str
    options: int
    trace_id: bytes
    meta_data: bytes
    signature: bytes
    broadcast: bool
    owner: str
    authority_signature: bytes
    context: bytes
    def __init__(self, wallet_type_id: _Optional[bytes] = ..., wallet_index: _Optional[int] = ..., wallet: _Optional[str] = ..., options: _Optional[int] = ..., trace_id: _Optional[bytes] = ..., meta_data: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., broadcast: _Optional[bool] = ..., owner: _Optional[str] = ..., authority_signature: _Optional[bytes] = ..., context: _Optional[bytes] = ...) -> None: ...

class Request(_message.Message):
    __slots__ = ("id", "event", "mode", "kind", "status", "reject_reason", "owner_id", "workspace_addr", "coin_type", "destination", "action_id", "key_request_id", "key_id", "sign_request_id", "sign_transaction_request_id", "authority_sign_request_id", "wallet", "signatures", "unsigned_transaction", "deliveries", "steps", "content_hash", "answer", "authority_attempts", "step_count", "replacements")
    ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    COIN_TYPE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_TRANSACTION_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_SIGN_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    STEP_COUNT_FIELD_NUMBER: _ClassVar[int]
    REPLACEMENTS_FIELD_NUMBER: _ClassVar[int]
    id: int
    event: SourceEvent
    mode: Mode
    kind: RequestKind
    status: RequestStatus
    reject_reason: str
    owner_id: str
    workspace_addr: str
    coin_type: int
    destination: str
    action_id: int
    key_request_id: int
    key_id: int
    sign_request_id: int
    sign_transaction_request_id: int
    authority_sign_request_id: int
    wallet: str
    signatures: _containers.RepeatedScalarFieldContainer[bytes]
    unsigned_transaction: bytes
    deliveries: _containers.RepeatedCompositeFieldContainer[Delivery]
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    content_hash: bytes
    answer: Answer
    authority_attempts: int
    step_count: int
    replacements: _containers.RepeatedCompositeFieldContainer[Replacement]
    def __init__(self, id: _Optional[int] = ..., event: _Optional[_Union[SourceEvent, _Mapping]] = ..., mode: _Optional[_Union[Mode, str]] = ..., kind: _Optional[_Union[RequestKind, str]] = ..., status: _Optional[_Union[RequestStatus, str]] = ..., reject_reason: _Optional[str] = ..., owner_id: _Optional[str] = ..., workspace_addr: _Optional[str] = ..., coin_type: _Optional[int] = ..., destination: _Optional[str] = ..., action_id: _Optional[int] = ..., key_request_id: _Optional[int] = ..., key_id: _Optional[int] = ..., sign_request_id: _Optional[int] = ..., sign_transaction_request_id: _Optional[int] = ..., authority_sign_request_id: _Optional[int] = ..., wallet: _Optional[str] = ..., signatures: _Optional[_Iterable[bytes]] = ..., unsigned_transaction: _Optional[bytes] = ..., deliveries: _Optional[_Iterable[_Union[Delivery, _Mapping]]] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., content_hash: _Optional[bytes] = ..., answer: _Optional[_Union[Answer, _Mapping]] = ..., authority_attempts: _Optional[int] = ..., step_count: _Optional[int] = ..., replacements: _Optional[_Iterable[_Union[Replacement, _Mapping]]] = ...) -> None: ...

class Replacement(_message.Message):
    __slots__ = ("sign_transaction_request_id", "signed", "unsigned_transaction")
    SIGN_TRANSACTION_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNED_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    sign_transaction_request_id: int
    signed: bool
    unsigned_transaction: bytes
    def __init__(self, sign_transaction_request_id: _Optional[int] = ..., signed: _Optional[bool] = ..., unsigned_transaction: _Optional[bytes] = ...) -> None: ...

class MsgReportEvents(_message.Message):
    __slots__ = ("observer", "events")
    OBSERVER_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    observer: str
    events: _containers.RepeatedCompositeFieldContainer[SourceEvent]
    def __init__(self, observer: _Optional[str] = ..., events: _Optional[_Iterable[_Union[SourceEvent, _Mapping]]] = ...) -> None: ...

class MsgReportEventsResponse(_message.Message):
    __slots__ = ("request_ids",)
    REQUEST_IDS_FIELD_NUMBER: _ClassVar[int]
    request_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, request_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class MsgProposeTransaction(_message.Message):
    __slots__ = ("composer", "request_id", "unsigned_transaction", "supersedes_action_id", "replaces_sign_transaction_request_id")
    COMPOSER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDES_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REPLACES_SIGN_TRANSACTION_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    composer: str
    request_id: int
    unsigned_transaction: bytes
    supersedes_action_id: int
    replaces_sign_transaction_request_id: int
    def __init__(self, composer: _Optional[str] = ..., request_id: _Optional[int] = ..., unsigned_transaction: _Optional[bytes] = ..., supersedes_action_id: _Optional[int] = ..., replaces_sign_transaction_request_id: _Optional[int] = ...) -> None: ...

class MsgProposeTransactionResponse(_message.Message):
    __slots__ = ("sign_transaction_request_id", "action_id")
    SIGN_TRANSACTION_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    sign_transaction_request_id: int
    action_id: int
    def __init__(self, sign_transaction_request_id: _Optional[int] = ..., action_id: _Optional[int] = ...) -> None: ...

class MsgRejectComposition(_message.Message):
    __slots__ = ("composer", "request_id", "reason")
    COMPOSER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    composer: str
    request_id: int
    reason: str
    def __init__(self, composer: _Optional[str] = ..., request_id: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class MsgRejectCompositionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgReportDelivery(_message.Message):
    __slots__ = ("relayer", "request_id", "sign_transaction_request_id", "kind", "status", "tx_id", "detail", "transactions")
    RELAYER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_TRANSACTION_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TX_ID_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    relayer: str
    request_id: int
    sign_transaction_request_id: int
    kind: DeliveryKind
    status: DeliveryStatus
    tx_id: str
    detail: str
    transactions: int
    def __init__(self, relayer: _Optional[str] = ..., request_id: _Optional[int] = ..., sign_transaction_request_id: _Optional[int] = ..., kind: _Optional[_Union[DeliveryKind, str]] = ..., status: _Optional[_Union[DeliveryStatus, str]] = ..., tx_id: _Optional[str] = ..., detail: _Optional[str] = ..., transactions: _Optional[int] = ...) -> None: ...

class MsgReportDeliveryResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgRegisterSource(_message.Message):
    __slots__ = ("authority", "source")
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    authority: str
    source: Source
    def __init__(self, authority: _Optional[str] = ..., source: _Optional[_Union[Source, _Mapping]] = ...) -> None: ...

class MsgRegisterSourceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

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

class ExecuteRequest(_message.Message):
    __slots__ = ("request_id", "subject_hash")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_HASH_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    subject_hash: bytes
    def __init__(self, request_id: _Optional[int] = ..., subject_hash: _Optional[bytes] = ...) -> None: ...

class ExecuteRequestResponse(_message.Message):
    __slots__ = ("sign_request_id",)
    SIGN_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    sign_request_id: int
    def __init__(self, sign_request_id: _Optional[int] = ...) -> None: ...

class Outgoing(_message.Message):
    __slots__ = ("sign_transaction_request_id", "request_id", "chain", "unsigned_transaction", "signatures", "public_keys", "delivery", "ask", "replacements")
    SIGN_TRANSACTION_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    REPLACEMENTS_FIELD_NUMBER: _ClassVar[int]
    sign_transaction_request_id: int
    request_id: int
    chain: str
    unsigned_transaction: bytes
    signatures: _containers.RepeatedScalarFieldContainer[bytes]
    public_keys: _containers.RepeatedScalarFieldContainer[bytes]
    delivery: Delivery
    ask: SignAsk
    replacements: _containers.RepeatedCompositeFieldContainer[SignedReplacement]
    def __init__(self, sign_transaction_request_id: _Optional[int] = ..., request_id: _Optional[int] = ..., chain: _Optional[str] = ..., unsigned_transaction: _Optional[bytes] = ..., signatures: _Optional[_Iterable[bytes]] = ..., public_keys: _Optional[_Iterable[bytes]] = ..., delivery: _Optional[_Union[Delivery, _Mapping]] = ..., ask: _Optional[_Union[SignAsk, _Mapping]] = ..., replacements: _Optional[_Iterable[_Union[SignedReplacement, _Mapping]]] = ...) -> None: ...

class SignedReplacement(_message.Message):
    __slots__ = ("sign_transaction_request_id", "unsigned_transaction", "signatures", "public_keys")
    SIGN_TRANSACTION_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    sign_transaction_request_id: int
    unsigned_transaction: bytes
    signatures: _containers.RepeatedScalarFieldContainer[bytes]
    public_keys: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, sign_transaction_request_id: _Optional[int] = ..., unsigned_transaction: _Optional[bytes] = ..., signatures: _Optional[_Iterable[bytes]] = ..., public_keys: _Optional[_Iterable[bytes]] = ...) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class QuerySourcesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QuerySourcesResponse(_message.Message):
    __slots__ = ("sources",)
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[Source]
    def __init__(self, sources: _Optional[_Iterable[_Union[Source, _Mapping]]] = ...) -> None: ...

class QueryRequestRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class QueryRequestResponse(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: Request
    def __init__(self, request: _Optional[_Union[Request, _Mapping]] = ...) -> None: ...

class QueryRequestBySourceRequest(_message.Message):
    __slots__ = ("source",)
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    source: SourceId
    def __init__(self, source: _Optional[_Union[SourceId, _Mapping]] = ...) -> None: ...

class QueryRequestByTraceRequest(_message.Message):
    __slots__ = ("chain", "contract", "trace_id")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    chain: str
    contract: str
    trace_id: bytes
    def __init__(self, chain: _Optional[str] = ..., contract: _Optional[str] = ..., trace_id: _Optional[bytes] = ...) -> None: ...

class QueryRequestBySignRequestRequest(_message.Message):
    __slots__ = ("sign_request_id",)
    SIGN_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    sign_request_id: int
    def __init__(self, sign_request_id: _Optional[int] = ...) -> None: ...

class QueryRequestByKeyRequestRequest(_message.Message):
    __slots__ = ("key_request_id",)
    KEY_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    key_request_id: int
    def __init__(self, key_request_id: _Optional[int] = ...) -> None: ...

class QueryRequestsRequest(_message.Message):
    __slots__ = ("owner", "status", "tx_hash", "pagination")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TX_HASH_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    owner: str
    status: RequestStatus
    tx_hash: bytes
    pagination: _pagination_pb2.PageRequest
    def __init__(self, owner: _Optional[str] = ..., status: _Optional[_Union[RequestStatus, str]] = ..., tx_hash: _Optional[bytes] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryRequestsResponse(_message.Message):
    __slots__ = ("requests", "pagination")
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[Request]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, requests: _Optional[_Iterable[_Union[Request, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class Wallet(_message.Message):
    __slots__ = ("owner_id", "coin_type", "index", "key_id", "address", "public_key", "workspace_addr")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    COIN_TYPE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    coin_type: int
    index: int
    key_id: int
    address: str
    public_key: bytes
    workspace_addr: str
    def __init__(self, owner_id: _Optional[str] = ..., coin_type: _Optional[int] = ..., index: _Optional[int] = ..., key_id: _Optional[int] = ..., address: _Optional[str] = ..., public_key: _Optional[bytes] = ..., workspace_addr: _Optional[str] = ...) -> None: ...

class QueryWalletsRequest(_message.Message):
    __slots__ = ("owner",)
    OWNER_FIELD_NUMBER: _ClassVar[int]
    owner: str
    def __init__(self, owner: _Optional[str] = ...) -> None: ...

class QueryWalletsResponse(_message.Message):
    __slots__ = ("wallets",)
    WALLETS_FIELD_NUMBER: _ClassVar[int]
    wallets: _containers.RepeatedCompositeFieldContainer[Wallet]
    def __init__(self, wallets: _Optional[_Iterable[_Union[Wallet, _Mapping]]] = ...) -> None: ...

class QueryOutgoingRequest(_message.Message):
    __slots__ = ("pagination", "sign_transaction_request_id")
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    SIGN_TRANSACTION_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    sign_transaction_request_id: int
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ..., sign_transaction_request_id: _Optional[int] = ...) -> None: ...

class QueryOutgoingResponse(_message.Message):
    __slots__ = ("outgoing", "pagination")
    OUTGOING_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    outgoing: _containers.RepeatedCompositeFieldContainer[Outgoing]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, outgoing: _Optional[_Iterable[_Union[Outgoing, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryComposableRequest(_message.Message):
    __slots__ = ("namespace", "pagination")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pagination: _pagination_pb2.PageRequest
    def __init__(self, namespace: _Optional[str] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class Composable(_message.Message):
    __slots__ = ("request", "public_key", "to", "value", "data", "max_network_fee")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    MAX_NETWORK_FEE_FIELD_NUMBER: _ClassVar[int]
    request: Request
    public_key: bytes
    to: str
    value: str
    data: bytes
    max_network_fee: str
    def __init__(self, request: _Optional[_Union[Request, _Mapping]] = ..., public_key: _Optional[bytes] = ..., to: _Optional[str] = ..., value: _Optional[str] = ..., data: _Optional[bytes] = ..., max_network_fee: _Optional[str] = ..., **kwargs) -> None: ...

class QueryComposableResponse(_message.Message):
    __slots__ = ("composable", "pagination")
    COMPOSABLE_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    composable: _containers.RepeatedCompositeFieldContainer[Composable]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, composable: _Optional[_Iterable[_Union[Composable, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...
