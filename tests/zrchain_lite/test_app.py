"""The application: all or nothing, deterministic, and strict about who drives it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, FEE, FUNDS, Chain, genesis, transfer
from zrchain_lite.binding import CompositionError
from zrchain_lite.errors import InvalidArgument, NotFound, UnknownRequest
from zrchain_lite.genesis import Genesis, GenesisError, load, parse
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.auth.keeper import module_address
from zrchain_lite.registry import Registry
from zrchain_lite.store.lmdb_store import StoreForeign
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.cosmos.bank.v1beta1.bank_pb2 import Input
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgMultiSendResponse, MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci

ROOT = Path(__file__).resolve().parents[2]


class Faulty(Module):
    """One message that writes, emits, and then fails as it is told: for the tests of atomicity."""

    name = "faulty"

    def messages(self) -> tuple[MsgHandler, ...]:
        return (MsgHandler(Input, self._handle, signer="address"),)

    def _handle(self, ctx: Context, msg: Input) -> MsgMultiSendResponse:
        ctx.store.set(b"faulty/written", b"1")
        ctx.emit("faulty", wrote="yes")
        match msg.coins[0].denom:
            case "crash":
                raise KeyError("a fault of the module")
            case "longkey":
                ctx.store.set(b"k" * 600, b"")
            case "spin":
                for _ in range(10**6):
                    ctx.store.set(b"faulty/spin", bytes(1000))
        return MsgMultiSendResponse()


def fault(kind: str) -> Input:
    message = Input(address=ALICE.address)
    message.coins.add(denom=kind, amount="1")
    return message


@pytest.fixture
def faulty(tmp_path: Path) -> Any:
    made = Chain(tmp_path / "faulty", extra=(Faulty(),))
    yield made
    made.close()


class Witness(Module):
    """Notes which block it runs in, as a begin-block hook, a transaction and an end-block hook."""

    name = "witness"

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def messages(self) -> tuple[MsgHandler, ...]:
        return (MsgHandler(Input, self._handle, signer="address"),)

    def _handle(self, ctx: Context, _: Input) -> MsgMultiSendResponse:
        self.seen.append(ctx.block_hash)
        return MsgMultiSendResponse()

    def begin_block(self, ctx: Context) -> None:
        self.seen.append(ctx.block_hash)

    def end_block(self, ctx: Context) -> None:
        self.seen.append(ctx.block_hash)


def test_block__should_be_executed_knowing_its_own_hash(tmp_path: Path) -> None:
    witness = Witness()
    chain = Chain(tmp_path / "witness", extra=(witness,))
    for _ in range(2):
        witness.seen.clear()
        record = chain.block(chain.tx(ALICE, Input(address=ALICE.address)))
        assert witness.seen == [record.id.hash] * 3
    chain.close()


@pytest.mark.parametrize(
    ("kind", "codespace", "code"),
    [("crash", "undefined", 1), ("longkey", "zrchain", 1505), ("spin", "sdk", 11)],
)
def test_failed_transaction__should_leave_only_fee_and_sequence(
    faulty: Chain, kind: str, codespace: str, code: int
) -> None:
    before = dict(faulty.store.state.iterate(b""))
    record = faulty.block(faulty.tx(ALICE, transfer(ALICE, BOB, 5), fault(kind)))

    result = record.results.tx_results[0]
    assert (result.codespace, result.code) == (codespace, code)
    assert not result.data
    assert "faulty" not in {event.type for event in result.events}
    assert faulty.balance(ALICE) == FUNDS - FEE
    assert faulty.balance(BOB) == FUNDS
    assert faulty.sequence(ALICE) == 1
    after = dict(faulty.store.state.iterate(b""))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {key.split(b"/")[1] for key in changed} == {b"balance", b"account"}


def test_transaction__should_apply_all_messages_in_order(faulty: Chain) -> None:
    record = faulty.block(faulty.tx(ALICE, transfer(ALICE, BOB, 5), fault("fine")))
    assert record.results.tx_results[0].code == 0
    assert faulty.balance(BOB) == FUNDS + 5
    assert faulty.store.state.get(b"faulty/written") == b"1"
    indexes = [
        attribute.value
        for event in record.results.tx_results[0].events
        for attribute in event.attributes
        if attribute.key == "msg_index"
    ]
    assert indexes == sorted(indexes)


def test_transfer__should_refuse_bad_requests(chain: Chain) -> None:
    cases = {
        "more than the balance": (transfer(ALICE, BOB, FUNDS), 5),
        "zero": (transfer(ALICE, BOB, 0), 10),
        "another coin": (transfer(ALICE, BOB, 1, "uother"), 5),
        "no denomination": (transfer(ALICE, BOB, 1, "!"), 10),
        "no coins": (MsgSend(from_address=ALICE.address, to_address=BOB.address), 10),
        "bad recipient": (MsgSend(from_address=ALICE.address, to_address="zen1x"), 7),
    }
    to_module = transfer(ALICE, BOB)
    to_module.to_address = module_address("fee_collector")
    cases["a module's account"] = (to_module, 4)
    for name, (message, code) in cases.items():
        record = chain.block(chain.tx(ALICE, message))
        assert record.results.tx_results[0].code == code, name
    assert chain.balance(BOB) == FUNDS


MOVES = st.lists(
    st.tuples(
        st.sampled_from([ALICE, BOB, CAROL]),
        st.sampled_from([ALICE, BOB, CAROL]),
        st.integers(1, 2 * FUNDS),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None)
@given(moves=MOVES)
def test_two_apps__should_agree_and_keep_the_supply(
    moves: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("twins")
    one, two = Chain(folder / "one"), Chain(folder / "two")
    for from_, to, amount, alone in moves:
        one.send(one.tx(from_, transfer(from_, to, amount)))
        # The second chain is driven by the first one's blocks, not by its own mempool.
        if alone:
            block = one.engine.make_block().block
            two.app.finalize_block(
                abci.RequestFinalizeBlock(
                    txs=block.data.txs, height=block.header.height, time=block.header.time
                )
            )
            two.app.commit()
    assert one.app.tip == two.app.tip
    assert dict(one.store.state.iterate(b"")) == dict(two.store.state.iterate(b""))
    assert one.keepers.bank.supply(one.ctx) == 3 * FUNDS
    balances = [Coin.FromString(raw) for _, raw in one.store.state.iterate(b"bank/balance/")]
    assert sum(int(coin.amount) for coin in balances) == 3 * FUNDS
    one.close()
    two.close()


SCRIPT = """
import sys
from pathlib import Path
from tests.zrchain_lite.chain import ALICE, BOB, CAROL, Chain, transfer
chain = Chain(Path(sys.argv[1]))
for n in range(5):
    chain.block(
        chain.tx(ALICE, transfer(ALICE, BOB, n + 1)),
        chain.tx(BOB, transfer(BOB, CAROL, 10**12)),
        chain.tx(CAROL, transfer(CAROL, ALICE, 3), transfer(CAROL, BOB, 4)),
    )
print(chain.app.tip.height, chain.app.tip.app_hash.hex(), chain.engine.block().id.hash.hex())
"""


def test_hashes__should_not_depend_on_the_process(tmp_path: Path) -> None:
    seen = set()
    for seed in ("0", "1", "4242"):
        out = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(out.stdout)
    assert len(seen) == 1
    assert next(iter(seen)).startswith("6 ")


def test_app__should_want_blocks_in_order(chain: Chain) -> None:
    with pytest.raises(ValueError, match="does not follow"):
        chain.app.finalize_block(abci.RequestFinalizeBlock(height=5))
    with pytest.raises(RuntimeError, match="without finalize_block"):
        chain.app.commit()


def test_process_proposal__should_accept_what_prepare_proposes(chain: Chain) -> None:
    good = chain.tx(ALICE, transfer(ALICE, BOB))
    request = abci.RequestPrepareProposal(txs=[good, b"garbage"], max_tx_bytes=10_000)
    assert list(chain.app.prepare_proposal(request).txs) == [good]
    status = abci.ResponseProcessProposal
    for txs, expected in (([good], status.ACCEPT), ([good, b"garbage"], status.REJECT)):
        answer = chain.app.process_proposal(abci.RequestProcessProposal(txs=txs))
        assert answer.status == expected
    small = abci.RequestPrepareProposal(txs=[good], max_tx_bytes=len(good) - 1)
    assert not chain.app.prepare_proposal(small).txs


def test_vote_extension__should_be_empty(chain: Chain) -> None:
    assert chain.app.extend_vote(abci.RequestExtendVote()).vote_extension == b""
    verify = chain.app.verify_vote_extension
    status = abci.ResponseVerifyVoteExtension
    assert verify(abci.RequestVerifyVoteExtension()).status == status.ACCEPT
    request = abci.RequestVerifyVoteExtension(vote_extension=b"x")
    assert verify(request).status == status.REJECT


def test_query__should_answer_and_refuse(chain: Chain) -> None:
    path = "/cosmos.bank.v1beta1.Query/Balance"
    request = bank.QueryBalanceRequest(address=ALICE.address, denom="urock")
    raw = chain.app.query(path, request.SerializeToString())
    assert bank.QueryBalanceResponse.FromString(raw).balance.amount == str(FUNDS)
    with pytest.raises(UnknownRequest):
        chain.app.query("/nothing/here", b"")
    with pytest.raises(InvalidArgument, match="not a"):
        chain.app.query(path, b"\xff\xff")
    with pytest.raises(InvalidArgument, match="is not kept"):
        chain.app.query(path, b"", height=99)
    with pytest.raises(NotFound):
        chain.keepers.auth.account(chain.ctx, module_address("none"))


def test_simulate__should_not_change_anything(chain: Chain) -> None:
    tx = chain.tx(ALICE, transfer(ALICE, BOB, 5))
    outcome = chain.engine.simulate(tx)
    assert outcome.error is None
    assert 0 < outcome.gas_used < 200_000
    assert chain.sequence(ALICE) == 0
    used = chain.block(tx).results.tx_results[0].gas_used
    # The amounts have other lengths once a fee is paid.
    assert abs(used - outcome.gas_used) < 200


def test_registry__should_refuse_duplicates() -> None:
    handler = MsgHandler(MsgSend, lambda ctx, msg: msg, signer="from_address")
    query = QueryHandler("/a/B", MsgSend, MsgSend, lambda ctx, msg: msg, ("/path",))
    other = QueryHandler("/a/C", MsgSend, MsgSend, lambda ctx, msg: msg, ("/path",))

    def module(name: str, **parts: Any) -> Module:
        made = Module()
        made.name = name
        made.messages = lambda: parts.get("messages", ())  # type: ignore[method-assign]
        made.queries = lambda: parts.get("queries", ())  # type: ignore[method-assign]
        return made

    for first, second in (
        (module("a"), module("a")),
        (module("a", messages=(handler,)), module("b", messages=(handler,))),
        (module("a", queries=(query,)), module("b", queries=(query,))),
        (module("a", queries=(query,)), module("b", queries=(other,))),
    ):
        with pytest.raises(CompositionError):
            Registry([first, second])
    with pytest.raises(CompositionError, match="no signer field"):
        Registry([module("a", messages=(MsgHandler(MsgSend, lambda ctx, msg: msg, "creator"),))])


def test_module_account__should_be_named_before_the_application(chain: Chain) -> None:
    assert chain.keepers.bank.module_address("fee_collector") == module_address("fee_collector")
    with pytest.raises(ValueError, match="before the application"):
        chain.keepers.bank.module_address("late")


NEGATIVE = {"denom": "urock", "amount": "-1"}
GENESIS_FAULTS: list[tuple[str, Mapping[str, Any], str]] = [
    ("unknown module", {"nonsense": {}}, "do not exist: nonsense"),
    ("zrChain's own", {"treasury": {"params": {}, "keys": []}}, "treasury does not read keys"),
    ("misspelt", {"bank": {"balance": []}}, "bank does not read balance: a part holds"),
    ("bad address", {"bank": {"balances": [{"address": "x", "coins": []}]}}, "bank.balances"),
    ("no coins", {"bank": {"balances": [{"address": ALICE.address}]}}, "bank.balances"),
    (
        "bad amount",
        {"bank": {"balances": [{"address": ALICE.address, "coins": [NEGATIVE]}]}},
        "bank.balances",
    ),
    ("bad price", {"consensus": {"min_gas_price": "cheap"}}, "min_gas_price"),
    ("bad params", {"auth": {"params": {"no_such": 1}}}, "auth.params"),
]


@pytest.mark.parametrize(
    ("state", "message"),
    [row[1:] for row in GENESIS_FAULTS],
    ids=[row[0] for row in GENESIS_FAULTS],
)
def test_genesis__should_refuse_what_cannot_be(
    tmp_path: Path, state: dict[str, Any], message: str
) -> None:
    first = Genesis.model_validate({"app_state": state})
    with pytest.raises(GenesisError, match=message):
        Chain(tmp_path, first=first)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "must be a table"),
        ('{"chain_id": "!"}', "chain_id"),
        ('{"genesis_time": "now"}', "genesis_time"),
        ('{"unknown": 1}', "unknown"),
        ('{"app_state": {"bank": 1}}', "app_state.bank"),
    ],
)
def test_genesis_file__should_be_validated(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GenesisError, match=message):
        parse(text)
    file = tmp_path / "genesis.json"
    file.write_text(text)
    with pytest.raises(GenesisError, match=r"genesis\.json"):
        load(file)
    with pytest.raises(GenesisError, match="cannot read"):
        load(tmp_path / "none.json")


def test_chain__should_not_start_with_another_genesis(tmp_path: Path) -> None:
    Chain(tmp_path).close()
    other = genesis().model_copy(update={"chain_id": "other-1"})
    with pytest.raises(StoreForeign, match="belong together"):
        Chain(tmp_path, first=other)
