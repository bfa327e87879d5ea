"""What a transaction must satisfy: one row for each way to be refused, with its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage

from tests.zrchain_lite.chain import (
    ALICE,
    BOB,
    CHAIN_ID,
    FEE,
    FUNDS,
    GAS,
    NOBODY,
    Chain,
    genesis,
    transfer,
)
from zrchain_lite.amino import sign_bytes as amino_sign_bytes
from zrchain_lite.errors import TxRejected, Unauthorized
from zrchain_lite.gas import TRANSACTION
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import FEE_COLLECTOR, module_address
from zrchain_lite.tx import TxSigner, build, sign_bytes, sign_low_s
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.tx.signing.v1beta1 import signing_pb2
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import AuthInfo, TxBody, TxRaw
from zrsign_chains.ecdsa import N
from zrsign_receiver.answers.answers import MODULE_ADDRESS

Make = Callable[[Chain], bytes]


def edited(change: Callable[[TxRaw, TxBody, AuthInfo], None]) -> Make:
    """A good transfer whose parts were changed after signing."""

    def make(chain: Chain) -> bytes:
        raw = TxRaw.FromString(chain.tx(ALICE, transfer(ALICE, BOB)))
        body, auth = TxBody.FromString(raw.body_bytes), AuthInfo.FromString(raw.auth_info_bytes)
        change(raw, body, auth)
        raw.body_bytes, raw.auth_info_bytes = body.SerializeToString(), auth.SerializeToString()
        return raw.SerializeToString()

    return make


def signed(**options: Any) -> Make:
    return lambda chain: chain.tx(ALICE, transfer(ALICE, BOB), **options)


def high_s(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    r, s = raw.signatures[0][:32], int.from_bytes(raw.signatures[0][32:], "big")
    raw.signatures[0] = r + (N - s).to_bytes(32, "big")


def flipped(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    raw.signatures[0] = raw.signatures[0][:-1] + bytes([raw.signatures[0][-1] ^ 1])


def without_signature(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    del raw.signatures[:]


def twice_signed(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    raw.signatures.append(raw.signatures[0])


def unknown_type(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    body.messages[0].type_url = "/cosmos.bank.v1beta1.MsgBurnItAll"


def unknown_field(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    body.messages[0].value += bytes.fromhex("f83f01")


def unknown_body_field(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    body.MergeFromString(bytes.fromhex("f83f01"))


def garbage_message(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    body.messages[0].value = b"\xff\xff"


def no_message(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    del body.messages[:]


def extension(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    body.extension_options.append(AnyMessage(type_url="/x"))


def amino(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    auth.signer_infos[0].mode_info.single.mode = signing_pb2.SIGN_MODE_LEGACY_AMINO_JSON


def textual(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    auth.signer_infos[0].mode_info.single.mode = signing_pb2.SIGN_MODE_TEXTUAL


def multi(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    auth.signer_infos[0].mode_info.multi.mode_infos.add().single.mode = signing_pb2.SIGN_MODE_DIRECT


def other_payer(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    auth.fee.payer = BOB.address


def granter(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    auth.fee.granter = BOB.address


def foreign_key(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    key = auth.signer_infos[0].public_key
    key.value = key.value[:2] + BOB.public_key


def broken_key(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    key = auth.signer_infos[0].public_key
    key.value = key.value[:2] + b"\x02" + b"\xff" * 32


def odd_key_type(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    auth.signer_infos[0].public_key.type_url = "/cosmos.bank.v1beta1.MsgSend"
    auth.signer_infos[0].public_key.value = b""


def keyless(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
    auth.signer_infos[0].ClearField("public_key")


def from_module(chain: Chain) -> bytes:
    message = transfer(ALICE, BOB)
    message.from_address = module_address(FEE_COLLECTOR)
    return chain.tx(ALICE, message)


def trailing(chain: Chain) -> bytes:
    return chain.tx(ALICE, transfer(ALICE, BOB)) + b"\x00"


def reordered(chain: Chain) -> bytes:
    raw = TxRaw.FromString(chain.tx(ALICE, transfer(ALICE, BOB)))
    first = TxRaw(body_bytes=raw.body_bytes).SerializeToString()
    raw.ClearField("body_bytes")
    return raw.SerializeToString() + first


def from_no_address(chain: Chain) -> bytes:
    message = transfer(ALICE, BOB)
    message.from_address = ALICE.address[:-1]
    return chain.tx(ALICE, message)


def unfunded(chain: Chain) -> bytes:
    signer = TxSigner(NOBODY.secret, 0, 0)
    options = {"chain_id": CHAIN_ID, "gas_limit": GAS, "fee": FEE}
    return build([transfer(NOBODY, BOB)], [signer], **options)  # type: ignore[arg-type]


def signed_by_bob(chain: Chain) -> bytes:
    return chain.tx(BOB, transfer(ALICE, BOB))


ROWS: list[tuple[str, Make, str, int]] = [
    ("empty", lambda chain: b"", "sdk", 18),
    ("garbage", lambda chain: b"\xff" * 40, "sdk", 2),
    ("trailing garbage", trailing, "sdk", 2),
    ("fields out of order", reordered, "sdk", 2),
    ("unknown message type", edited(unknown_type), "sdk", 6),
    ("unknown field in a message", edited(unknown_field), "sdk", 2),
    ("unknown field in the body", edited(unknown_body_field), "sdk", 2),
    ("message that does not decode", edited(garbage_message), "sdk", 2),
    ("no message", edited(no_message), "sdk", 18),
    ("extension option", edited(extension), "sdk", 31),
    ("no gas", signed(gas_limit=0), "sdk", 18),
    ("too much gas", signed(gas_limit=10**9, fee=10**6), "sdk", 18),
    ("fee too low", signed(fee=FEE - 1), "sdk", 13),
    ("no fee", signed(fee=0), "sdk", 13),
    ("fee in another coin", signed(denom="uother"), "sdk", 13),
    ("fee above the balance", signed(fee=FUNDS + 1), "sdk", 5),
    ("fee paid by somebody else", edited(other_payer), "sdk", 4),
    ("fee grant", edited(granter), "sdk", 4),
    ("memo too long", signed(memo="x" * 257), "sdk", 12),
    ("timeout height passed", signed(timeout_height=1), "sdk", 30),
    ("other chain", signed(chain_id="other-chain"), "sdk", 4),
    ("sequence ahead", signed(ahead=1), "sdk", 32),
    ("no signature", edited(without_signature), "sdk", 15),
    ("two signatures", edited(twice_signed), "sdk", 4),
    ("wrong signature", edited(flipped), "sdk", 4),
    ("high s", edited(high_s), "sdk", 4),
    ("amino over a direct signature", edited(amino), "sdk", 4),
    ("textual", edited(textual), "sdk", 37),
    ("several modes of one key", edited(multi), "sdk", 4),
    ("somebody else's key", edited(foreign_key), "sdk", 8),
    ("a key of another type", edited(odd_key_type), "sdk", 8),
    ("no key", edited(keyless), "sdk", 8),
    ("a key that is no point", edited(broken_key), "sdk", 8),
    ("account that does not exist", unfunded, "sdk", 9),
    ("signed by another account", signed_by_bob, "sdk", 8),
    ("out of gas before the messages", signed(gas_limit=1000), "sdk", 11),
    ("the least gas", signed(gas_limit=1), "sdk", 11),
    ("from a module's account", from_module, "sdk", 4),
    ("from what is no address", from_no_address, "sdk", 7),
]


@pytest.mark.parametrize(
    ("make", "codespace", "code"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_ante__should_refuse(chain: Chain, make: Make, codespace: str, code: int) -> None:
    tx = make(chain)

    check = chain.send(tx)

    assert (check.codespace, check.code) == (codespace, code), check.log
    assert check.log
    # The same in a block: a proposer may carry what CheckTx would have refused.
    balances, sequence = chain.balance(ALICE), chain.sequence(ALICE)
    record = chain.engine.make_block([tx])
    assert all(result.code == code for result in record.results.tx_results)
    assert (chain.balance(ALICE), chain.sequence(ALICE)) == (balances, sequence)


def test_ante__should_admit_a_good_transaction(chain: Chain) -> None:
    assert chain.send(chain.tx(ALICE, transfer(ALICE, BOB), memo="x" * 256)).code == 0
    assert chain.send(chain.tx(BOB, transfer(BOB, ALICE), timeout_height=2)).code == 0


def test_ante__should_admit_a_known_account_without_its_key(chain: Chain) -> None:
    with pytest.raises(TxRejected, match=f"the first transaction of {ALICE.address} names its key"):
        chain.checked(edited(keyless)(chain))
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    signer = chain.signer(ALICE)
    raw = TxRaw.FromString(chain.tx(ALICE, transfer(ALICE, BOB)))
    auth = AuthInfo.FromString(raw.auth_info_bytes)
    auth.signer_infos[0].ClearField("public_key")
    assert signer.sequence == 1
    raw.auth_info_bytes = auth.SerializeToString()
    resigned = _resign(raw, signer)
    assert chain.send(resigned).code == 0


def _resign(raw: TxRaw, signer: TxSigner) -> bytes:
    document = sign_bytes(raw, CHAIN_ID, signer.account_number)
    raw.signatures[0] = sign_low_s(signer.secret, sha256(document).digest())
    return raw.SerializeToString()


def test_ante__should_want_every_signer(chain: Chain) -> None:
    both = [transfer(ALICE, BOB, 5), transfer(BOB, ALICE, 7)]
    options = {"chain_id": CHAIN_ID, "gas_limit": GAS, "fee": FEE}
    alone = build(both, [chain.signer(ALICE)], **options)  # type: ignore[arg-type]
    assert chain.send(alone).code == 4
    signers = [chain.signer(ALICE), chain.signer(BOB)]
    together = build(both, signers, **options)  # type: ignore[arg-type]

    record = chain.block(together)

    assert record.results.tx_results[0].code == 0
    assert chain.balance(ALICE) == FUNDS - FEE + 2
    assert (chain.sequence(ALICE), chain.sequence(BOB)) == (1, 1)


def test_ante__should_take_the_gas_price_of_genesis(tmp_path: Path) -> None:
    priced = genesis(consensus={"min_gas_price": "0.5urock"})
    chain = Chain(tmp_path, first=priced)
    refused = chain.send(chain.tx(ALICE, transfer(ALICE, BOB), gas_limit=100_001, fee=50_000))
    assert (refused.code, "required 50001urock" in refused.log) == (13, True)
    assert (
        chain.send(chain.tx(ALICE, transfer(ALICE, BOB), gas_limit=100_001, fee=50_001)).code == 0
    )
    chain.close()


def test_ante__should_refuse_a_transaction_above_the_size_limit(chain: Chain) -> None:
    coins = [Coin(denom="urock", amount="1")]
    big = MsgSend(from_address=ALICE.address, to_address="z" * 1_100_000, amount=coins)
    assert chain.send(chain.tx(ALICE, big)).code == 21


def test_ante__should_pay_fees_to_the_collector(chain: Chain) -> None:
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB), fee=777))
    collector = module_address(FEE_COLLECTOR)
    assert chain.keepers.bank.balance(chain.ctx, collector) == 777


def told(ctx: Context) -> list[dict[str, str]]:
    """What the ante says of the transaction, in events."""
    return [dict(event.attributes) for event in ctx.events if event.type == "tx"]


def test_ante__should_charge_for_each_byte_and_each_signature(chain: Chain) -> None:
    both = [transfer(ALICE, BOB), transfer(BOB, ALICE)]
    signers = [chain.signer(ALICE), chain.signer(BOB)]
    tx = build(both, signers, chain_id=CHAIN_ID, gas_limit=GAS, fee=FEE)
    params = chain.keepers.auth.params(chain.ctx)

    meter, _ = chain.checked(tx)

    signatures = 2 * params.sig_verify_cost_secp256k1
    assert meter.used == TRANSACTION + len(tx) * params.tx_size_cost_per_byte + signatures


def test_ante__should_say_who_paid_how_much(chain: Chain) -> None:
    _, ctx = chain.checked(chain.tx(ALICE, transfer(ALICE, BOB)))
    assert told(ctx) == [
        {"acc_seq": f"{ALICE.address}/0"},
        {"fee": f"{FEE}urock", "fee_payer": ALICE.address},
    ]


def test_ante__should_look_at_no_fee_signature_or_sequence_when_it_simulates(chain: Chain) -> None:
    tx = chain.tx(ALICE, transfer(ALICE, BOB), ahead=3, fee=FUNDS + 1, gas_limit=0)
    raw = TxRaw.FromString(tx)
    del raw.signatures[:]

    meter, ctx = chain.checked(raw.SerializeToString(), simulate=True)

    assert meter.limit == 20_000_000
    assert told(ctx) == [
        {"acc_seq": f"{ALICE.address}/0"},
        {"fee": "", "fee_payer": ALICE.address},
    ]
    keepers = chain.keepers
    assert keepers.bank.balance(ctx, ALICE.address) == FUNDS
    assert keepers.auth.account(ctx, ALICE.address).sequence == 1


def test_ante__should_simulate_without_any_signer_info(chain: Chain) -> None:
    raw = TxRaw.FromString(chain.tx(ALICE, transfer(ALICE, BOB)))
    auth = AuthInfo.FromString(raw.auth_info_bytes)
    del auth.signer_infos[:], raw.signatures[:]
    raw.auth_info_bytes = auth.SerializeToString()
    tx = raw.SerializeToString()

    meter, ctx = chain.checked(tx, simulate=True)

    assert chain.keepers.auth.account(ctx, ALICE.address).sequence == 1
    params = chain.keepers.auth.params(ctx)
    size = len(tx) * params.tx_size_cost_per_byte
    assert meter.used == TRANSACTION + size + params.sig_verify_cost_secp256k1
    assert chain.keepers.auth.public_key(ctx, ALICE.address) is None
    with pytest.raises(TxRejected) as refused:
        chain.checked(tx)
    assert refused.value.code == 15


def test_ante__should_refuse_a_fee_of_two_coins(chain: Chain) -> None:
    def two_coins(raw: TxRaw, body: TxBody, auth: AuthInfo) -> None:
        auth.fee.amount.append(Coin(denom="urock", amount=str(FEE)))

    with pytest.raises(TxRejected, match="one coin of urock") as refused:
        chain.checked(edited(two_coins)(chain))
    assert refused.value.code == 13


def test_ante__should_take_no_fee_where_none_is_wanted(tmp_path: Path) -> None:
    chain = Chain(tmp_path, first=genesis(consensus={"min_gas_price": "0urock"}))
    tx = edited(lambda raw, body, auth: auth.fee.ClearField("amount"))(chain)
    _, ctx = chain.checked(_resign(TxRaw.FromString(tx), chain.signer(ALICE)))
    assert told(ctx) == [
        {"acc_seq": f"{ALICE.address}/0"},
        {"fee": "", "fee_payer": ALICE.address},
    ]
    assert {event.type for event in ctx.events} == {"tx"}
    chain.close()


def test_ante__should_bound_gas_by_the_block_and_by_the_most_that_any_may_have(
    tmp_path: Path,
) -> None:
    for name, block_gas, most in (
        ("small", 300_000, 300_000),
        ("endless", -1, 40_000_000),
    ):
        params = {"params": {"block": {"max_gas": str(block_gas)}}}
        chain = Chain(tmp_path / name, first=genesis(consensus=params))
        tx = chain.tx(ALICE, transfer(ALICE, BOB), gas_limit=most, fee=10**6)
        assert chain.checked(tx)[0].limit == most
        above = chain.tx(ALICE, transfer(ALICE, BOB), gas_limit=most + 1, fee=10**6)
        with pytest.raises(TxRejected, match=f"within 1 and {most}$"):
            chain.checked(above)
        chain.close()


def test_ante__should_take_a_transaction_up_to_its_last_height(chain: Chain) -> None:
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    now = chain.ctx.height
    assert chain.checked(chain.tx(ALICE, transfer(ALICE, BOB), timeout_height=now))
    late = chain.tx(ALICE, transfer(ALICE, BOB), timeout_height=now - 1)
    with pytest.raises(TxRejected, match="has passed"):
        chain.checked(late)


def test_ante__should_bound_the_number_of_signatures(tmp_path: Path) -> None:
    params = {"params": {"tx_sig_limit": "1"}}
    chain = Chain(tmp_path / "one", first=genesis(auth=params))
    both = [transfer(ALICE, BOB), transfer(BOB, ALICE)]
    signers = [chain.signer(ALICE), chain.signer(BOB)]
    check = chain.send(build(both, signers, chain_id=CHAIN_ID, gas_limit=GAS, fee=FEE))
    assert (check.codespace, check.code) == ("sdk", 14), check.log
    assert chain.send(chain.tx(ALICE, transfer(ALICE, BOB))).code == 0
    # Too many are refused before any of them is looked at.
    from_fees = transfer(ALICE, BOB)
    from_fees.from_address = module_address(FEE_COLLECTOR)
    assert chain.send(chain.tx(BOB, from_fees, transfer(BOB, ALICE))).code == 14
    chain.close()


def test_ante__should_admit_a_sequence_as_far_ahead_as_it_is_told(chain: Chain) -> None:
    for ahead in (0, 1, 2):
        assert chain.checked(chain.tx(ALICE, transfer(ALICE, BOB), ahead=ahead), ahead=2)
    with pytest.raises(TxRejected, match="expected 0, got 3") as refused:
        chain.checked(chain.tx(ALICE, transfer(ALICE, BOB), ahead=3), ahead=2)
    assert refused.value.code == 32
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    with pytest.raises(TxRejected, match="expected 1, got 0"):
        chain.checked(chain.tx(ALICE, transfer(ALICE, BOB), ahead=-1), ahead=2)


def test_ante__should_not_verify_again_what_was_verified(chain: Chain) -> None:
    tx = edited(flipped)(chain)
    with pytest.raises(Unauthorized, match="signature verification failed"):
        chain.checked(tx)
    meter, _ = chain.checked(tx, verify=False)
    assert meter.used == chain.checked(chain.tx(ALICE, transfer(ALICE, BOB)))[0].used


def test_signers__should_each_sign_in_a_mode_of_their_own(chain: Chain) -> None:
    """A direct signer, and one whose device knows only amino JSON."""
    both = [transfer(ALICE, BOB), transfer(BOB, ALICE)]
    signers = [chain.signer(ALICE), chain.signer(BOB)]
    raw = TxRaw.FromString(build(both, signers, chain_id=CHAIN_ID, gas_limit=GAS, fee=FEE))
    auth = AuthInfo.FromString(raw.auth_info_bytes)
    auth.signer_infos[1].mode_info.single.mode = signing_pb2.SIGN_MODE_LEGACY_AMINO_JSON
    raw.auth_info_bytes = auth.SerializeToString()
    body, bob = TxBody.FromString(raw.body_bytes), signers[1]
    documents = [
        sign_bytes(raw, CHAIN_ID, signers[0].account_number),
        amino_sign_bytes(body, auth, CHAIN_ID, bob.account_number, bob.sequence),
    ]
    for at, (signer, document) in enumerate(zip(signers, documents, strict=True)):
        raw.signatures[at] = sign_low_s(signer.secret, sha256(document).digest())
    assert chain.send(raw.SerializeToString()).code == 0


def test_receivers_account__should_be_paid_by_nobody(chain: Chain) -> None:
    """It asks for signatures in its own name; coins that reach it are lost."""
    to = replace(BOB, address=MODULE_ADDRESS)
    (result,) = chain.block(chain.tx(ALICE, transfer(ALICE, to))).results.tx_results
    assert result.code == 4, result.log
