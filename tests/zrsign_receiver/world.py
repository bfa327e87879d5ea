"""A ledger in memory with the real keepers, a keyring party that signs with real keys, and builders
for source events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from coincurve import PrivateKey
from google.protobuf.message import Message
from nacl.signing import SigningKey

from zrchain_lite.account_keys import AccountKey
from zrchain_lite.keepers import Keepers
from zrchain_lite.module import Context
from zrchain_lite.registry import Registry
from zrchain_lite.store.kv import MemoryStore, Overlay
from zrchain_lite.store.views import built
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign.node import modules
from zrsign_chains import EVM, WalletType, chain_hash, cosmos
from zrsign_chains.evm import evm_address

M = TypeVar("M", bound=Message)

SOURCE_CHAIN = "eip155:31337"
EVM_CHAIN = "eip155:31338"
REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"
LOCALNET = "solana:localnet"
OMNI = "0x" + "11" * 20
DIRECT = "0x" + "22" * 20
DESTINATIONS = (SOURCE_CHAIN, EVM_CHAIN, REGTEST, LOCALNET)


@dataclass(frozen=True)
class Account:
    """A ledger account whose key comes from its name."""

    name: str

    @property
    def key(self) -> PrivateKey:
        return PrivateKey(hashlib.sha256(self.name.encode()).digest())

    @property
    def public_key(self) -> bytes:
        return self.key.public_key.format()

    @property
    def address(self) -> str:
        return cosmos.account_address(self.public_key)

    @property
    def evm(self) -> str:
        return evm_address(self.public_key)

    def sign(self, digest: bytes) -> bytes:
        return self.key.sign_recoverable(digest, hasher=None)


AUTHORITY, PAYER, PARTY = Account("authority"), Account("payer"), Account("party")
COMPOSER, RELAYER = Account("composer"), Account("relayer")
OBSERVERS = tuple(Account(f"observer {n}") for n in range(3))
OWNER = Account("owner")


@dataclass
class World:
    """`send` runs one message as the executor does: all or nothing."""

    threshold: int = 1
    key_fee: int = 0
    sig_fee: int = 0
    funds: int = 10**12
    max_keyring_fee: int = 0
    store: MemoryStore = field(default_factory=MemoryStore)
    height: int = 1
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keepers = Keepers.create()
        self.auth, self.bank = self.keepers.auth, self.keepers.bank
        self.identity, self.policy = self.keepers.identity, self.keepers.policy
        self.treasury = self.keepers.treasury
        self.modules = modules(self.keepers)
        self.registry = Registry(self.modules)
        self.trace_ids = 0
        self.logs = 0
        self._genesis()

    def _genesis(self) -> None:
        ctx = self.ctx()
        for account in (AUTHORITY, PAYER, PARTY, COMPOSER, RELAYER, OWNER, *OBSERVERS):
            self.enrol(account)
        self.bank.mint(ctx, PAYER.address, self.funds)
        self.bank.mint(ctx, AUTHORITY.address, 10**11)
        keyring = self.identity.create_keyring(
            ctx,
            Keyring(
                creator=AUTHORITY.address,
                description="test",
                admins=[AUTHORITY.address],
                parties=[PARTY.address],
                party_threshold=1,
                key_req_fee=self.key_fee,
                sig_req_fee=self.sig_fee,
                is_active=True,
            ),
        )
        self.keyring = keyring.address
        params = {
            "authority": AUTHORITY.address,
            "keyringAddr": self.keyring,
            "observers": [observer.address for observer in OBSERVERS],
            "observerThreshold": self.threshold,
            "composers": [COMPOSER.address],
            "relayers": [RELAYER.address],
            "feePayer": PAYER.address,
            "destinations": list(DESTINATIONS),
            "maxKeyringFee": self.max_keyring_fee,
        }
        source = {"chain": SOURCE_CHAIN, "contract": OMNI, "mode": "MODE_OMNI", "active": True}
        genesis = {"receiver": {"params": params, "sources": [source]}}
        for module in self.modules:
            module.init_genesis(ctx, genesis.get(module.name, {}))

    def enrol(self, account: Account) -> None:
        """The account exists and its key is known, as after a first transaction."""
        self.auth.ensure(self.ctx(), account.address)
        self.auth.set_key(self.ctx(), account.address, AccountKey((account.public_key,)))

    def ctx(self) -> Context:
        return Context(self.store, self.height, self.height * 1000, "zrchain-test")

    def reading(self) -> Context:
        """The committed state with its views, as a query sees it."""
        ctx = self.ctx()
        built([view for module in self.modules for view in module.views()], self.store, ctx.views)
        return ctx

    def send(self, msg: Message) -> Message:
        overlay = Overlay(self.store)
        ctx = self.ctx()
        ctx.store = overlay
        handler = self.registry.handler("/" + msg.DESCRIPTOR.full_name)
        response = handler.handle(ctx, msg)
        overlay.commit()
        self.events = ctx.events
        for tell in self.listeners:
            tell()
        return response

    def query(self, name: str, request: Message, response: type[M]) -> M:
        found = self.registry.query("/zrsign.receiver.Query/" + name).handle(
            self.reading(), request
        )
        assert isinstance(found, response)
        return found

    def blocks(self, count: int = 1) -> None:
        for _ in range(count):
            self.height += 1
            for module in self.modules:
                module.begin_block(self.ctx())

    # What people and daemons do

    def direct_source(self, contract: str = DIRECT, *, typed: bool = False) -> int:
        """Register a Direct contract with an authority key of its own; the key's id."""
        workspace = self.identity.create_workspace(
            self.ctx(), AUTHORITY.address, [AUTHORITY.address]
        )
        asked = self.treasury.request_key(
            self.ctx(),
            creator=AUTHORITY.address,
            workspace=workspace.address,
            keyring=self.keyring,
            key_type=treasury.KEY_TYPE_ECDSA_SECP256K1,
            fee_payer=PAYER.address,
        )
        self.fulfil()
        source = pb.Source(
            chain=SOURCE_CHAIN,
            contract=contract,
            mode=pb.MODE_DIRECT,
            authority_key_id=asked.id,
            typed_answers=typed,
            active=True,
        )
        self.send(pb.MsgRegisterSource(authority=AUTHORITY.address, source=source))
        return asked.id

    def report(self, *events: pb.SourceEvent, observer: Account = OBSERVERS[0]) -> list[int]:
        response = self.send(pb.MsgReportEvents(observer=observer.address, events=events))
        assert isinstance(response, pb.MsgReportEventsResponse)
        return list(response.request_ids)

    def request(self, request_id: int) -> pb.Request:
        query = pb.QueryRequestRequest(id=request_id)
        return self.query("Request", query, pb.QueryRequestResponse).request

    def wallet(self, owner: Account = OWNER, wallet: WalletType = EVM) -> pb.Wallet:
        """Ask for the owner's wallet 0 through Omni and have it made."""
        self.report(self.key_event(owner, wallet))
        self.fulfil()
        return next(w for w in self.wallets_of(owner.evm) if w.coin_type == wallet.coin_type)

    def wallets_of(self, owner: str) -> list[pb.Wallet]:
        query = pb.QueryWalletsRequest(owner=owner)
        return list(self.query("Wallets", query, pb.QueryWalletsResponse).wallets)

    def deliver(
        self,
        request_id: int,
        status: pb.DeliveryStatus,
        kind: pb.DeliveryKind,
        tx_id: str = "0xaa",
        transactions: int = 0,
    ) -> None:
        detail = "reverted" if status == pb.DELIVERY_STATUS_FAILED else ""
        self.send(
            pb.MsgReportDelivery(
                relayer=RELAYER.address,
                request_id=request_id,
                kind=kind,
                status=status,
                tx_id=tx_id,
                detail=detail,
                transactions=transactions,
            )
        )

    # The keyring

    def fulfil(self) -> None:
        """The party answers everything that is open, with real keys."""
        self.fulfil_keys()
        self.fulfil_signatures()

    def fulfil_keys(self) -> None:
        """The party answers the key requests that are open."""
        for request_id in self._open("KeyRequests", treasury.QueryKeyRequestsRequest()):
            public_key = public_key_of(self.treasury.key_request(self.ctx(), request_id))
            self.send(
                treasury.MsgFulfilKeyRequest(
                    creator=PARTY.address,
                    request_id=request_id,
                    status=treasury.KEY_REQUEST_STATUS_FULFILLED,
                    key=treasury.MsgNewKey(public_key=public_key),
                    keyring_party_signature=party_signature(request_id, public_key),
                )
            )

    def fulfil_signatures(self) -> None:
        """The party answers the signature requests that are open."""
        for request_id in self._open("SignatureRequests", treasury.QuerySignatureRequestsRequest()):
            request = self.treasury.sign_request(self.ctx(), request_id)
            if not request.child_req_ids:
                self.send(
                    treasury.MsgFulfilSignatureRequest(
                        creator=PARTY.address,
                        request_id=request_id,
                        status=treasury.SIGN_REQUEST_STATUS_FULFILLED,
                        signed_data=sign(request),
                        keyring_party_signature=party_signature(request_id),
                    )
                )

    def refuse(self, reason: str) -> None:
        """The party rejects every open signature request."""
        for request_id in self._open("SignatureRequests", treasury.QuerySignatureRequestsRequest()):
            self.send(
                treasury.MsgFulfilSignatureRequest(
                    creator=PARTY.address,
                    request_id=request_id,
                    status=treasury.SIGN_REQUEST_STATUS_REJECTED,
                    reject_reason=reason,
                )
            )

    def _open(self, name: str, query: Message) -> list[int]:
        query.status = 1  # type: ignore[attr-defined]  # pending, for keys and signatures alike
        handler = self.registry.query("/zrchain.treasury.Query/" + name)
        answer = handler.handle(self.reading(), query)
        items = answer.key_requests if name == "KeyRequests" else answer.sign_requests  # type: ignore[attr-defined]
        return [item.id for item in items]

    # Source events

    def source_id(self, contract: str = OMNI, chain: str = SOURCE_CHAIN) -> pb.SourceId:
        self.logs += 1
        tx_hash = hashlib.sha256(b"tx %d" % self.logs).digest()
        return pb.SourceId(chain=chain, contract=contract, tx_hash=tx_hash, log_index=self.logs)

    def key_event(
        self,
        owner: Account = OWNER,
        wallet: WalletType = EVM,
        *,
        index: int = 0,
        contract: str = OMNI,
        owner_is_contract: bool = False,
    ) -> pb.SourceEvent:
        ask = pb.KeyAsk(wallet_type_id=wallet.id, wallet_index=index, options=2)
        return pb.SourceEvent(
            id=self.source_id(contract),
            block_number=7,
            block_hash=b"\x07" * 32,
            owner=owner.evm,
            owner_is_contract=owner_is_contract,
            key=ask,
        )

    def sign_event(
        self,
        kind: pb.RequestKind,
        payload: bytes,
        *,
        owner: Account = OWNER,
        wallet: WalletType = EVM,
        index: int = 0,
        destination: str = EVM_CHAIN,
        broadcast: bool = False,
        contract: str = OMNI,
        owner_is_contract: bool = False,
        trace_id: int | None = None,
    ) -> pb.SourceEvent:
        if trace_id is None:
            trace_id, self.trace_ids = self.trace_ids, self.trace_ids + 1
        ask = pb.SignAsk(
            trace_id=trace_id.to_bytes(32, "big"),
            wallet_type_id=wallet.id,
            wallet_index=index,
            dst_chain_id=chain_hash(destination),
            payload=payload,
            kind=kind,
            broadcast=broadcast,
        )
        return pb.SourceEvent(
            id=self.source_id(contract),
            block_number=8,
            block_hash=b"\x08" * 32,
            owner=owner.evm,
            owner_is_contract=owner_is_contract,
            sign=ask,
        )

    def link_event(
        self, account: str, *, owner: Account = OWNER, owner_is_contract: bool = False
    ) -> pb.SourceEvent:
        return pb.SourceEvent(
            id=self.source_id(),
            block_number=9,
            block_hash=b"\x09" * 32,
            owner=owner.evm,
            owner_is_contract=owner_is_contract,
            link=pb.LinkAsk(account=account),
        )


def step_names(request: pb.Request) -> list[str]:
    return [step.name for step in request.steps]


def status_name(request: pb.Request) -> str:
    return pb.RequestStatus.Name(request.status).removeprefix("REQUEST_STATUS_")


def party_signature(request_id: int, public_key: bytes = b"") -> bytes:
    return PARTY.sign(hashlib.sha256(request_id.to_bytes(8, "big") + public_key).digest())[:64]


def secret(key_id: int) -> bytes:
    return hashlib.sha256(b"key %d" % key_id).digest()


def public_key_of(request: treasury.KeyRequest) -> bytes:
    if request.key_type == treasury.KEY_TYPE_EDDSA_ED25519:
        return bytes(SigningKey(secret(request.id)).verify_key)
    return PrivateKey(secret(request.id)).public_key.format()


def sign(request: treasury.SignRequest) -> bytes:
    item, key = request.data_for_signing[0], secret(request.key_ids[0])
    if request.key_type == treasury.KEY_TYPE_EDDSA_ED25519:
        return SigningKey(key).sign(item).signature
    return PrivateKey(key).sign_recoverable(item, hasher=None)
