"""What is done once: a transaction is decoded and verified, a value of the state is compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import Message

from tests.zrchain_lite.chain import ALICE, BOB, FUNDS, Chain, transfer
from zrchain_lite import tx as transactions
from zrchain_lite.module import Context
from zrchain_lite.store import checked
from zrchain_lite.store.checked import CheckedStore, StateDamaged
from zrchain_lite.store.kv import MemoryStore
from zrchain_lite.store.tree import Tree
from zrchain_lite.tx import Decoder
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import TxRaw


def test_transaction__should_be_decoded_and_verified_once(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, real = [], transactions.decode

    def counting(tx: bytes, *args: Any) -> Any:
        decoded.append(tx)
        return real(tx, *args)

    monkeypatch.setattr(transactions, "decode", counting)
    transactions._verify.cache_clear()
    tx = chain.tx(ALICE, transfer(ALICE, BOB))
    chain.block(tx)
    verified = transactions._verify.cache_info()
    assert decoded == [tx]
    assert (verified.misses, verified.hits) == (1, 1)


def test_signature_of_what_was_verified__should_not_speak_for_another(chain: Chain) -> None:
    tx = chain.tx(ALICE, transfer(ALICE, BOB))
    assert chain.engine.check(tx).code == 0
    other = TxRaw.FromString(chain.tx(ALICE, transfer(ALICE, BOB, 2)))
    other.signatures[0] = TxRaw.FromString(tx).signatures[0]
    assert chain.send(other.SerializeToString()).code == 4
    stolen = TxRaw.FromString(chain.tx(BOB, transfer(BOB, ALICE)))
    stolen.signatures[0] = TxRaw.FromString(tx).signatures[0]
    assert chain.send(stolen.SerializeToString()).code == 4


def test_handler_that_changes_its_message__should_change_nobody_elses(chain: Chain) -> None:
    """A simulation before the block hands out messages of its own."""
    handlers, url = chain.app.registry.messages, "/cosmos.bank.v1beta1.MsgSend"
    real = handlers[url].handle

    def careless(ctx: Context, msg: Any) -> Message:
        answer = real(ctx, msg)
        msg.amount[0].amount = "700"
        return answer

    handlers[url] = replace(handlers[url], handle=careless)
    tx = chain.tx(ALICE, transfer(ALICE, BOB, 5))
    assert chain.send(tx).code == 0
    assert chain.engine.simulate(tx).error is None
    chain.engine.make_block()
    assert chain.balance(BOB) == FUNDS + 5


def test_decoder__should_forget_what_came_first(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    txs = [chain.tx(ALICE, transfer(ALICE, BOB, amount)) for amount in (1, 2, 3)]
    monkeypatch.setattr(transactions, "MAX_REMEMBERED", len(txs[0]) * 2)
    decoder = Decoder(chain.app.registry)
    first, second, third = map(decoder.look, txs)
    assert decoder.look(txs[0]) is not first, "the third had no room beside two others"
    assert decoder.look(txs[2]) is third
    assert decoder.take(txs[2]) is third
    assert decoder.take(txs[2]) is not third
    assert decoder.take(txs[1]) is not second


def test_state__should_be_compared_once_between_two_blocks() -> None:
    state, tree = MemoryStore(), MemoryStore()
    store = CheckedStore(state, tree)
    for key, row in Tree(tree).after([(b"k", b"v")])[1]:
        assert row is not None
        tree.set(key, row)
    state.set(b"k", b"v")
    assert store.get(b"k") == b"v"
    state.set(b"k", b"w")
    assert store.get(b"k") == b"v", "what was compared is served"
    store.forget()
    with pytest.raises(StateDamaged):
        store.get(b"k")


def test_state__should_be_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked, "MAX_REMEMBERED", 2)
    state, tree = MemoryStore(), MemoryStore()
    store = CheckedStore(state, tree)
    values = {b"long": bytes(checked.MAX_REMEMBERED_BYTES + 1), b"1": b"", b"2": b"", b"3": b""}
    for key, row in Tree(tree).after(sorted(values.items()))[1]:
        assert row is not None
        tree.set(key, row)
    for key, value in values.items():
        state.set(key, value)
        assert store.get(key) == value
        state.set(key, b"changed")
    served = [key for key in values if not isinstance(_read(store, key), StateDamaged)]
    assert served == [b"1", b"2"]


def _read(store: CheckedStore, key: bytes) -> bytes | StateDamaged | None:
    try:
        return store.get(key)
    except StateDamaged as error:
        return error
