"""What the REST API answers with. Bytes are 0x-hex, uint256 values decimal text, times Unix
milliseconds.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import KNOWN_CHAINS, WalletType, chain_hash
from zrsign_receiver.journey import FINAL


class RequestStatus(StrEnum):
    """Where a request stands; the last three are final."""

    OBSERVED = "OBSERVED"
    COMPOSING = "COMPOSING"
    APPROVING = "APPROVING"
    SIGNING = "SIGNING"
    AUTHORISING = "AUTHORISING"
    DELIVERING = "DELIVERING"
    ANSWERED = "ANSWERED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"


class RestModel(BaseModel):
    """Base: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(RestModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["urn:zrsign:problem:not-found"])
    title: str
    status: int
    detail: str
    instance: str
    next_step: str = Field(description="What to do about it.")


class ParamsView(RestModel):
    """The receiver's parameters."""

    authority: str
    keyring_addr: str
    observers: list[str]
    observer_threshold: int
    composers: list[str]
    relayers: list[str]
    fee_payer: str
    max_network_fee: dict[str, str] = Field(description="By CAIP-2 namespace, smallest unit.")
    destinations: list[str] = Field(description="CAIP-2 ids.")

    @classmethod
    def of(cls, params: pb.Params) -> ParamsView:
        """The view of these parameters."""
        return cls(
            authority=params.authority,
            keyring_addr=params.keyring_addr,
            observers=list(params.observers),
            observer_threshold=params.observer_threshold,
            composers=list(params.composers),
            relayers=list(params.relayers),
            fee_payer=params.fee_payer,
            max_network_fee=dict(sorted(params.max_network_fee.items())),
            destinations=list(params.destinations),
        )


class SourceView(RestModel):
    """A zrSign contract that may ask."""

    chain: str
    contract: str
    mode: str = Field(examples=["DIRECT", "OMNI"])
    authority_key_id: int
    typed_answers: bool = Field(description="Answers are EIP-712 typed data, not EIP-191.")
    active: bool

    @classmethod
    def of(cls, source: pb.Source) -> SourceView:
        """The view of this source."""
        return cls(
            chain=source.chain,
            contract=source.contract,
            mode=_word(pb.Mode, "MODE_", source.mode),
            authority_key_id=source.authority_key_id,
            typed_answers=source.typed_answers,
            active=source.active,
        )


class StepView(RestModel):
    """One step of a request's road."""

    number: int
    name: str
    height: int
    time_ms: int
    detail: str

    @classmethod
    def of(cls, step: pb.Step) -> StepView:
        """The view of this step."""
        return cls(
            number=step.number,
            name=step.name,
            height=step.height,
            time_ms=step.time_ms,
            detail=step.detail,
        )


class DeliveryView(RestModel):
    """How far a transaction or an answer was carried to a chain."""

    kind: str = Field(examples=["TRANSACTION", "ANSWER"])
    chain: str
    status: str = Field(examples=["OPEN", "SUBMITTED", "CONFIRMED", "FAILED"])
    tx_id: str
    detail: str
    relayer: str

    @classmethod
    def of(cls, delivery: pb.Delivery) -> DeliveryView:
        """The view of this delivery."""
        return cls(
            kind=_word(pb.DeliveryKind, "DELIVERY_KIND_", delivery.kind),
            chain=delivery.chain,
            status=_word(pb.DeliveryStatus, "DELIVERY_STATUS_", delivery.status),
            tx_id=delivery.tx_id,
            detail=delivery.detail,
            relayer=delivery.relayer,
        )


class SourceIdView(RestModel):
    """Where on its chain the request was made: its idempotency key."""

    chain: str
    contract: str
    tx_hash: str
    log_index: int


class RequestView(RestModel):
    """A request and its whole road. Before the observers agree, only `id`, `source`, `status` and
    `steps` are known.
    """

    id: int
    source: SourceIdView
    trace_id: str | None = Field(description="Decimal uint256; null for what is not signed.")
    mode: str
    kind: str = Field(examples=["KEY", "HASH", "DATA", "TX", "SIMPLE_TX", "LINK"])
    status: RequestStatus
    is_final: bool
    reject_reason: str
    owner_id: str
    workspace_addr: str
    coin_type: int
    wallet_index: int
    destination: str = Field(description="CAIP-2; empty for key requests.")
    payload: str
    broadcast: bool
    action_id: int
    key_request_id: int
    key_id: int
    sign_request_id: int
    sign_transaction_request_id: int
    authority_sign_request_id: int
    wallet: str
    account: str = Field(description="Link requests: the ledger account.")
    signatures: list[str]
    unsigned_transaction: str
    deliveries: list[DeliveryView]
    steps: list[StepView]

    @classmethod
    def of(cls, request: pb.Request) -> RequestView:
        """The view of this request, with its steps and deliveries."""
        source, sign = request.event.id, request.event.sign
        is_sign = request.event.WhichOneof("ask") == "sign"
        ask = sign if is_sign else request.event.key
        return cls(
            id=request.id,
            source=SourceIdView(
                chain=source.chain,
                contract=source.contract,
                tx_hash=_hex(source.tx_hash),
                log_index=source.log_index,
            ),
            trace_id=str(int.from_bytes(sign.trace_id, "big")) if is_sign else None,
            mode=_word(pb.Mode, "MODE_", request.mode),
            kind=_word(pb.RequestKind, "REQUEST_KIND_", request.kind),
            status=RequestStatus(_word(pb.RequestStatus, "REQUEST_STATUS_", request.status)),
            is_final=request.status in FINAL,
            reject_reason=request.reject_reason,
            owner_id=request.owner_id,
            workspace_addr=request.workspace_addr,
            coin_type=request.coin_type,
            wallet_index=ask.wallet_index,
            destination=request.destination,
            payload=_hex(sign.payload),
            broadcast=sign.broadcast,
            action_id=request.action_id,
            key_request_id=request.key_request_id,
            key_id=request.key_id,
            sign_request_id=request.sign_request_id,
            sign_transaction_request_id=request.sign_transaction_request_id,
            authority_sign_request_id=request.authority_sign_request_id,
            wallet=request.wallet,
            account=request.event.link.account,
            signatures=[_hex(signature) for signature in request.signatures],
            unsigned_transaction=_hex(request.unsigned_transaction),
            deliveries=[DeliveryView.of(delivery) for delivery in request.deliveries],
            steps=[StepView.of(step) for step in request.steps],
        )


class RequestPage(RestModel):
    """One page of requests."""

    requests: list[RequestView]
    next_key: str | None = Field(description="Pass as `key` for the next page; null on the last.")
    total: int | None = Field(description="When asked for with `count_total`.")


class WalletView(RestModel):
    """A wallet of an owner: its key, and how it was asked for."""

    owner_id: str
    coin_type: int
    index: int
    key_id: int
    address: str
    public_key: str
    workspace_addr: str

    @classmethod
    def of(cls, wallet: pb.Wallet) -> WalletView:
        """The view of this wallet."""
        return cls(
            owner_id=wallet.owner_id,
            coin_type=wallet.coin_type,
            index=wallet.index,
            key_id=wallet.key_id,
            address=wallet.address,
            public_key=_hex(wallet.public_key),
            workspace_addr=wallet.workspace_addr,
        )


class WalletTypeView(RestModel):
    """What a contract names with a `walletTypeId`."""

    id: str
    purpose: int
    coin_type: int
    name: str
    key_algorithm: str
    namespace: str

    @classmethod
    def of(cls, wallet_type: WalletType) -> WalletTypeView:
        """The view of this wallet type."""
        return cls(
            id=_hex(wallet_type.id),
            purpose=wallet_type.purpose,
            coin_type=wallet_type.coin_type,
            name=wallet_type.name,
            key_algorithm=wallet_type.key_algorithm.value,
            namespace=wallet_type.namespace,
        )


class ChainView(RestModel):
    """A chain that a request may name as destination."""

    caip2: str
    id: str = Field(description="keccak256 of the CAIP-2 id, as contracts name it.")
    name: str

    @classmethod
    def of(cls, caip2: str) -> ChainView:
        """The view of the chain with this CAIP-2 id."""
        return cls(caip2=caip2, id=_hex(chain_hash(caip2)), name=KNOWN_CHAINS.get(caip2, caip2))


class End(RestModel):
    """The last event of a stream: the request is final."""

    status: RequestStatus
    reject_reason: str


class _Names(Protocol):
    """A protobuf enum."""

    def items(self) -> list[tuple[str, Any]]: ...


def _word(enum: _Names, prefix: str, value: int) -> str:
    names = {number: name for name, number in enum.items()}
    return str(names.get(value, f"{prefix}{value}")).removeprefix(prefix)


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
