"""What `zrsign_chains` makes of Bitcoin is judged by a real node: addresses, PSBTs, spends."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import pytest
from coincurve import PrivateKey

from tests.relayer.nodes import bitcoind, btc_ask
from tests.zrsign_chains.builders import ALICE, BOB, REGTEST
from zrsign_chains import Intent
from zrsign_chains.bitcoin import BitcoinChain, BitcoinTx, Utxo

CHAIN = BitcoinChain(REGTEST)
COINS = 8
MATURITY = 100
COIN_SATS = 100_000_000

Node: TypeAlias = Callable[..., Any]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A regtest node on which Alice owns mature P2WPKH and P2TR coins."""
    with bitcoind(tmp_path_factory.mktemp("bitcoind")) as (url, cookie):

        def ask(method: str, *params: Any) -> Any:
            return btc_ask(url, cookie, method, *params)

        ask("generatetoaddress", COINS, CHAIN.address(ALICE.public_key))
        ask("generatetoaddress", COINS, CHAIN.taproot_address(ALICE.public_key))
        ask("generatetoaddress", MATURITY, CHAIN.address(BOB.public_key))
        yield ask


def coins(node: Node, script: bytes) -> list[Utxo]:
    """The mature, unspent coins of a script, as the node knows them."""
    found = node("scantxoutset", "start", [f"raw({script.hex()})"])
    return [
        Utxo(
            entry["txid"],
            entry["vout"],
            round(entry["amount"] * COIN_SATS),
            script,
            previous_transaction=made_by(node, entry),
        )
        for entry in found["unspents"]
        if found["height"] - entry["height"] >= MATURITY
    ]


def made_by(node: Node, entry: dict[str, Any]) -> bytes:
    block = node("getblockhash", entry["height"])
    return bytes.fromhex(node("getrawtransaction", entry["txid"], False, block))


def sign(tx: BitcoinTx) -> bytes:
    signatures = [
        ALICE.sign_taproot(digest) if spent.script_pubkey == ALICE.p2tr else ALICE.sign(digest)
        for spent, digest in zip(tx.inputs, CHAIN.sighashes(tx), strict=True)
    ]
    return CHAIN.assemble(tx, signatures, [ALICE.public_key] * len(tx.inputs))


def spend(node: Node, utxos: Sequence[Utxo], to: str, value: int) -> dict[str, Any]:
    """Compose, sign and mine a payment; what the node says of it once it is in a block."""
    intent = Intent(to=to, value=value, data=b"", max_network_fee=100_000)
    payload = CHAIN.compose(
        intent, utxos=utxos, fee_rate_sat_vb=3, change_public_key=ALICE.public_key
    )
    tx = CHAIN.parse(payload)
    CHAIN.verify_intent(tx, intent, ALICE.public_key)
    signed = sign(tx)
    (verdict,) = node("testmempoolaccept", [signed.hex()])
    assert verdict["allowed"], verdict
    assert round(verdict["fees"]["base"] * COIN_SATS) == tx.fee_sats
    assert tx.fee_sats >= 3 * verdict["vsize"]
    txid = node("sendrawtransaction", signed.hex())
    assert txid == CHAIN.transaction_id(signed)
    (block,) = node("generatetoaddress", 1, CHAIN.address(BOB.public_key))
    mined: dict[str, Any] = node("getrawtransaction", txid, True, block)
    return mined


@pytest.mark.parametrize("script", [ALICE.p2wpkh, ALICE.p2tr], ids=["p2wpkh", "p2tr"])
@pytest.mark.parametrize(
    "to",
    [
        CHAIN.address(BOB.public_key),
        CHAIN.taproot_address(BOB.public_key),
        "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
        "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
    ],
    ids=["to p2wpkh", "to p2tr", "to p2pkh", "to p2sh"],
)
def test_spend__should_be_accepted_and_mined(node: Node, script: bytes, to: str) -> None:
    available = coins(node, script)
    value = available[0].value_sats // 10
    mined = spend(node, available[:1], to, value)
    assert mined["confirmations"] == 1
    paid = {
        out["scriptPubKey"]["address"]: round(out["value"] * COIN_SATS) for out in mined["vout"]
    }
    assert paid[to] == value
    assert set(paid) == {to, CHAIN.address(ALICE.public_key)}


def test_spend_of_many_kinds_of_coins__should_be_accepted(node: Node) -> None:
    available = [*coins(node, ALICE.p2wpkh)[:2], *coins(node, ALICE.p2tr)[:1]]
    value = sum(coin.value_sats for coin in available) - 50_000
    assert len(spend(node, available, CHAIN.address(BOB.public_key), value)["vin"]) == 3


def test_wrong_signature__should_be_what_the_node_refuses_too(node: Node) -> None:
    (utxo,) = coins(node, ALICE.p2wpkh)[:1]
    intent = Intent(CHAIN.address(BOB.public_key), 10_000, b"", 10_000)
    payload = CHAIN.compose(
        intent, utxos=[utxo], fee_rate_sat_vb=3, change_public_key=ALICE.public_key
    )
    tx = CHAIN.parse(payload)
    signed = bytearray(sign(tx))
    signature = PrivateKey(ALICE.secret).sign(CHAIN.sighashes(tx)[0], hasher=None)
    signed[bytes(signed).index(signature) + 10] ^= 1
    (verdict,) = node("testmempoolaccept", [signed.hex()])
    assert not verdict["allowed"]


def test_psbt__should_mean_the_same_to_the_node(node: Node) -> None:
    utxos = [*coins(node, ALICE.p2wpkh)[:1], *coins(node, ALICE.p2tr)[:1]]
    value = sum(coin.value_sats for coin in utxos) - 100_000
    payload = CHAIN.compose(
        Intent(CHAIN.address(BOB.public_key), value, b"", 10_000),
        utxos=utxos,
        fee_rate_sat_vb=2,
        change_public_key=ALICE.public_key,
    )
    decoded = node("decodepsbt", base64.b64encode(payload).decode())
    tx = CHAIN.parse(payload)
    assert round(decoded["fee"] * COIN_SATS) == tx.fee_sats
    internal_keys = [entry.get("taproot_internal_key") for entry in decoded["inputs"]]
    assert sorted(filter(None, internal_keys)) == [ALICE.public_key[1:].hex()]


@pytest.mark.parametrize("script", [ALICE.p2wpkh, ALICE.p2tr], ids=["p2wpkh", "p2tr"])
def test_psbt_of_the_node__should_be_read_and_signed(node: Node, script: bytes) -> None:
    (utxo,) = coins(node, script)[:1]
    outputs = {CHAIN.address(BOB.public_key): (utxo.value_sats - 1_000) / COIN_SATS}
    created = node("createpsbt", [{"txid": utxo.txid, "vout": utxo.vout}], outputs)
    payload = base64.b64decode(node("utxoupdatepsbt", created))
    tx = CHAIN.parse(payload)
    assert (tx.to, tx.fee_sats) == (CHAIN.address(BOB.public_key), 1_000)
    (verdict,) = node("testmempoolaccept", [sign(tx).hex()])
    assert verdict["allowed"], verdict


def test_addresses__should_be_valid_to_the_node(node: Node) -> None:
    for address in (CHAIN.address(ALICE.public_key), CHAIN.taproot_address(ALICE.public_key)):
        verdict = node("validateaddress", address)
        assert verdict["isvalid"]
        assert verdict["scriptPubKey"] == CHAIN.script_for(address).hex()
