from zrchain_lite.wire.amino import amino_pb2 as _amino_pb2
from zrchain_lite.wire.cosmos.base.query.v1beta1 import pagination_pb2 as _pagination_pb2
from zrchain_lite.wire.cosmos.msg.v1 import msg_pb2 as _msg_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import any_pb2 as _any_pb2
from zrchain_lite.wire.zrchain.dct import dct_pb2 as _dct_pb2
from zrchain_lite.wire.zrsign.treasury import refusals_pb2 as _refusals_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KeyType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_TYPE_UNSPECIFIED: _ClassVar[KeyType]
    KEY_TYPE_ECDSA_SECP256K1: _ClassVar[KeyType]
    KEY_TYPE_EDDSA_ED25519: _ClassVar[KeyType]
    KEY_TYPE_BITCOIN_SECP256K1: _ClassVar[KeyType]
    KEY_TYPE_TAPROOT_SECP256K1: _ClassVar[KeyType]

class KeyRequestStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_REQUEST_STATUS_UNSPECIFIED: _ClassVar[KeyRequestStatus]
    KEY_REQUEST_STATUS_PENDING: _ClassVar[KeyRequestStatus]
    KEY_REQUEST_STATUS_PARTIAL: _ClassVar[KeyRequestStatus]
    KEY_REQUEST_STATUS_FULFILLED: _ClassVar[KeyRequestStatus]
    KEY_REQUEST_STATUS_REJECTED: _ClassVar[KeyRequestStatus]

class SignRequestStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGN_REQUEST_STATUS_UNSPECIFIED: _ClassVar[SignRequestStatus]
    SIGN_REQUEST_STATUS_PENDING: _ClassVar[SignRequestStatus]
    SIGN_REQUEST_STATUS_PARTIAL: _ClassVar[SignRequestStatus]
    SIGN_REQUEST_STATUS_FULFILLED: _ClassVar[SignRequestStatus]
    SIGN_REQUEST_STATUS_REJECTED: _ClassVar[SignRequestStatus]

class WalletType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WALLET_TYPE_UNSPECIFIED: _ClassVar[WalletType]
    WALLET_TYPE_NATIVE: _ClassVar[WalletType]
    WALLET_TYPE_EVM: _ClassVar[WalletType]
    WALLET_TYPE_BTC_TESTNET: _ClassVar[WalletType]
    WALLET_TYPE_BTC_MAINNET: _ClassVar[WalletType]
    WALLET_TYPE_BTC_REGNET: _ClassVar[WalletType]
    WALLET_TYPE_SOLANA: _ClassVar[WalletType]
    WALLET_TYPE_ZCASH_MAINNET: _ClassVar[WalletType]
    WALLET_TYPE_ZCASH_TESTNET: _ClassVar[WalletType]
    WALLET_TYPE_BTC_TAPROOT_TESTNET: _ClassVar[WalletType]
    WALLET_TYPE_BTC_TAPROOT_MAINNET: _ClassVar[WalletType]
    WALLET_TYPE_BTC_TAPROOT_REGNET: _ClassVar[WalletType]
    WALLET_TYPE_BTC_SIGNET: _ClassVar[WalletType]
    WALLET_TYPE_BTC_TESTNET4: _ClassVar[WalletType]
    WALLET_TYPE_BTC_TAPROOT_SIGNET: _ClassVar[WalletType]
    WALLET_TYPE_BTC_TAPROOT_TESTNET4: _ClassVar[WalletType]

class SolanaNetworkType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNDEFINED: _ClassVar[SolanaNetworkType]
    MAINNET: _ClassVar[SolanaNetworkType]
    DEVNET: _ClassVar[SolanaNetworkType]
    TESTNET: _ClassVar[SolanaNetworkType]
    REGNET: _ClassVar[SolanaNetworkType]

class VerificationVersion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN: _ClassVar[VerificationVersion]
    BITCOIN_PLUS: _ClassVar[VerificationVersion]
KEY_TYPE_UNSPECIFIED: KeyType
KEY_TYPE_ECDSA_SECP256K1: KeyType
KEY_TYPE_EDDSA_ED25519: KeyType
KEY_TYPE_BITCOIN_SECP256K1: KeyType
KEY_TYPE_TAPROOT_SECP256K1: KeyType
KEY_REQUEST_STATUS_UNSPECIFIED: KeyRequestStatus
KEY_REQUEST_STATUS_PENDING: KeyRequestStatus
KEY_REQUEST_STATUS_PARTIAL: KeyRequestStatus
KEY_REQUEST_STATUS_FULFILLED: KeyRequestStatus
KEY_REQUEST_STATUS_REJECTED: KeyRequestStatus
SIGN_REQUEST_STATUS_UNSPECIFIED: SignRequestStatus
SIGN_REQUEST_STATUS_PENDING: SignRequestStatus
SIGN_REQUEST_STATUS_PARTIAL: SignRequestStatus
SIGN_REQUEST_STATUS_FULFILLED: SignRequestStatus
SIGN_REQUEST_STATUS_REJECTED: SignRequestStatus
WALLET_TYPE_UNSPECIFIED: WalletType
WALLET_TYPE_NATIVE: WalletType
WALLET_TYPE_EVM: WalletType
WALLET_TYPE_BTC_TESTNET: WalletType
WALLET_TYPE_BTC_MAINNET: WalletType
WALLET_TYPE_BTC_REGNET: WalletType
WALLET_TYPE_SOLANA: WalletType
WALLET_TYPE_ZCASH_MAINNET: WalletType
WALLET_TYPE_ZCASH_TESTNET: WalletType
WALLET_TYPE_BTC_TAPROOT_TESTNET: WalletType
WALLET_TYPE_BTC_TAPROOT_MAINNET: WalletType
WALLET_TYPE_BTC_TAPROOT_REGNET: WalletType
WALLET_TYPE_BTC_SIGNET: WalletType
WALLET_TYPE_BTC_TESTNET4: WalletType
WALLET_TYPE_BTC_TAPROOT_SIGNET: WalletType
WALLET_TYPE_BTC_TAPROOT_TESTNET4: WalletType
UNDEFINED: SolanaNetworkType
MAINNET: SolanaNetworkType
DEVNET: SolanaNetworkType
TESTNET: SolanaNetworkType
REGNET: SolanaNetworkType
UNKNOWN: VerificationVersion
BITCOIN_PLUS: VerificationVersion

class MetadataEthereum(_message.Message):
    __slots__ = ("chain_id",)
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    chain_id: int
    def __init__(self, chain_id: _Optional[int] = ...) -> None: ...

class MetadataSolana(_message.Message):
    __slots__ = ("network", "mintAddress")
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    MINTADDRESS_FIELD_NUMBER: _ClassVar[int]
    network: SolanaNetworkType
    mintAddress: str
    def __init__(self, network: _Optional[_Union[SolanaNetworkType, str]] = ..., mintAddress: _Optional[str] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("mpc_keyring", "zr_sign_address", "keyring_commission", "keyring_commission_destination", "min_gas_fee", "default_btl")
    MPC_KEYRING_FIELD_NUMBER: _ClassVar[int]
    ZR_SIGN_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    KEYRING_COMMISSION_FIELD_NUMBER: _ClassVar[int]
    KEYRING_COMMISSION_DESTINATION_FIELD_NUMBER: _ClassVar[int]
    MIN_GAS_FEE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_BTL_FIELD_NUMBER: _ClassVar[int]
    mpc_keyring: str
    zr_sign_address: str
    keyring_commission: int
    keyring_commission_destination: str
    min_gas_fee: str
    default_btl: int
    def __init__(self, mpc_keyring: _Optional[str] = ..., zr_sign_address: _Optional[str] = ..., keyring_commission: _Optional[int] = ..., keyring_commission_destination: _Optional[str] = ..., min_gas_fee: _Optional[str] = ..., default_btl: _Optional[int] = ...) -> None: ...

class PartySignature(_message.Message):
    __slots__ = ("creator", "signature", "value")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    signature: bytes
    value: bytes
    def __init__(self, creator: _Optional[str] = ..., signature: _Optional[bytes] = ..., value: _Optional[bytes] = ...) -> None: ...

class ZenBTCMetadata(_message.Message):
    __slots__ = ("recipient_addr", "chain_type", "chain_id", "return_address", "caip2_chain_id", "asset")
    RECIPIENT_ADDR_FIELD_NUMBER: _ClassVar[int]
    CHAIN_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    RETURN_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CAIP2_CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    recipient_addr: str
    chain_type: WalletType
    chain_id: int
    return_address: str
    caip2_chain_id: str
    asset: _dct_pb2.Asset
    def __init__(self, recipient_addr: _Optional[str] = ..., chain_type: _Optional[_Union[WalletType, str]] = ..., chain_id: _Optional[int] = ..., return_address: _Optional[str] = ..., caip2_chain_id: _Optional[str] = ..., asset: _Optional[_Union[_dct_pb2.Asset, str]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("id", "workspace_addr", "keyring_addr", "type", "public_key", "index", "sign_policy_id", "zenbtc_metadata")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    ZENBTC_METADATA_FIELD_NUMBER: _ClassVar[int]
    id: int
    workspace_addr: str
    keyring_addr: str
    type: KeyType
    public_key: bytes
    index: int
    sign_policy_id: int
    zenbtc_metadata: ZenBTCMetadata
    def __init__(self, id: _Optional[int] = ..., workspace_addr: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., type: _Optional[_Union[KeyType, str]] = ..., public_key: _Optional[bytes] = ..., index: _Optional[int] = ..., sign_policy_id: _Optional[int] = ..., zenbtc_metadata: _Optional[_Union[ZenBTCMetadata, _Mapping]] = ...) -> None: ...

class KeyRequest(_message.Message):
    __slots__ = ("id", "creator", "workspace_addr", "keyring_addr", "key_type", "status", "keyring_party_signatures", "reject_reason", "index", "sign_policy_id", "zenbtc_metadata", "mpc_btl", "fee", "public_key", "keyring_party_sigs", "refusals", "fee_payer")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    KEYRING_PARTY_SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    ZENBTC_METADATA_FIELD_NUMBER: _ClassVar[int]
    MPC_BTL_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    KEYRING_PARTY_SIGS_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    FEE_PAYER_FIELD_NUMBER: _ClassVar[int]
    id: int
    creator: str
    workspace_addr: str
    keyring_addr: str
    key_type: KeyType
    status: KeyRequestStatus
    keyring_party_signatures: _containers.RepeatedScalarFieldContainer[bytes]
    reject_reason: str
    index: int
    sign_policy_id: int
    zenbtc_metadata: ZenBTCMetadata
    mpc_btl: int
    fee: int
    public_key: bytes
    keyring_party_sigs: _containers.RepeatedCompositeFieldContainer[PartySignature]
    refusals: _containers.RepeatedCompositeFieldContainer[_refusals_pb2.PartyRefusal]
    fee_payer: str
    def __init__(self, id: _Optional[int] = ..., creator: _Optional[str] = ..., workspace_addr: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., key_type: _Optional[_Union[KeyType, str]] = ..., status: _Optional[_Union[KeyRequestStatus, str]] = ..., keyring_party_signatures: _Optional[_Iterable[bytes]] = ..., reject_reason: _Optional[str] = ..., index: _Optional[int] = ..., sign_policy_id: _Optional[int] = ..., zenbtc_metadata: _Optional[_Union[ZenBTCMetadata, _Mapping]] = ..., mpc_btl: _Optional[int] = ..., fee: _Optional[int] = ..., public_key: _Optional[bytes] = ..., keyring_party_sigs: _Optional[_Iterable[_Union[PartySignature, _Mapping]]] = ..., refusals: _Optional[_Iterable[_Union[_refusals_pb2.PartyRefusal, _Mapping]]] = ..., fee_payer: _Optional[str] = ...) -> None: ...

class SignedDataWithID(_message.Message):
    __slots__ = ("sign_request_id", "signed_data")
    SIGN_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNED_DATA_FIELD_NUMBER: _ClassVar[int]
    sign_request_id: int
    signed_data: bytes
    def __init__(self, sign_request_id: _Optional[int] = ..., signed_data: _Optional[bytes] = ...) -> None: ...

class SignRequest(_message.Message):
    __slots__ = ("id", "creator", "key_id", "key_type", "data_for_signing", "status", "signed_data", "keyring_party_signatures", "reject_reason", "metadata", "parent_req_id", "child_req_ids", "cache_id", "key_ids", "mpc_btl", "fee", "zenbtc_tx_bytes", "keyring_party_sigs", "refusals", "fee_payer", "keyring_addr")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FOR_SIGNING_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SIGNED_DATA_FIELD_NUMBER: _ClassVar[int]
    KEYRING_PARTY_SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    PARENT_REQ_ID_FIELD_NUMBER: _ClassVar[int]
    CHILD_REQ_IDS_FIELD_NUMBER: _ClassVar[int]
    CACHE_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_IDS_FIELD_NUMBER: _ClassVar[int]
    MPC_BTL_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    ZENBTC_TX_BYTES_FIELD_NUMBER: _ClassVar[int]
    KEYRING_PARTY_SIGS_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    FEE_PAYER_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    id: int
    creator: str
    key_id: int
    key_type: KeyType
    data_for_signing: _containers.RepeatedScalarFieldContainer[bytes]
    status: SignRequestStatus
    signed_data: _containers.RepeatedCompositeFieldContainer[SignedDataWithID]
    keyring_party_signatures: _containers.RepeatedScalarFieldContainer[bytes]
    reject_reason: str
    metadata: _any_pb2.Any
    parent_req_id: int
    child_req_ids: _containers.RepeatedScalarFieldContainer[int]
    cache_id: bytes
    key_ids: _containers.RepeatedScalarFieldContainer[int]
    mpc_btl: int
    fee: int
    zenbtc_tx_bytes: bytes
    keyring_party_sigs: _containers.RepeatedCompositeFieldContainer[PartySignature]
    refusals: _containers.RepeatedCompositeFieldContainer[_refusals_pb2.PartyRefusal]
    fee_payer: str
    keyring_addr: str
    def __init__(self, id: _Optional[int] = ..., creator: _Optional[str] = ..., key_id: _Optional[int] = ..., key_type: _Optional[_Union[KeyType, str]] = ..., data_for_signing: _Optional[_Iterable[bytes]] = ..., status: _Optional[_Union[SignRequestStatus, str]] = ..., signed_data: _Optional[_Iterable[_Union[SignedDataWithID, _Mapping]]] = ..., keyring_party_signatures: _Optional[_Iterable[bytes]] = ..., reject_reason: _Optional[str] = ..., metadata: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., parent_req_id: _Optional[int] = ..., child_req_ids: _Optional[_Iterable[int]] = ..., cache_id: _Optional[bytes] = ..., key_ids: _Optional[_Iterable[int]] = ..., mpc_btl: _Optional[int] = ..., fee: _Optional[int] = ..., zenbtc_tx_bytes: _Optional[bytes] = ..., keyring_party_sigs: _Optional[_Iterable[_Union[PartySignature, _Mapping]]] = ..., refusals: _Optional[_Iterable[_Union[_refusals_pb2.PartyRefusal, _Mapping]]] = ..., fee_payer: _Optional[str] = ..., keyring_addr: _Optional[str] = ...) -> None: ...

class SignTransactionRequest(_message.Message):
    __slots__ = ("id", "creator", "key_id", "wallet_type", "unsigned_transaction", "sign_request_id", "no_broadcast", "key_ids")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    SIGN_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NO_BROADCAST_FIELD_NUMBER: _ClassVar[int]
    KEY_IDS_FIELD_NUMBER: _ClassVar[int]
    id: int
    creator: str
    key_id: int
    wallet_type: WalletType
    unsigned_transaction: bytes
    sign_request_id: int
    no_broadcast: bool
    key_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, id: _Optional[int] = ..., creator: _Optional[str] = ..., key_id: _Optional[int] = ..., wallet_type: _Optional[_Union[WalletType, str]] = ..., unsigned_transaction: _Optional[bytes] = ..., sign_request_id: _Optional[int] = ..., no_broadcast: _Optional[bool] = ..., key_ids: _Optional[_Iterable[int]] = ...) -> None: ...

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

class MsgNewKeyRequest(_message.Message):
    __slots__ = ("creator", "workspace_addr", "keyring_addr", "key_type", "btl", "index", "ext_requester", "ext_key_type", "sign_policy_id", "zenbtc_metadata", "mpc_btl", "max_keyring_fee")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    EXT_REQUESTER_FIELD_NUMBER: _ClassVar[int]
    EXT_KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    ZENBTC_METADATA_FIELD_NUMBER: _ClassVar[int]
    MPC_BTL_FIELD_NUMBER: _ClassVar[int]
    MAX_KEYRING_FEE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    workspace_addr: str
    keyring_addr: str
    key_type: str
    btl: int
    index: int
    ext_requester: str
    ext_key_type: int
    sign_policy_id: int
    zenbtc_metadata: ZenBTCMetadata
    mpc_btl: int
    max_keyring_fee: int
    def __init__(self, creator: _Optional[str] = ..., workspace_addr: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., key_type: _Optional[str] = ..., btl: _Optional[int] = ..., index: _Optional[int] = ..., ext_requester: _Optional[str] = ..., ext_key_type: _Optional[int] = ..., sign_policy_id: _Optional[int] = ..., zenbtc_metadata: _Optional[_Union[ZenBTCMetadata, _Mapping]] = ..., mpc_btl: _Optional[int] = ..., max_keyring_fee: _Optional[int] = ...) -> None: ...

class MsgNewKeyRequestResponse(_message.Message):
    __slots__ = ("key_req_id",)
    KEY_REQ_ID_FIELD_NUMBER: _ClassVar[int]
    key_req_id: int
    def __init__(self, key_req_id: _Optional[int] = ...) -> None: ...

class MsgFulfilKeyRequest(_message.Message):
    __slots__ = ("creator", "request_id", "status", "key", "reject_reason", "keyring_party_signature")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    KEYRING_PARTY_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    request_id: int
    status: KeyRequestStatus
    key: MsgNewKey
    reject_reason: str
    keyring_party_signature: bytes
    def __init__(self, creator: _Optional[str] = ..., request_id: _Optional[int] = ..., status: _Optional[_Union[KeyRequestStatus, str]] = ..., key: _Optional[_Union[MsgNewKey, _Mapping]] = ..., reject_reason: _Optional[str] = ..., keyring_party_signature: _Optional[bytes] = ...) -> None: ...

class MsgNewKey(_message.Message):
    __slots__ = ("public_key",)
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    public_key: bytes
    def __init__(self, public_key: _Optional[bytes] = ...) -> None: ...

class MsgFulfilKeyRequestResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgNewSignatureRequest(_message.Message):
    __slots__ = ("creator", "key_ids", "data_for_signing", "btl", "cache_id", "verify_signing_data", "verify_signing_data_version", "mpc_btl", "zenbtc_tx_bytes", "max_keyring_fee")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEY_IDS_FIELD_NUMBER: _ClassVar[int]
    DATA_FOR_SIGNING_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    CACHE_ID_FIELD_NUMBER: _ClassVar[int]
    VERIFY_SIGNING_DATA_FIELD_NUMBER: _ClassVar[int]
    VERIFY_SIGNING_DATA_VERSION_FIELD_NUMBER: _ClassVar[int]
    MPC_BTL_FIELD_NUMBER: _ClassVar[int]
    ZENBTC_TX_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_KEYRING_FEE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    key_ids: _containers.RepeatedScalarFieldContainer[int]
    data_for_signing: str
    btl: int
    cache_id: bytes
    verify_signing_data: bytes
    verify_signing_data_version: VerificationVersion
    mpc_btl: int
    zenbtc_tx_bytes: bytes
    max_keyring_fee: int
    def __init__(self, creator: _Optional[str] = ..., key_ids: _Optional[_Iterable[int]] = ..., data_for_signing: _Optional[str] = ..., btl: _Optional[int] = ..., cache_id: _Optional[bytes] = ..., verify_signing_data: _Optional[bytes] = ..., verify_signing_data_version: _Optional[_Union[VerificationVersion, str]] = ..., mpc_btl: _Optional[int] = ..., zenbtc_tx_bytes: _Optional[bytes] = ..., max_keyring_fee: _Optional[int] = ...) -> None: ...

class MsgNewSignatureRequestResponse(_message.Message):
    __slots__ = ("sig_req_id",)
    SIG_REQ_ID_FIELD_NUMBER: _ClassVar[int]
    sig_req_id: int
    def __init__(self, sig_req_id: _Optional[int] = ...) -> None: ...

class MsgFulfilSignatureRequest(_message.Message):
    __slots__ = ("creator", "request_id", "status", "keyring_party_signature", "signed_data", "reject_reason")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    KEYRING_PARTY_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SIGNED_DATA_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    creator: str
    request_id: int
    status: SignRequestStatus
    keyring_party_signature: bytes
    signed_data: bytes
    reject_reason: str
    def __init__(self, creator: _Optional[str] = ..., request_id: _Optional[int] = ..., status: _Optional[_Union[SignRequestStatus, str]] = ..., keyring_party_signature: _Optional[bytes] = ..., signed_data: _Optional[bytes] = ..., reject_reason: _Optional[str] = ...) -> None: ...

class MsgFulfilSignatureRequestResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgNewSignTransactionRequest(_message.Message):
    __slots__ = ("creator", "key_id", "wallet_type", "unsigned_transaction", "metadata", "btl", "cache_id", "no_broadcast", "mpc_btl", "key_ids", "max_keyring_fee")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    CACHE_ID_FIELD_NUMBER: _ClassVar[int]
    NO_BROADCAST_FIELD_NUMBER: _ClassVar[int]
    MPC_BTL_FIELD_NUMBER: _ClassVar[int]
    KEY_IDS_FIELD_NUMBER: _ClassVar[int]
    MAX_KEYRING_FEE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    key_id: int
    wallet_type: WalletType
    unsigned_transaction: bytes
    metadata: _any_pb2.Any
    btl: int
    cache_id: bytes
    no_broadcast: bool
    mpc_btl: int
    key_ids: _containers.RepeatedScalarFieldContainer[int]
    max_keyring_fee: int
    def __init__(self, creator: _Optional[str] = ..., key_id: _Optional[int] = ..., wallet_type: _Optional[_Union[WalletType, str]] = ..., unsigned_transaction: _Optional[bytes] = ..., metadata: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., btl: _Optional[int] = ..., cache_id: _Optional[bytes] = ..., no_broadcast: _Optional[bool] = ..., mpc_btl: _Optional[int] = ..., key_ids: _Optional[_Iterable[int]] = ..., max_keyring_fee: _Optional[int] = ...) -> None: ...

class MsgNewSignTransactionRequestResponse(_message.Message):
    __slots__ = ("id", "signature_request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    signature_request_id: int
    def __init__(self, id: _Optional[int] = ..., signature_request_id: _Optional[int] = ...) -> None: ...

class MsgTransferFromKeyring(_message.Message):
    __slots__ = ("creator", "keyring", "recipient", "amount", "denom")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    DENOM_FIELD_NUMBER: _ClassVar[int]
    creator: str
    keyring: str
    recipient: str
    amount: int
    denom: str
    def __init__(self, creator: _Optional[str] = ..., keyring: _Optional[str] = ..., recipient: _Optional[str] = ..., amount: _Optional[int] = ..., denom: _Optional[str] = ...) -> None: ...

class MsgTransferFromKeyringResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgNewZrSignSignatureRequest(_message.Message):
    __slots__ = ("creator", "address", "key_type", "wallet_index", "cache_id", "data", "verify_signing_data", "verify_signing_data_version", "wallet_type", "metadata", "no_broadcast", "btl", "tx")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    WALLET_INDEX_FIELD_NUMBER: _ClassVar[int]
    CACHE_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    VERIFY_SIGNING_DATA_FIELD_NUMBER: _ClassVar[int]
    VERIFY_SIGNING_DATA_VERSION_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    NO_BROADCAST_FIELD_NUMBER: _ClassVar[int]
    BTL_FIELD_NUMBER: _ClassVar[int]
    TX_FIELD_NUMBER: _ClassVar[int]
    creator: str
    address: str
    key_type: int
    wallet_index: int
    cache_id: bytes
    data: str
    verify_signing_data: bytes
    verify_signing_data_version: VerificationVersion
    wallet_type: WalletType
    metadata: _any_pb2.Any
    no_broadcast: bool
    btl: int
    tx: bool
    def __init__(self, creator: _Optional[str] = ..., address: _Optional[str] = ..., key_type: _Optional[int] = ..., wallet_index: _Optional[int] = ..., cache_id: _Optional[bytes] = ..., data: _Optional[str] = ..., verify_signing_data: _Optional[bytes] = ..., verify_signing_data_version: _Optional[_Union[VerificationVersion, str]] = ..., wallet_type: _Optional[_Union[WalletType, str]] = ..., metadata: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., no_broadcast: _Optional[bool] = ..., btl: _Optional[int] = ..., tx: _Optional[bool] = ...) -> None: ...

class MsgNewZrSignSignatureRequestResponse(_message.Message):
    __slots__ = ("req_id",)
    REQ_ID_FIELD_NUMBER: _ClassVar[int]
    req_id: int
    def __init__(self, req_id: _Optional[int] = ...) -> None: ...

class MsgUpdateKeyPolicy(_message.Message):
    __slots__ = ("creator", "key_id", "sign_policy_id")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    creator: str
    key_id: int
    sign_policy_id: int
    def __init__(self, creator: _Optional[str] = ..., key_id: _Optional[int] = ..., sign_policy_id: _Optional[int] = ...) -> None: ...

class MsgUpdateKeyPolicyResponse(_message.Message):
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

class KeyReqResponse(_message.Message):
    __slots__ = ("id", "creator", "workspace_addr", "keyring_addr", "key_type", "status", "keyring_party_signatures", "reject_reason", "index", "sign_policy_id", "zenbtc_metadata", "mpc_btl", "fee", "public_key", "refusals")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    KEYRING_PARTY_SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    ZENBTC_METADATA_FIELD_NUMBER: _ClassVar[int]
    MPC_BTL_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    id: int
    creator: str
    workspace_addr: str
    keyring_addr: str
    key_type: str
    status: str
    keyring_party_signatures: _containers.RepeatedCompositeFieldContainer[PartySignature]
    reject_reason: str
    index: int
    sign_policy_id: int
    zenbtc_metadata: ZenBTCMetadata
    mpc_btl: int
    fee: int
    public_key: bytes
    refusals: _containers.RepeatedCompositeFieldContainer[_refusals_pb2.PartyRefusal]
    def __init__(self, id: _Optional[int] = ..., creator: _Optional[str] = ..., workspace_addr: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., key_type: _Optional[str] = ..., status: _Optional[str] = ..., keyring_party_signatures: _Optional[_Iterable[_Union[PartySignature, _Mapping]]] = ..., reject_reason: _Optional[str] = ..., index: _Optional[int] = ..., sign_policy_id: _Optional[int] = ..., zenbtc_metadata: _Optional[_Union[ZenBTCMetadata, _Mapping]] = ..., mpc_btl: _Optional[int] = ..., fee: _Optional[int] = ..., public_key: _Optional[bytes] = ..., refusals: _Optional[_Iterable[_Union[_refusals_pb2.PartyRefusal, _Mapping]]] = ...) -> None: ...

class QueryKeyRequestsRequest(_message.Message):
    __slots__ = ("keyring_addr", "status", "workspace_addr", "pagination")
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    keyring_addr: str
    status: KeyRequestStatus
    workspace_addr: str
    pagination: _pagination_pb2.PageRequest
    def __init__(self, keyring_addr: _Optional[str] = ..., status: _Optional[_Union[KeyRequestStatus, str]] = ..., workspace_addr: _Optional[str] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryKeyRequestsResponse(_message.Message):
    __slots__ = ("key_requests", "pagination")
    KEY_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    key_requests: _containers.RepeatedCompositeFieldContainer[KeyReqResponse]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, key_requests: _Optional[_Iterable[_Union[KeyReqResponse, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryKeyRequestByIDRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class QueryKeyRequestByIDResponse(_message.Message):
    __slots__ = ("key_request",)
    KEY_REQUEST_FIELD_NUMBER: _ClassVar[int]
    key_request: KeyReqResponse
    def __init__(self, key_request: _Optional[_Union[KeyReqResponse, _Mapping]] = ...) -> None: ...

class WalletResponse(_message.Message):
    __slots__ = ("address", "type")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    address: str
    type: str
    def __init__(self, address: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class KeyResponse(_message.Message):
    __slots__ = ("id", "workspace_addr", "keyring_addr", "type", "public_key", "index", "sign_policy_id", "zenbtc_metadata")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SIGN_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    ZENBTC_METADATA_FIELD_NUMBER: _ClassVar[int]
    id: int
    workspace_addr: str
    keyring_addr: str
    type: str
    public_key: bytes
    index: int
    sign_policy_id: int
    zenbtc_metadata: ZenBTCMetadata
    def __init__(self, id: _Optional[int] = ..., workspace_addr: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., type: _Optional[str] = ..., public_key: _Optional[bytes] = ..., index: _Optional[int] = ..., sign_policy_id: _Optional[int] = ..., zenbtc_metadata: _Optional[_Union[ZenBTCMetadata, _Mapping]] = ...) -> None: ...

class KeyAndWalletResponse(_message.Message):
    __slots__ = ("key", "wallets")
    KEY_FIELD_NUMBER: _ClassVar[int]
    WALLETS_FIELD_NUMBER: _ClassVar[int]
    key: KeyResponse
    wallets: _containers.RepeatedCompositeFieldContainer[WalletResponse]
    def __init__(self, key: _Optional[_Union[KeyResponse, _Mapping]] = ..., wallets: _Optional[_Iterable[_Union[WalletResponse, _Mapping]]] = ...) -> None: ...

class QueryKeysRequest(_message.Message):
    __slots__ = ("workspace_addr", "wallet_type", "prefixes", "pagination")
    WORKSPACE_ADDR_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    workspace_addr: str
    wallet_type: WalletType
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, workspace_addr: _Optional[str] = ..., wallet_type: _Optional[_Union[WalletType, str]] = ..., prefixes: _Optional[_Iterable[str]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryKeysResponse(_message.Message):
    __slots__ = ("keys", "pagination")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[KeyAndWalletResponse]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, keys: _Optional[_Iterable[_Union[KeyAndWalletResponse, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryKeyByIDRequest(_message.Message):
    __slots__ = ("id", "wallet_type", "prefixes")
    ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    id: int
    wallet_type: WalletType
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[int] = ..., wallet_type: _Optional[_Union[WalletType, str]] = ..., prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class QueryKeyByIDResponse(_message.Message):
    __slots__ = ("key", "wallets")
    KEY_FIELD_NUMBER: _ClassVar[int]
    WALLETS_FIELD_NUMBER: _ClassVar[int]
    key: KeyResponse
    wallets: _containers.RepeatedCompositeFieldContainer[WalletResponse]
    def __init__(self, key: _Optional[_Union[KeyResponse, _Mapping]] = ..., wallets: _Optional[_Iterable[_Union[WalletResponse, _Mapping]]] = ...) -> None: ...

class QueryKeyByAddressRequest(_message.Message):
    __slots__ = ("address", "keyring_addr", "key_type", "wallet_type", "prefixes")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    address: str
    keyring_addr: str
    key_type: KeyType
    wallet_type: WalletType
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, address: _Optional[str] = ..., keyring_addr: _Optional[str] = ..., key_type: _Optional[_Union[KeyType, str]] = ..., wallet_type: _Optional[_Union[WalletType, str]] = ..., prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class QueryKeyByAddressResponse(_message.Message):
    __slots__ = ("response",)
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    response: KeyAndWalletResponse
    def __init__(self, response: _Optional[_Union[KeyAndWalletResponse, _Mapping]] = ...) -> None: ...

class SignReqResponse(_message.Message):
    __slots__ = ("id", "creator", "key_ids", "key_type", "data_for_signing", "status", "signed_data", "keyring_party_sigs", "reject_reason", "metadata", "parent_req_id", "child_req_ids", "cache_id", "mpc_btl", "fee", "zenbtc_tx_bytes", "refusals")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEY_IDS_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FOR_SIGNING_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SIGNED_DATA_FIELD_NUMBER: _ClassVar[int]
    KEYRING_PARTY_SIGS_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    PARENT_REQ_ID_FIELD_NUMBER: _ClassVar[int]
    CHILD_REQ_IDS_FIELD_NUMBER: _ClassVar[int]
    CACHE_ID_FIELD_NUMBER: _ClassVar[int]
    MPC_BTL_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    ZENBTC_TX_BYTES_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    id: int
    creator: str
    key_ids: _containers.RepeatedScalarFieldContainer[int]
    key_type: str
    data_for_signing: _containers.RepeatedScalarFieldContainer[bytes]
    status: str
    signed_data: _containers.RepeatedCompositeFieldContainer[SignedDataWithID]
    keyring_party_sigs: _containers.RepeatedCompositeFieldContainer[PartySignature]
    reject_reason: str
    metadata: _any_pb2.Any
    parent_req_id: int
    child_req_ids: _containers.RepeatedScalarFieldContainer[int]
    cache_id: bytes
    mpc_btl: int
    fee: int
    zenbtc_tx_bytes: bytes
    refusals: _containers.RepeatedCompositeFieldContainer[_refusals_pb2.PartyRefusal]
    def __init__(self, id: _Optional[int] = ..., creator: _Optional[str] = ..., key_ids: _Optional[_Iterable[int]] = ..., key_type: _Optional[str] = ..., data_for_signing: _Optional[_Iterable[bytes]] = ..., status: _Optional[str] = ..., signed_data: _Optional[_Iterable[_Union[SignedDataWithID, _Mapping]]] = ..., keyring_party_sigs: _Optional[_Iterable[_Union[PartySignature, _Mapping]]] = ..., reject_reason: _Optional[str] = ..., metadata: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., parent_req_id: _Optional[int] = ..., child_req_ids: _Optional[_Iterable[int]] = ..., cache_id: _Optional[bytes] = ..., mpc_btl: _Optional[int] = ..., fee: _Optional[int] = ..., zenbtc_tx_bytes: _Optional[bytes] = ..., refusals: _Optional[_Iterable[_Union[_refusals_pb2.PartyRefusal, _Mapping]]] = ...) -> None: ...

class QuerySignatureRequestsRequest(_message.Message):
    __slots__ = ("keyring_addr", "status", "pagination")
    KEYRING_ADDR_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    keyring_addr: str
    status: SignRequestStatus
    pagination: _pagination_pb2.PageRequest
    def __init__(self, keyring_addr: _Optional[str] = ..., status: _Optional[_Union[SignRequestStatus, str]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QuerySignatureRequestsResponse(_message.Message):
    __slots__ = ("sign_requests", "pagination")
    SIGN_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    sign_requests: _containers.RepeatedCompositeFieldContainer[SignReqResponse]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, sign_requests: _Optional[_Iterable[_Union[SignReqResponse, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QuerySignatureRequestByIDRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class QuerySignatureRequestByIDResponse(_message.Message):
    __slots__ = ("sign_request",)
    SIGN_REQUEST_FIELD_NUMBER: _ClassVar[int]
    sign_request: SignReqResponse
    def __init__(self, sign_request: _Optional[_Union[SignReqResponse, _Mapping]] = ...) -> None: ...

class SignTxReqResponse(_message.Message):
    __slots__ = ("id", "creator", "key_id", "wallet_type", "unsigned_transaction", "sign_request_id", "no_broadcast", "mpc_btl", "key_ids")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    SIGN_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NO_BROADCAST_FIELD_NUMBER: _ClassVar[int]
    MPC_BTL_FIELD_NUMBER: _ClassVar[int]
    KEY_IDS_FIELD_NUMBER: _ClassVar[int]
    id: int
    creator: str
    key_id: int
    wallet_type: str
    unsigned_transaction: bytes
    sign_request_id: int
    no_broadcast: bool
    mpc_btl: int
    key_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, id: _Optional[int] = ..., creator: _Optional[str] = ..., key_id: _Optional[int] = ..., wallet_type: _Optional[str] = ..., unsigned_transaction: _Optional[bytes] = ..., sign_request_id: _Optional[int] = ..., no_broadcast: _Optional[bool] = ..., mpc_btl: _Optional[int] = ..., key_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class SignTransactionRequestsResponse(_message.Message):
    __slots__ = ("sign_transaction_requests", "sign_request")
    SIGN_TRANSACTION_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    SIGN_REQUEST_FIELD_NUMBER: _ClassVar[int]
    sign_transaction_requests: SignTxReqResponse
    sign_request: SignReqResponse
    def __init__(self, sign_transaction_requests: _Optional[_Union[SignTxReqResponse, _Mapping]] = ..., sign_request: _Optional[_Union[SignReqResponse, _Mapping]] = ...) -> None: ...

class QuerySignTransactionRequestsRequest(_message.Message):
    __slots__ = ("request_id", "key_id", "wallet_type", "status", "pagination")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    key_id: int
    wallet_type: WalletType
    status: SignRequestStatus
    pagination: _pagination_pb2.PageRequest
    def __init__(self, request_id: _Optional[int] = ..., key_id: _Optional[int] = ..., wallet_type: _Optional[_Union[WalletType, str]] = ..., status: _Optional[_Union[SignRequestStatus, str]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QuerySignTransactionRequestsResponse(_message.Message):
    __slots__ = ("sign_transaction_requests", "pagination")
    SIGN_TRANSACTION_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    sign_transaction_requests: _containers.RepeatedCompositeFieldContainer[SignTransactionRequestsResponse]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, sign_transaction_requests: _Optional[_Iterable[_Union[SignTransactionRequestsResponse, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QuerySignTransactionRequestByIDRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class QuerySignTransactionRequestByIDResponse(_message.Message):
    __slots__ = ("sign_transaction_request", "sign_request")
    SIGN_TRANSACTION_REQUEST_FIELD_NUMBER: _ClassVar[int]
    SIGN_REQUEST_FIELD_NUMBER: _ClassVar[int]
    sign_transaction_request: SignTxReqResponse
    sign_request: SignReqResponse
    def __init__(self, sign_transaction_request: _Optional[_Union[SignTxReqResponse, _Mapping]] = ..., sign_request: _Optional[_Union[SignReqResponse, _Mapping]] = ...) -> None: ...

class ZrSignKeyEntry(_message.Message):
    __slots__ = ("walletType", "address", "index", "id")
    WALLETTYPE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    walletType: str
    address: str
    index: int
    id: int
    def __init__(self, walletType: _Optional[str] = ..., address: _Optional[str] = ..., index: _Optional[int] = ..., id: _Optional[int] = ...) -> None: ...

class QueryZrSignKeysRequest(_message.Message):
    __slots__ = ("address", "walletType", "pagination")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    WALLETTYPE_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    address: str
    walletType: str
    pagination: _pagination_pb2.PageRequest
    def __init__(self, address: _Optional[str] = ..., walletType: _Optional[str] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryZrSignKeysResponse(_message.Message):
    __slots__ = ("Keys", "pagination")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    Keys: _containers.RepeatedCompositeFieldContainer[ZrSignKeyEntry]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, Keys: _Optional[_Iterable[_Union[ZrSignKeyEntry, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryZenbtcWalletsRequest(_message.Message):
    __slots__ = ("recipient_addr", "chain_type", "mint_chain_id", "return_addr", "pagination")
    RECIPIENT_ADDR_FIELD_NUMBER: _ClassVar[int]
    CHAIN_TYPE_FIELD_NUMBER: _ClassVar[int]
    MINT_CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    RETURN_ADDR_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    recipient_addr: str
    chain_type: WalletType
    mint_chain_id: str
    return_addr: str
    pagination: _pagination_pb2.PageRequest
    def __init__(self, recipient_addr: _Optional[str] = ..., chain_type: _Optional[_Union[WalletType, str]] = ..., mint_chain_id: _Optional[str] = ..., return_addr: _Optional[str] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryZenbtcWalletsResponse(_message.Message):
    __slots__ = ("zenbtc_wallets", "pagination")
    ZENBTC_WALLETS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    zenbtc_wallets: _containers.RepeatedCompositeFieldContainer[KeyAndWalletResponse]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, zenbtc_wallets: _Optional[_Iterable[_Union[KeyAndWalletResponse, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryDctWalletsRequest(_message.Message):
    __slots__ = ("asset_type", "wallet_type", "mint_chain_id", "recipient_addr", "pagination")
    ASSET_TYPE_FIELD_NUMBER: _ClassVar[int]
    WALLET_TYPE_FIELD_NUMBER: _ClassVar[int]
    MINT_CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_ADDR_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    asset_type: _dct_pb2.Asset
    wallet_type: WalletType
    mint_chain_id: str
    recipient_addr: str
    pagination: _pagination_pb2.PageRequest
    def __init__(self, asset_type: _Optional[_Union[_dct_pb2.Asset, str]] = ..., wallet_type: _Optional[_Union[WalletType, str]] = ..., mint_chain_id: _Optional[str] = ..., recipient_addr: _Optional[str] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryDctWalletsResponse(_message.Message):
    __slots__ = ("dct_wallets", "pagination")
    DCT_WALLETS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    dct_wallets: _containers.RepeatedCompositeFieldContainer[KeyAndWalletResponse]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, dct_wallets: _Optional[_Iterable[_Union[KeyAndWalletResponse, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...
