"""A small ledger without blocks or transactions: the real keepers and modules in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from coincurve import PrivateKey
from google.protobuf import any_pb2
from google.protobuf.message import Message
from nacl.signing import SigningKey

from tests.zrsign_chains.builders import Secp256k1Key
from zrchain_lite.account_keys import AccountKey
from zrchain_lite.keepers import Keepers
from zrchain_lite.module import Context, Event
from zrchain_lite.modules.identity.keeper import KEYRING_COLLECTOR
from zrchain_lite.modules.treasury import state as treasury_state
from zrchain_lite.modules.treasury.escrow import KEYRING_ESCROW
from zrchain_lite.registry import Registry
from zrchain_lite.store.kv import KVStore, MemoryStore, Overlay
from zrchain_lite.store.views import built
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity_wire
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy_wire
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign.node import modules
from zrsign_chains import cosmos

WEALTH = 10**12
FEE = 100
PENDING, PARTIAL, FULFILLED, REJECTED = 1, 2, 3, 4
ITEM, ITEM_2, ITEM_3 = b"\x11" * 32, b"\x12" * 32, b"\x13" * 32


def block_hash(height: int) -> bytes:
    """The hash of the block of this height."""
    return hashlib.sha256(b"block %d" % height).digest()


@dataclass(frozen=True)
class Account:
    """An account whose key the ledger knows."""

    key: PrivateKey
    address: str
    evm_address: str

    def party_signature(self, request_id: int, public_key: bytes = b"") -> bytes:
        digest = hashlib.sha256(request_id.to_bytes(8, "big") + public_key).digest()
        return self.key.sign_recoverable(digest, hasher=None)[:64]


@dataclass
class World:
    """`do` runs one message as a transaction does: all or nothing."""

    store: MemoryStore = field(default_factory=MemoryStore)
    height: int = 1
    genesis: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keepers = Keepers.create()
        self.auth, self.bank = self.keepers.auth, self.keepers.bank
        self.identity, self.policy = self.keepers.identity, self.keepers.policy
        self.treasury = self.keepers.treasury
        self.modules = modules(self.keepers)
        self.registry = Registry(self.modules)
        self.events: list[Event] = []
        self._viewed: dict[bytes, bytes] = {}
        self._views = MemoryStore()
        self._accounts = 0
        free = {"identity": {"params": {"keyringCreationFee": "0"}}}
        for module in self.modules:
            part = {**free.get(module.name, {}), **self.genesis.get(module.name, {})}
            module.init_genesis(self.ctx(), part)

    def ctx(self) -> Context:
        """Reads and writes the committed state directly."""
        return self._context(self.store)

    def _context(self, store: KVStore) -> Context:
        height = self.height
        return Context(store, height, height * 1000, "zenrock", block_hash(height))

    def do(self, message: Message) -> Any:
        overlay = Overlay(self.store)
        ctx = self._context(overlay)
        handler = self.registry.handler("/" + message.DESCRIPTOR.full_name)
        handler.signed_by(message)
        response = handler.handle(ctx, message)
        overlay.commit()
        self.events = ctx.events
        return response

    def query(self, method: str, request: Message) -> Any:
        ctx = self.ctx()
        ctx.views = self._views_of(dict(self.store._values))
        return self.registry.query(method).handle(ctx, request)

    def _views_of(self, values: dict[bytes, bytes]) -> MemoryStore:
        """Built again only after a change: they are not what a query costs."""
        if values != self._viewed:
            self._viewed, self._views = values, MemoryStore()
            views = [view for module in self.modules for view in module.views()]
            built(views, self.store, self._views)
        return self._views

    def advance(self, blocks: int = 1) -> None:
        """Begin the next `blocks` blocks."""
        for _ in range(blocks):
            self.height += 1
            ctx = self.ctx()
            for module in self.modules:
                module.begin_block(ctx)
            self.events = ctx.events

    # Builders

    def account(self, balance: int = WEALTH, *, known: bool = True) -> Account:
        self._accounts += 1
        key = PrivateKey(self._accounts.to_bytes(32, "big"))
        public_key = key.public_key.format()
        address = cosmos.account_address(public_key)
        self.bank.mint(self.ctx(), address, balance or 1)
        self.auth.set_key(self.ctx(), address, AccountKey((public_key,)))
        evm_address = self.auth.evm_address(self.ctx(), address)
        if not known:
            self.store.delete(b"auth/account/" + address.encode())
        return Account(key, address, evm_address or "")

    def balance(self, address: str) -> int:
        return self.bank.balance(self.ctx(), address)

    @property
    def escrow(self) -> int:
        return self.balance(self.bank.module_address(KEYRING_ESCROW))

    @property
    def collector(self) -> int:
        return self.balance(self.bank.module_address(KEYRING_COLLECTOR))

    def workspace(self, owner: Account, *others: Account, **fields: int) -> str:
        message = identity_wire.MsgNewWorkspace(
            creator=owner.address, additional_owners=[o.address for o in others], **fields
        )
        return str(self.do(message).addr)

    def keyring(
        self,
        admin: Account,
        parties: list[Account],
        *,
        threshold: int = 1,
        fee: int = 0,
        **more: Any,
    ) -> str:
        address = self.do(
            identity_wire.MsgNewKeyring(
                creator=admin.address, key_req_fee=fee, sig_req_fee=fee, **more
            )
        ).addr
        for party in parties:
            self.do(
                identity_wire.MsgAddKeyringParty(
                    creator=admin.address, keyring_addr=address, party=party.address
                )
            )
        self.do(
            identity_wire.MsgUpdateKeyring(
                creator=admin.address,
                keyring_addr=address,
                party_threshold=threshold,
                key_req_fee=fee,
                sig_req_fee=fee,
                is_active=True,
            )
        )
        return str(address)

    def new_policy(
        self, creator: Account, definition: str, participants: list[str], btl: int = 0
    ) -> int:
        packed = any_pb2.Any()
        policy = policy_wire.BoolparserPolicy(
            definition=definition,
            participants=[policy_wire.PolicyParticipant(address=p) for p in participants],
        )
        packed.Pack(policy, type_url_prefix="/")
        message = policy_wire.MsgNewPolicy(
            creator=creator.address, name="both", policy=packed, btl=btl
        )
        return int(self.do(message).id)

    def all_of(self, *accounts: Account) -> int:
        """A policy that needs everyone's approval."""
        addresses = [account.address for account in accounts]
        definition = f"{' + '.join(addresses)} > {len(addresses) - 1}"
        return self.new_policy(accounts[0], definition, addresses)

    def request_key(self, creator: Account, workspace: str, keyring: str, **fields: Any) -> int:
        message = wire.MsgNewKeyRequest(
            creator=creator.address,
            workspace_addr=workspace,
            keyring_addr=keyring,
            **{"key_type": "ecdsa", **fields},
        )
        return int(self.do(message).key_req_id)

    def answer_key(self, party: Account, request_id: int, public_key: bytes, **fields: Any) -> None:
        message = wire.MsgFulfilKeyRequest(
            creator=party.address,
            request_id=request_id,
            **{
                "status": FULFILLED,
                "key": wire.MsgNewKey(public_key=public_key),
                "keyring_party_signature": party.party_signature(request_id, public_key),
                **fields,
            },
        )
        self.do(message)

    def key(
        self, owner: Account, workspace: str, keyring: str, party: Account, secret: Secret
    ) -> int:
        """A fulfilled key of a one-party keyring."""
        request_id = self.request_key(owner, workspace, keyring, key_type=secret.word)
        self.answer_key(party, request_id, secret.public_key)
        return request_id

    def request_signature(
        self, creator: Account, key_ids: list[int], *items: bytes, **fields: Any
    ) -> int:
        message = wire.MsgNewSignatureRequest(
            creator=creator.address,
            key_ids=key_ids,
            data_for_signing=",".join(item.hex() for item in items),
            **fields,
        )
        return int(self.do(message).sig_req_id)

    def answer(self, party: Account, request_id: int, signature: bytes, **fields: Any) -> None:
        message = wire.MsgFulfilSignatureRequest(
            creator=party.address,
            request_id=request_id,
            **{
                "status": FULFILLED,
                "keyring_party_signature": party.party_signature(request_id),
                "signed_data": signature,
                **fields,
            },
        )
        self.do(message)

    def sign_request(self, request_id: int) -> wire.SignRequest:
        return self.treasury.sign_request(self.ctx(), request_id)

    def status(self, request_id: int) -> int:
        return self.sign_request(request_id).status

    def told(self) -> list[tuple[str, str]]:
        """What the last message or block told of signature requests: the event, and of which."""
        return [
            (event.type, dict(event.attributes)["request_id"])
            for event in self.events
            if event.type.startswith(("sign_request", "new_sign"))
        ]

    def open_fees(self) -> int:
        """What the escrow ought to hold."""
        requests: list[wire.KeyRequest | wire.SignRequest] = [
            *treasury_state.KEY_REQUESTS.values(self.store),
            *treasury_state.SIGN_REQUESTS.values(self.store),
        ]
        return sum(request.fee for request in requests if request.status in (1, 2))


class Recorder:
    """Hooks that remember which signature requests ended, and how; `breaks_at` is one they fail."""

    def __init__(self) -> None:
        self.ended: list[tuple[int, int]] = []
        self.breaks_at = 0

    def key_request_ended(self, ctx: Context, req: Any) -> None: ...

    def sign_request_ended(self, ctx: Context, req: Any) -> None:
        if req.id == self.breaks_at:
            raise RuntimeError("the hook is broken")
        self.ended.append((req.id, req.status))

    def sign_transaction_created(self, ctx: Context, req: Any) -> None: ...


@dataclass(frozen=True)
class Secret:
    """A key that a keyring would hold, by the word that asks for its type."""

    word: str
    seed: bytes

    @property
    def public_key(self) -> bytes:
        if self.word == "ed25519":
            return bytes(SigningKey(self.seed).verify_key)
        return PrivateKey(self.seed).public_key.format()

    def sign(self, item: bytes) -> bytes:
        if self.word == "ed25519":
            return SigningKey(self.seed).sign(item).signature
        if self.word == "taproot":
            return Secp256k1Key(self.seed).sign_taproot(item)
        return PrivateKey(self.seed).sign_recoverable(item, hasher=None)


ECDSA = Secret("ecdsa", b"\x21" * 32)
BITCOIN = Secret("bitcoin", b"\x22" * 32)
ED25519 = Secret("ed25519", b"\x23" * 32)
TAPROOT = Secret("taproot", b"\x24" * 32)
