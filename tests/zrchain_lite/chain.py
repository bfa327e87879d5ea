"""Builders: a chain in a folder, without servers, and transactions on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from google.protobuf.message import Message

from zrchain_lite.ante import Ante
from zrchain_lite.app import App
from zrchain_lite.client import Account
from zrchain_lite.engine import EmbeddedEngine, EngineSettings
from zrchain_lite.engine.records import BlockRecord
from zrchain_lite.engine.validator_key import ValidatorKey
from zrchain_lite.gas import GasMeter
from zrchain_lite.genesis import Genesis
from zrchain_lite.keepers import Keepers
from zrchain_lite.module import Context, Module
from zrchain_lite.node import NodeSettings
from zrchain_lite.store.kv import Overlay
from zrchain_lite.store.lmdb_store import LmdbStore
from zrchain_lite.tx import TxSigner, build, decode
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.tendermint.abci.types_pb2 import ResponseCheckTx
from zrsign.node import modules

CHAIN_ID = "testchain-1"
FUNDS = 1_000_000_000
GAS = 200_000
FEE = 20

ALICE = Account.from_secret(bytes([1]) * 32)
BOB = Account.from_secret(bytes([2]) * 32)
CAROL = Account.from_secret(bytes([3]) * 32)
NOBODY = Account.from_secret(bytes([9]) * 32)
VALIDATOR = ValidatorKey(bytes([5]) * 32)
_COMPOSED = Keepers.create()
modules(_COMPOSED)
ACCOUNTS = 3 + len(_COMPOSED.auth.module_accounts)
"""How many accounts the genesis makes: those with coins, and the modules' own."""


def genesis(**app_state: object) -> Genesis:
    """Alice, Bob and Carol have coins; Nobody has none."""
    balances = [
        {"address": account.address, "coins": [{"denom": "urock", "amount": str(FUNDS)}]}
        for account in (ALICE, BOB, CAROL)
    ]
    state = {"bank": {"balances": balances}, **app_state}
    return Genesis.model_validate({"chain_id": CHAIN_ID, "app_state": state})


def transfer(from_: Account, to: Account, amount: int = 1, denom: str = "urock") -> MsgSend:
    coins = [Coin(denom=denom, amount=str(amount))]
    return MsgSend(from_address=from_.address, to_address=to.address, amount=coins)


@dataclass
class Clock:
    """A clock that the test moves; it stands still by itself."""

    ms: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.ms


@dataclass
class Chain:
    """Application and engine over a store; blocks are made when the test says so."""

    folder: Path
    # Run after the ledger's own.
    extra: Sequence[Module] = ()
    first: Genesis = field(default_factory=genesis)
    clock: Clock = field(default_factory=Clock)
    config: EngineSettings = field(default_factory=EngineSettings)
    keepers: Keepers = field(default_factory=Keepers.create)
    map_bytes: int = 1024 * 1024
    validator: ValidatorKey = VALIDATOR

    def __post_init__(self) -> None:
        self.store = LmdbStore(self.folder, map_bytes=self.map_bytes)
        self.app: App = self.keepers.app(self.store, [*modules(self.keepers), *self.extra])
        self.engine = EmbeddedEngine(
            self.app, self.store, self.validator, self.config, clock=self.clock
        )
        self.engine.start(self.first)

    def close(self) -> None:
        self.store.close()

    @property
    def ctx(self) -> Context:
        """The last committed state, to read with a keeper."""
        return Context(self.store.state, self.app.tip.height, self.app.time_ms, CHAIN_ID)

    def balance(self, account: Account) -> int:
        return self.keepers.bank.balance(self.ctx, account.address)

    def sequence(self, account: Account) -> int:
        return self.keepers.auth.account(self.ctx, account.address).sequence

    def signer(self, account: Account, ahead: int = 0) -> TxSigner:
        """Where the account stands, `ahead` transactions further."""
        stored = self.keepers.auth.account(self.ctx, account.address)
        return TxSigner(account.secret, stored.account_number, stored.sequence + ahead)

    def tx(self, account: Account, *msgs: Message, ahead: int = 0, **options: object) -> bytes:
        given = {"chain_id": CHAIN_ID, "gas_limit": GAS, "fee": FEE, **options}
        return build(msgs, [self.signer(account, ahead)], **given)  # type: ignore[arg-type]

    def checked(
        self, tx: bytes, *, simulate: bool = False, ahead: int = 0, verify: bool = True
    ) -> tuple[GasMeter, Context]:
        """What the ante alone makes of a transaction: its meter, and a state that nobody keeps."""
        ctx = replace(self.ctx, store=Overlay(self.store.state), events=[])
        kept = self.keepers
        ante = Ante(kept.auth, kept.bank, kept.consensus, kept.feegrant)
        decoded = decode(tx, self.app.registry)
        return ante.check(ctx, decoded, simulate=simulate, ahead=ahead, verify=verify), ctx

    def send(self, tx: bytes) -> ResponseCheckTx:
        return self.engine.broadcast(tx)

    def block(self, *txs: bytes) -> BlockRecord:
        """A block of these transactions, all of which CheckTx must admit."""
        for tx in txs:
            check = self.send(tx)
            assert check.code == 0, check.log
        return self.engine.make_block()


def node_config(
    folder: Path,
    first: Genesis,
    engine: EngineSettings | None = None,
    *,
    doors_apart: bool = False,
) -> NodeSettings:
    """A node on free ports of loopback."""
    file = folder / "genesis.json"
    file.write_text(json.dumps(first.model_dump(mode="json")))
    free = "127.0.0.1:0"
    return NodeSettings(
        folder / "home",
        file,
        free,
        free,
        free,
        engine or EngineSettings(empty_block_interval_s=0.2),
        doors_apart=doors_apart,
    )
