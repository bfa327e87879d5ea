"""The treasury's queries: filters, pages, derived addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.zrchain_lite.modules.treasury.world import (
    BITCOIN,
    ECDSA,
    ED25519,
    TAPROOT,
    Account,
    World,
)
from tests.zrsign_chains.builders import REGTEST, bitcoin_intent, coin
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_chains.bitcoin_scripts import p2wpkh_script

EVM_OWNER = "0xbe27E519A220D4336A5F9d08C7fa542175E30dA0"
ITEM = b"\x11" * 32
PENDING, PARTIAL, FULFILLED = 1, 2, 3


@pytest.mark.parametrize(
    "method",
    [
        "treasury.Query/ZenbtcWallets",
        "treasury.Query/DctWallets",
        "policy.Query/SignMethodsByAddress",
    ],
)
def test_list_of_what_is_not_here__should_be_empty(method: str) -> None:
    world = World()
    handler = world.registry.query("/zrchain." + method)
    answer = world.query("/zrchain." + method, handler.request())
    assert [field.name for field, _ in answer.ListFields()] == ["pagination"]


def ask(world: World, name: str, **fields: Any) -> Any:
    request = getattr(wire, f"Query{name}Request")(**fields)
    return world.query(f"/zrchain.treasury.Query/{name}", request)


def test_keys__should_list_derived_addresses(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    for secret in (ECDSA, BITCOIN, ED25519, TAPROOT):
        world.key(owner, workspace, keyring, party, secret)
    answer = ask(world, "Keys", workspace_addr=workspace)
    types = [[wallet.type for wallet in item.wallets] for item in answer.keys]
    assert types == [
        ["WALLET_TYPE_NATIVE", "WALLET_TYPE_EVM"],
        [
            "WALLET_TYPE_BTC_TESTNET",
            "WALLET_TYPE_BTC_MAINNET",
            "WALLET_TYPE_BTC_REGNET",
            "WALLET_TYPE_BTC_SIGNET",
            "WALLET_TYPE_BTC_TESTNET4",
        ],
        ["WALLET_TYPE_SOLANA"],
        [
            "WALLET_TYPE_BTC_TAPROOT_TESTNET",
            "WALLET_TYPE_BTC_TAPROOT_MAINNET",
            "WALLET_TYPE_BTC_TAPROOT_REGNET",
            "WALLET_TYPE_BTC_TAPROOT_SIGNET",
            "WALLET_TYPE_BTC_TAPROOT_TESTNET4",
        ],
    ]
    assert [item.key.type for item in answer.keys] == [
        "KEY_TYPE_ECDSA_SECP256K1",
        "KEY_TYPE_BITCOIN_SECP256K1",
        "KEY_TYPE_EDDSA_ED25519",
        "KEY_TYPE_TAPROOT_SECP256K1",
    ]
    only = ask(world, "Keys", wallet_type=wire.WALLET_TYPE_NATIVE, prefixes=["zen", "cosmos,osmo"])
    (item,) = only.keys
    assert [wallet.address.split("1")[0] for wallet in item.wallets] == ["zen", "cosmos", "osmo"]
    assert not ask(world, "Keys", workspace_addr=world.workspace(owner)).keys
    one = ask(world, "KeyByID", id=2, wallet_type=wire.WALLET_TYPE_BTC_REGNET)
    assert one.wallets[0].address.startswith("bcrt1q")
    with pytest.raises(NotFound):
        ask(world, "KeyByID", id=5)


def test_taproot_key__should_be_found_by_its_p2tr_addresses(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    world.key(owner, workspace, keyring, party, BITCOIN)
    key = world.key(owner, workspace, keyring, party, TAPROOT)
    wallets = ask(world, "KeyByID", id=key).wallets
    assert [wallet.address.split("1p")[0] for wallet in wallets] == ["tb", "bc", "bcrt", "tb", "tb"]
    for wallet in wallets:
        assert ask(world, "KeyByAddress", address=wallet.address).response.key.id == key
    of_type = {"wallet_type": wire.WALLET_TYPE_BTC_TAPROOT_MAINNET}
    assert [item.key.id for item in ask(world, "Keys", **of_type).keys] == [key]
    assert [
        item.key.id for item in ask(world, "Keys", wallet_type=wire.WALLET_TYPE_BTC_MAINNET).keys
    ] == [key - 1]


def test_vectors__should_derive_addresses(
    vectors: Callable[[str], Any],
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    party: Account,
) -> None:
    words = {"KEY_TYPE_ECDSA_SECP256K1": "ecdsa", "KEY_TYPE_BITCOIN_SECP256K1": "bitcoin"}
    cases = vectors("zrchain.json")["address_derivation"]
    known = [
        (c["public_key_hex"], words[c["key_type"]], c["addresses"]) for c in cases["secp256k1"]
    ]
    known += [
        (c["public_key_hex"], "ed25519", {"WALLET_TYPE_SOLANA": c["WALLET_TYPE_SOLANA"]})
        for c in cases["ed25519"]
    ]
    for public_key, word, addresses in known:
        key = world.request_key(owner, workspace, keyring, key_type=word)
        world.answer_key(party, key, bytes.fromhex(public_key))
        wallets = {w.type: w.address for w in ask(world, "KeyByID", id=key).wallets}
        # From 100 on they are ours: networks whose addresses are testnet3's.
        ours = {name for name in wallets if wire.WalletType.Value(name) >= 100}
        assert {wallets[name] for name in ours} <= {addresses.get("WALLET_TYPE_BTC_TESTNET")}
        served = {name: a for name, a in addresses.items() if name in wallets}
        assert served == {name: wallets[name] for name in wallets.keys() - ours}
        for address in served.values():
            assert ask(world, "KeyByAddress", address=address).response.key.id == key
        if "NATIVE(prefix=cosmos)" in addresses:
            cosmos = ask(world, "KeyByAddress", address=addresses["NATIVE(prefix=cosmos)"])
            assert cosmos.response.key.id == key


def test_key_by_address__should_filter_and_be_empty_when_unknown(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    address = ask(world, "KeyByID", id=key).wallets[1].address
    assert ask(world, "KeyByAddress", address=address.lower()).response.key.id == key
    found = ask(world, "KeyByAddress", address=address, wallet_type=wire.WALLET_TYPE_EVM)
    assert [w.type for w in found.response.wallets] == ["WALLET_TYPE_EVM"]
    for fields in (
        {"keyring_addr": "keyring1pfnq7r04rept47gaf5cpdew2"},
        {"key_type": wire.KEY_TYPE_EDDSA_ED25519},
        {"wallet_type": wire.WALLET_TYPE_SOLANA},
    ):
        assert not ask(world, "KeyByAddress", address=address, **fields).HasField("response")
    for unknown in ("", "nonsense", EVM_OWNER, "zen1" + "q" * 500):
        assert not ask(world, "KeyByAddress", address=unknown).HasField("response")


def test_key_requests__should_filter_by_keyring_status_and_workspace(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    done = world.key(owner, workspace, keyring, party, ECDSA)
    waiting = world.request_key(owner, workspace, keyring)
    elsewhere = world.request_key(owner, world.workspace(owner), world.keyring(party, [party]))

    def ids(**fields: Any) -> list[int]:
        return [r.id for r in ask(world, "KeyRequests", **fields).key_requests]

    assert ids() == [done, waiting, elsewhere]
    assert ids(keyring_addr=keyring) == [done, waiting]
    assert ids(keyring_addr=keyring, status=PENDING) == [waiting]
    assert ids(keyring_addr=keyring, status=FULFILLED) == [done]
    assert ids(status=PENDING) == [waiting, elsewhere]
    assert ids(workspace_addr=workspace) == [done, waiting]
    assert ids(workspace_addr=workspace, status=FULFILLED) == [done]
    assert ids(workspace_addr=workspace, keyring_addr=keyring, status=PARTIAL) == []
    one = ask(world, "KeyRequestByID", id=waiting).key_request
    assert (one.status, one.mpc_btl) == ("KEY_REQUEST_STATUS_PENDING", world.height + 20)


def test_pending_requests__should_be_read_from_their_index(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    party: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    for _ in range(30):
        done = world.request_signature(owner, [key], ITEM)
        world.answer(party, done, ECDSA.sign(ITEM))
    waiting = world.request_signature(owner, [key], ITEM)
    ask(world, "SignatureRequests", keyring_addr=keyring, status=PENDING)
    reads: list[bytes] = []
    get = world.store.get

    def recorded(key: bytes) -> bytes | None:
        reads.append(key)
        return get(key)

    monkeypatch.setattr(world.store, "get", recorded)
    answer = ask(world, "SignatureRequests", keyring_addr=keyring, status=PENDING)
    assert [r.id for r in answer.sign_requests] == [waiting]
    assert len(reads) == 1


def test_signature_requests__should_page(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    for _ in range(3):
        world.request_signature(owner, [key], ITEM)
    world.request_signature(owner, [key, key], ITEM, ITEM)
    first = ask(
        world,
        "SignatureRequests",
        keyring_addr=keyring,
        status=PENDING,
        pagination=PageRequest(limit=4, count_total=True),
    )
    assert [r.id for r in first.sign_requests] == [1, 2, 3, 4]
    assert first.pagination.total == 6
    rest = ask(
        world,
        "SignatureRequests",
        keyring_addr=keyring,
        pagination=PageRequest(key=first.pagination.next_key),
    )
    assert [(r.id, r.parent_req_id) for r in rest.sign_requests] == [(5, 4), (6, 4)]
    assert list(first.sign_requests[3].child_req_ids) == [5, 6]
    with pytest.raises(InvalidArgument, match="not both"):
        ask(world, "SignatureRequests", pagination=PageRequest(key=b"1", offset=1))
    with pytest.raises(NotFound):
        ask(world, "SignatureRequestByID", id=99)


def two_coins(sats: int) -> bytes:
    """A payment from two coins of the BITCOIN secret's key."""
    coins = [coin(40_000, n, script=p2wpkh_script(BITCOIN.public_key)) for n in range(2)]
    return BitcoinChain(REGTEST).compose(
        bitcoin_intent(sats),
        utxos=coins,
        fee_rate_sat_vb=2,
        change_public_key=BITCOIN.public_key,
    )


def test_sign_transactions__should_follow_the_status_of_their_signatures(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, BITCOIN)
    for sats in (70_000, 71_000):
        world.do(
            wire.MsgNewSignTransactionRequest(
                creator=owner.address,
                key_ids=[key, key],
                wallet_type=wire.WALLET_TYPE_BTC_REGNET,
                unsigned_transaction=two_coins(sats),
            )
        )

    def ids(**fields: Any) -> list[int]:
        answer = ask(world, "SignTransactionRequests", **fields)
        return [both.sign_transaction_requests.id for both in answer.sign_transaction_requests]

    first, second = world.sign_request(1).data_for_signing
    world.answer(party, 2, BITCOIN.sign(first))
    bitcoin = {"wallet_type": wire.WALLET_TYPE_BTC_REGNET}
    assert ids(**bitcoin, status=PARTIAL) == [1]
    world.answer(party, 3, BITCOIN.sign(second))
    assert ids(**bitcoin, status=FULFILLED) == [1]
    assert ids(**bitcoin, status=PENDING) == [2]
    assert ids(**bitcoin) == ids() == ids(key_id=key) == [1, 2]
    assert ids(status=FULFILLED, key_id=key) == [1]
    assert ids(request_id=2) == [2]
    assert ids(request_id=2, status=FULFILLED) == ids(request_id=9) == ids(key_id=9) == []
    assert ids(wallet_type=wire.WALLET_TYPE_EVM) == []
    one = ask(world, "SignTransactionRequestByID", id=1)
    assert one.sign_request.status == "SIGN_REQUEST_STATUS_FULFILLED"
    assert [answer.sign_request_id for answer in one.sign_request.signed_data] == [2, 3]


def test_zr_sign_keys__should_list_the_wallets_of_an_owner(
    world: World, keyring: str, party: Account
) -> None:
    payer = world.account()
    parent = world.identity.create_workspace(world.ctx(), EVM_OWNER, [EVM_OWNER])
    for coin_type, secret, key_type in (
        ("60", ECDSA, wire.KEY_TYPE_ECDSA_SECP256K1),
        ("0", BITCOIN, wire.KEY_TYPE_BITCOIN_SECP256K1),
        ("501", ED25519, wire.KEY_TYPE_EDDSA_ED25519),
    ):
        child = world.identity.create_child(world.ctx(), parent.address, coin_type)
        request = world.treasury.request_key(
            world.ctx(),
            creator=EVM_OWNER,
            workspace=child.address,
            keyring=keyring,
            key_type=key_type,
            index=5,
            fee_payer=payer.address,
        )
        world.answer_key(party, request.id, secret.public_key)
    everything = ask(world, "ZrSignKeys", address=EVM_OWNER.lower()).Keys
    assert [(key.walletType, key.index, key.id) for key in everything] == [
        ("60", 5, 1),
        ("0", 5, 2),
        ("501", 5, 3),
    ]
    assert everything[1].address.startswith("bc1q")
    one = ask(world, "ZrSignKeys", address=EVM_OWNER, walletType="501").Keys
    assert [key.id for key in one] == [3]
    assert not ask(world, "ZrSignKeys", address=party.evm_address).Keys
    for fields in ({"address": EVM_OWNER, "walletType": "2"}, {"address": "nobody"}):
        with pytest.raises(InvalidArgument):
            ask(world, "ZrSignKeys", **fields)


def test_rest__should_have_the_known_paths(world: World) -> None:
    known = {
        "params",
        "key_requests",
        "key_requests/{keyring_addr}/{status}/{workspace_addr}",
        "key_request_by_id/{id}",
        "keys",
        "keys/{workspace_addr}/{wallet_type}/{prefixes}",
        "key_by_id/{id}/{wallet_type}/{prefixes}",
        "key_by_address/{address}",
        "signature_requests",
        "signature_requests/{keyring_addr}/{status}",
        "signature_request_by_id/{id}",
        "sign_transaction_request",
        "sign_transaction_request/{wallet_type}/{key_id}/{status}",
        "sign_transaction_request_by_id/{id}",
        "zr_sign_keys",
    }
    served = {path for query in world.registry.queries.values() for path in query.rest}
    assert {f"/zrchain/treasury/{path}" for path in known} <= served
