"""Proofs of the running ledger, against its headers; and a state that the disk has changed."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from tests.processes import run
from tests.zrchain_lite.chain import ALICE, BOB, CAROL, FUNDS, Chain, genesis, transfer
from zrchain_lite.client import Account, LedgerClient
from zrchain_lite.genesis import Genesis
from zrchain_lite.node import RunningNode
from zrchain_lite.store import proofs
from zrchain_lite.store.checked import StateDamaged
from zrchain_lite.store.lmdb_store import FORMAT, OLDER_TIME_KEY, LmdbStore, StoreCorrupted
from zrchain_lite.store.tree import TreeDamaged
from zrchain_lite.store.versions import KEPT_VERSIONS, MAX_UNDONE, encode_undo, undo_key
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.ics23.v1.proofs_pb2 import CommitmentProof
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrsign_daemon.program import program

SCRIPT = Path(__file__).resolve().parents[1] / "cosmjs" / "proofs.mjs"
MODULES = SCRIPT.parent / "node_modules"
NODE = shutil.which("node") or str(SCRIPT.parents[2] / ".tools" / "bin" / "node")


def balance_key(chain: Chain, address: str) -> bytes:
    found = (key for key, _ in chain.store.state.iterate(b"bank/balance/"))
    return next(key for key in found if address.encode() in key)


def asked(chain: Chain, key: bytes, height: int = 0, *, prove: bool = True) -> abci.ResponseQuery:
    request = abci.RequestQuery(path="/key", data=key, height=height, prove=prove)
    return chain.app.abci_query(request)


def verified(chain: Chain, key: bytes, height: int = 0) -> bytes | None:
    """The value under a key by an answer's proof, against the header of the block after."""
    answer = asked(chain, key, height)
    assert answer.code == 0, answer.log
    header = chain.engine.block(answer.height + 1)
    assert header is not None
    (op,) = answer.proof_ops.ops
    proof = CommitmentProof.FromString(op.data)
    value = answer.value if proof.HasField("exist") else None
    proofs.verify(header.block.header.app_hash, key, value, proof)
    return value


def test_every_kept_height__should_be_proven_by_the_next_header(chain: Chain) -> None:
    key = balance_key(chain, BOB.address)
    amounts = {1: FUNDS}
    for n in range(KEPT_VERSIONS + 3):
        height = chain.block(chain.tx(ALICE, transfer(ALICE, BOB, n + 1))).height
        amounts[height] = chain.balance(BOB)
    tip = chain.app.tip.height
    for height in range(tip - KEPT_VERSIONS, tip):
        value = verified(chain, key, height)
        assert value is not None
        assert int(Coin.FromString(value).amount) == amounts[height]
        assert verified(chain, b"bank/balance/nobody", height) is None
    assert asked(chain, key).height == tip - 1
    assert asked(chain, key, tip - KEPT_VERSIONS - 1).code != 0
    assert asked(chain, key, tip + 1).code != 0
    assert asked(chain, key, prove=False).height == tip


def test_every_key_of_the_state__should_be_proven(chain: Chain) -> None:
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB, 5)))
    at = chain.app.tip.height
    stored = dict(chain.store.state.iterate(b""))
    chain.engine.make_block()
    for key, value in stored.items():
        assert verified(chain, key, at) == value
        assert verified(chain, key + b"\x00", at) is None


def test_block_without_transactions__should_keep_the_app_hash(chain: Chain) -> None:
    before = chain.app.tip
    chain.clock.ms += 60_000
    chain.engine.make_block()
    assert chain.app.tip.app_hash == before.app_hash
    assert chain.app.tip.time_ms == before.time_ms + 60_000


def test_too_much_to_undo__should_be_refused(chain: Chain) -> None:
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB, 5)))
    undone = encode_undo([(b"%d" % n, None) for n in range(MAX_UNDONE + 1)])
    chain.store._durably(
        lambda txn: txn.put(undo_key(chain.app.tip.height), undone, db=chain.store._tree)
    )
    chain.app.refresh()
    answer = asked(chain, b"x", chain.app.tip.height - 1)
    assert "ask for a later one" in answer.log
    assert asked(chain, b"x", chain.app.tip.height).code == 0


def test_proof__should_be_of_a_key_alone(chain: Chain) -> None:
    path = "/cosmos.bank.v1beta1.Query/Balance"
    answer = chain.app.abci_query(abci.RequestQuery(path=path, prove=True))
    assert "/key" in answer.log


async def test_grpc__should_answer_proofs(node: RunningNode) -> None:
    client = LedgerClient(f"127.0.0.1:{node.grpc_port}", account=ALICE)
    sent = await client.broadcast(transfer(ALICE, BOB, 5))
    balances = node.engine.app._state.iterate(b"bank/balance/")
    key = next(key for key, _ in balances if BOB.address.encode() in key)
    request = tm.ABCIQueryRequest(path="/key", data=key, prove=True, height=sent.height)
    path = "/cosmos.base.tendermint.v1beta1.Service/ABCIQuery"
    answer = await client.query(path, request, tm.ABCIQueryResponse)
    assert Coin.FromString(answer.value).amount == str(FUNDS + 5)
    proof = CommitmentProof.FromString(answer.proof_ops.ops[0].data)
    await node.engine.wait_above(sent.height, 5)
    header = node.engine.block(sent.height + 1)
    assert header is not None
    proofs.verify(header.block.header.app_hash, key, answer.value, proof)
    await client.close()


async def test_ics23_library__should_accept_the_proofs(node: RunningNode) -> None:
    """@confio/ics23, by CosmJS: present and absent keys, and neither for anything else."""
    client = LedgerClient(f"127.0.0.1:{node.grpc_port}", account=ALICE)
    await client.broadcast(transfer(ALICE, BOB, 5))
    await client.broadcast(transfer(ALICE, BOB, 6))
    await client.close()
    state = dict(node.engine.app._state.iterate(b""))
    there = sorted(state)
    missing = [key + b"?" for key in there]
    words = [NODE, SCRIPT, MODULES, f"http://127.0.0.1:{node.rpc_port}"]
    done = await asyncio.to_thread(run, [*words, *(key.hex() for key in there + missing)])
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    present, absent = seen[: len(there)], seen[len(there) :]
    assert [each for each in present if not each["present"] or each["absent"]] == []
    understood = [each for each in absent if each["plain"]]
    assert len(understood) > len(absent) // 4
    assert all(each["absent"] and not each["present"] for each in understood)
    assert not any(each["other"] or each["elsewhere"] for each in seen)


def many_accounts() -> Genesis:
    """A state of more than one bucket of the tree."""
    funds = [{"denom": "urock", "amount": str(FUNDS)}]
    accounts = [ALICE, *(Account.from_secret(bytes([n]) * 32) for n in range(20, 50))]
    balances = [{"address": account.address, "coins": funds} for account in accounts]
    return genesis(bank={"balances": balances})


# -- a disk that changes what it keeps ------------------------------------------------------------


def rewritten(folder: Path, name: bytes, change: Callable[[bytes, bytes], bytes | None]) -> None:
    """Change the first row of a database, for which `change` gives another value."""
    with (
        lmdb.open(str(folder), max_dbs=5) as environment,
        environment.begin(write=True, db=environment.open_db(name)) as txn,
    ):
        for key, value in txn.cursor():
            if (other := change(bytes(key), bytes(value))) is not None:
                txn.put(key, other)
                return
    raise AssertionError("no row is changed")


def richer(key: bytes, value: bytes) -> bytes | None:
    """Alice's balance with its first digit flipped."""
    if not (key.startswith(b"bank/balance/") and ALICE.address.encode() in key):
        return None
    coin = Coin.FromString(value)
    coin.amount = "9" + coin.amount[1:]
    return coin.SerializeToString()


def test_flipped_balance__should_be_neither_served_nor_spent(tmp_path: Path) -> None:
    Chain(tmp_path).close()
    rewritten(tmp_path, b"state", richer)
    chain = Chain(tmp_path)
    query = "/cosmos.bank.v1beta1.Query/Balance"
    request = bank.QueryBalanceRequest(address=ALICE.address, denom="urock")
    with pytest.raises(StateDamaged, match="zrsign ledger verify"):
        chain.app.query(query, request.SerializeToString())
    chain.close()

    chain = Chain(tmp_path)
    height = chain.app.tip.height
    tx = chain.tx(ALICE, transfer(ALICE, BOB, 2 * FUNDS))
    assert "is not what was stored" in chain.send(tx).log
    with pytest.raises(StateDamaged):
        chain.engine.make_block([tx])
    assert chain.app.tip.height == height, "nothing of it is in a block"
    chain.close()


def test_flipped_balance_of_another__should_not_stop_a_block(tmp_path: Path) -> None:
    Chain(tmp_path).close()
    rewritten(tmp_path, b"state", richer)
    chain = Chain(tmp_path)
    record = chain.block(chain.tx(BOB, transfer(BOB, CAROL, 2)))
    assert record.results.tx_results[0].code == 0
    chain.close()


def test_tree_of_another_state__should_not_start(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.close()

    def other(key: bytes, value: bytes) -> bytes | None:
        return bytes(32) if key == b"app_hash" else None

    rewritten(tmp_path, b"meta", other)
    with pytest.raises(StoreCorrupted, match="app hash"):
        Chain(tmp_path)


def flipped(prefix: bytes) -> Callable[[bytes, bytes], bytes | None]:
    """A bit in the middle of the first row under a prefix."""

    def change(key: bytes, value: bytes) -> bytes | None:
        wrong = bytearray(value)
        if wrong:
            wrong[len(wrong) // 2] ^= 1
        return bytes(wrong) if wrong and key.startswith(prefix) else None

    return change


@pytest.mark.parametrize(
    ("name", "prefix", "says"),
    [
        (b"state", b"bank/balance/", "state: b'bank/balance/"),
        (b"tree", b"l", "tree: a row"),
        (b"tree", b"p", "tree: a row"),
        (b"chain", b"block/", "block 1"),
    ],
)
def test_verify__should_name_what_is_damaged(
    tmp_path: Path, name: bytes, prefix: bytes, says: str
) -> None:
    chain = Chain(tmp_path, first=many_accounts())
    for n in range(3):
        chain.block(chain.tx(ALICE, transfer(ALICE, BOB, n + 1)))
    chain.close()
    command = program("zrsign", "ledger", "verify", "--home", tmp_path)
    whole = run(command)
    assert (whole.returncode, "height    4" in whole.stdout) == (0, True), whole.stdout
    rewritten(tmp_path, name, flipped(prefix))
    damaged = run(command)
    assert damaged.returncode == 1
    assert says in " ".join(damaged.stdout.split())


# -- a store of format 2 --------------------------------------------------------------------------


def without_tree(folder: Path) -> None:
    """What a store of format 2 has, made of today's."""
    store = LmdbStore(folder)
    time_ms = store.tip().time_ms.to_bytes(8, "big")
    store._durably(lambda txn: txn.put(OLDER_TIME_KEY, time_ms, db=store._state))
    store._durably(lambda txn: txn.drop(store._tree, delete=False))
    store._durably(lambda txn: txn.put(b"format", b"zrchain-lite/2", db=store._meta))
    store._durably(lambda txn: txn.delete(b"tree", db=store._meta))
    store._durably(lambda txn: txn.delete(b"time_ms", db=store._meta))
    store.close()


def test_store_without_a_tree__should_be_given_one_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain(tmp_path / "home")
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB, 5)))
    before = chain.app.tip
    chain.close()
    without_tree(tmp_path / "home")
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    tips = []
    for folder, piece in (("home", 10_000), ("copy", 3)):
        monkeypatch.setattr("zrchain_lite.store.lmdb_store.BUILD_PAIRS", piece)
        again = Chain(tmp_path / folder, first=genesis())
        assert again.store.format() == FORMAT
        assert again.app.tip.app_hash == before.app_hash, "the state is the same"
        assert again.app.tip.height == before.height + 1
        assert again.store.state.get(OLDER_TIME_KEY) is None
        again.block(again.tx(ALICE, transfer(ALICE, BOB, 5)))
        assert verified(again, balance_key(again, BOB.address), before.height + 1) is not None
        assert asked(again, b"x", before.height).code != 0, "the state before has no root"
        tips.append(again.app.tip)
        again.close()
    assert tips[0] == tips[1]


def test_damaged_tree__should_stop_the_block_that_needs_it(tmp_path: Path) -> None:
    Chain(tmp_path, first=many_accounts()).close()
    rewritten(tmp_path, b"tree", flipped(b"p"))
    with pytest.raises((TreeDamaged, StoreCorrupted)):
        Chain(tmp_path)
