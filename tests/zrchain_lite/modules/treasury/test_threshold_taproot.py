"""A shared taproot key: what FROST signs is what the ledger and Bitcoin's rules take.

The parties answer a key request with the internal key as key generation made it, whichever the
parity of its y, and sign under the output key: each tweaks its own share.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from btclib.script.engine import verify_input
from btclib.tx.tx import Tx
from btclib.tx.tx_out import TxOut

from tests.zrchain_lite.modules.treasury.world import FULFILLED, REJECTED, Account, World
from tests.zrsign_chains.builders import REGTEST, bitcoin_intent, coin
from tests.zrsign_dmpc.builders import run_dkg
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains.bitcoin import BitcoinChain, BitcoinTx
from zrsign_dmpc.frost import BIP340, SigningPackage, output_share
from zrsign_dmpc.frost.signing import generate_nonces
from zrsign_dmpc.frost.suites import has_odd_y
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.keys import KeyShare

CHAIN = BitcoinChain(REGTEST, taproot=True)
SIGNERS = (1, 3)


def generated(*, odd: bool) -> list[KeyShare]:
    """Shares of a fresh 2-of-3 key whose y has the wanted parity."""
    for seed in range(20):
        run = run_dkg(SECP256K1, 2, 3, seed=seed)
        shares = [run.share(i) for i in (1, 2, 3)]
        if has_odd_y(shares[0].info.public_key) is odd:
            return shares
    raise AssertionError("twenty keys of the same parity")


def sign(shares: Sequence[KeyShare], message: bytes) -> bytes:
    """By the holders of these shares, through the sessions' own arithmetic."""
    nonces = {share.index: generate_nonces(BIP340, share) for share in shares}
    commitments = tuple(nonces[i].commitment for i in sorted(nonces))
    package = SigningPackage(BIP340, shares[0].info, message, commitments)
    return package.aggregate({s.index: package.sign(s, nonces[s.index]) for s in shares})


def key_of(world: World, parties: list[Account], public_key: bytes) -> tuple[Account, int]:
    """A fulfilled key of a 2-of-3 keyring, and its owner."""
    owner = world.account()
    keyring = world.keyring(parties[0], parties, threshold=2)
    key = world.request_key(owner, world.workspace(owner), keyring, key_type="taproot")
    for party in parties[:2]:
        world.answer_key(party, key, public_key)
    return owner, key


def requested(world: World, owner: Account, key: int, payload: bytes) -> wire.SignRequest:
    answer = world.do(
        wire.MsgNewSignTransactionRequest(
            creator=owner.address,
            key_ids=[key],
            wallet_type=wire.WALLET_TYPE_BTC_TAPROOT_REGNET,
            unsigned_transaction=payload,
        )
    )
    return world.sign_request(answer.signature_request_id)


def payment(public_key: bytes) -> bytes:
    coins = [coin(90_000, script=CHAIN.own_script(public_key))]
    return CHAIN.compose(
        bitcoin_intent(), utxos=coins, fee_rate_sat_vb=2, change_public_key=public_key
    )


def satisfies_bitcoin(tx: BitcoinTx, raw: bytes) -> None:
    """An engine that knows nothing of this project."""
    (spent,) = tx.inputs
    verify_input([TxOut(spent.value_sats, spent.script_pubkey)], Tx.parse(raw), 0)


@pytest.mark.parametrize("odd", [False, True], ids=["even y", "odd y"])
def test_two_of_three__should_spend_the_wallets_coins(
    world: World, parties: list[Account], odd: bool
) -> None:
    shares = generated(odd=odd)
    public_key = shares[0].info.public_key.encode()
    assert public_key[0] == (3 if odd else 2)
    owner, key = key_of(world, parties, public_key)
    assert world.treasury.key(world.ctx(), key).public_key == public_key
    payload = payment(public_key)
    request = requested(world, owner, key, payload)
    (item,) = request.data_for_signing
    signature = sign([output_share(shares[i - 1]) for i in SIGNERS], item)
    for i in SIGNERS:
        world.answer(parties[i - 1], request.id, signature)
    answered = world.sign_request(request.id)
    assert answered.status == FULFILLED
    assert answered.signed_data[0].signed_data == signature
    tx = CHAIN.parse(payload)
    satisfies_bitcoin(tx, CHAIN.assemble(tx, [signature], [public_key]))


def test_shares_that_nobody_tweaked__should_not_answer(
    world: World, parties: list[Account]
) -> None:
    shares = generated(odd=False)
    public_key = shares[0].info.public_key.encode()
    owner, key = key_of(world, parties, public_key)
    request = requested(world, owner, key, payment(public_key))
    signature = sign(shares[:2], request.data_for_signing[0])
    for party in parties[:2]:
        world.answer(party, request.id, signature)
    refused = world.sign_request(request.id)
    assert refused.status == REJECTED
    assert "does not verify under the taproot output key" in refused.reject_reason
