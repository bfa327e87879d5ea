"""Sign-transaction requests: parsing, what policies may know, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import any_pb2
from google.protobuf.message import Message

from tests.zrchain_lite.modules.treasury.world import (
    BITCOIN,
    ECDSA,
    ED25519,
    TAPROOT,
    Account,
    Secret,
    World,
)
from tests.zrsign_chains.builders import ALICE, REGTEST, bitcoin_intent, coin, cosmos_payment
from zrchain_lite.errors import InvalidArgument, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import KeyringInactive
from zrchain_lite.modules.policy.boolparser import TXVALUE
from zrchain_lite.modules.treasury.transactions import prepare_as_asked
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_chains.bitcoin_scripts import p2tr_script, p2wpkh_script
from zrsign_chains.bitcoin_transactions import parse_transaction
from zrsign_chains.chain import Intent
from zrsign_chains.evm import EvmChain
from zrsign_chains.solana import SolanaChain

NATIVE = wire.WALLET_TYPE_NATIVE
EVM = wire.WALLET_TYPE_EVM
BTC_TESTNET = wire.WALLET_TYPE_BTC_TESTNET
BTC_MAINNET = wire.WALLET_TYPE_BTC_MAINNET
BTC_REGNET = wire.WALLET_TYPE_BTC_REGNET
BTC_TAPROOT_REGNET = wire.WALLET_TYPE_BTC_TAPROOT_REGNET
SOLANA = wire.WALLET_TYPE_SOLANA
TRANSFER = bytes.fromhex(
    "eb80843b9aca0082520894ea223ca8968ca59e0bc79ba331c2f6f636a3fb82880de0b6b3a764000080808080"
)
REGNET = wire.MetadataSolana(network=wire.REGNET)


def packed(message: Message | None) -> any_pb2.Any | None:
    if message is None:
        return None
    wrapped = any_pb2.Any()
    wrapped.Pack(message, type_url_prefix="/")
    return wrapped


def ask(
    world: World,
    creator: Account,
    key_ids: list[int],
    wallet_type: wire.WalletType,
    unsigned: bytes,
    metadata: Message | None = None,
    **fields: Any,
) -> Any:
    message = wire.MsgNewSignTransactionRequest(
        creator=creator.address,
        key_ids=key_ids,
        wallet_type=wallet_type,
        unsigned_transaction=unsigned,
        metadata=packed(metadata),
        **fields,
    )
    return world.do(message)


def solana_transfer(sender: Secret, lamports: int = 5) -> bytes:
    chain = SolanaChain("solana:localnet")
    to = chain.address(Secret("ed25519", b"\x77" * 32).public_key)
    blockhash = chain.address(Secret("ed25519", b"\x78" * 32).public_key)
    intent = Intent(to=to, value=lamports, data=b"", max_network_fee=10_000)
    return chain.compose(intent, from_public_key=sender.public_key, blockhash=blockhash)


@pytest.mark.parametrize("chain_id", [1, 11155111])
def test_vectors__should_sign_legacy_transactions(
    vectors: Callable[[str], Any],
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    party: Account,
    chain_id: int,
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    cases = vectors("zrchain.json")["ethereum_unsigned_tx"]["cases"]
    for case in (c for c in cases if f"sighash_eip155_{chain_id}" in c):
        metadata = wire.MetadataEthereum(chain_id=chain_id)
        unsigned = bytes.fromhex(case["unsigned_tx_hex"])
        if chain_id != 1 and not unsigned.endswith(b"\x80\x80\x80"):
            # Its v says that it was signed for chain 1.
            with pytest.raises(InvalidArgument, match="names chain 1"):
                ask(world, owner, [key], EVM, unsigned, metadata)
            continue
        answer = ask(world, owner, [key], EVM, unsigned, metadata)
        request = world.sign_request(answer.signature_request_id)
        (item,) = request.data_for_signing
        assert item.hex() == case[f"sighash_eip155_{chain_id}"]
        assert request.metadata.type_url == "/zrchain.treasury.MetadataEthereum"


def test_vectors__should_sign_solana_messages(
    vectors: Callable[[str], Any],
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    party: Account,
) -> None:
    for case in vectors("zrchain.json")["solana_unsigned_tx"]["cases"]:
        message = bytes.fromhex(case["message_hex"])
        signers = message[1] if message[0] & 0x80 else message[0]
        if signers != 1:
            continue
        first = message[4:36]
        key = world.request_key(owner, workspace, keyring, key_type="ed25519")
        world.answer_key(party, key, first)
        answer = ask(world, owner, [key], SOLANA, message, REGNET)
        (item,) = world.sign_request(answer.signature_request_id).data_for_signing
        assert item == message


def test_vectors__should_sign_the_bitcoin_plus_form(
    vectors: Callable[[str], Any],
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    party: Account,
) -> None:
    vector = vectors("zrchain.json")["bitcoin_unsigned_plus_tx"]
    unsigned = bytes.fromhex(vector["unsigned_plus_tx_hex"])
    key = world.request_key(owner, workspace, keyring, key_type="bitcoin")
    world.answer_key(party, key, bytes.fromhex(vector["decoded"]["pubkey"]))
    answer = ask(world, owner, [key], BTC_TESTNET, unsigned)
    items = world.sign_request(answer.signature_request_id).data_for_signing
    assert [item.hex() for item in items] == vector["sighashes"]
    stranger = world.key(owner, workspace, keyring, party, BITCOIN)
    with pytest.raises(InvalidArgument, match="'s to make"):
        ask(world, owner, [stranger], BTC_TESTNET, unsigned)


def taproot_payment(*scripts: bytes) -> bytes:
    """A payment from coins of these scripts, all of the TAPROOT secret's key."""
    coins = [coin(40_000, n, script=script) for n, script in enumerate(scripts)]
    return BitcoinChain(REGTEST).compose(
        bitcoin_intent(30_000 * len(coins)),
        utxos=coins,
        fee_rate_sat_vb=2,
        change_public_key=TAPROOT.public_key,
    )


def test_taproot__should_sign_the_sighashes_of_p2tr_inputs(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, TAPROOT)
    chain = BitcoinChain(REGTEST)
    unsigned = taproot_payment(p2tr_script(TAPROOT.public_key), p2tr_script(TAPROOT.public_key))
    answer = ask(world, owner, [key, key], BTC_TAPROOT_REGNET, unsigned)
    parent = world.sign_request(answer.signature_request_id)
    parsed = chain.parse(unsigned)
    assert tuple(parent.data_for_signing) == chain.sighashes(parsed)
    for child, item in zip(parent.child_req_ids, parent.data_for_signing, strict=True):
        world.answer(party, child, TAPROOT.sign(item))
    stored = [each.signed_data for each in world.sign_request(parent.id).signed_data]
    signed = parse_transaction(chain.assemble(parsed, stored, [TAPROOT.public_key] * 2))
    assert [spent.witness.items for spent in signed.vin] == [[stored[0]], [stored[1]]]
    assert {len(signature) for signature in stored} == {64}


@pytest.mark.parametrize(
    ("secret", "wallet_type", "script_of", "why"),
    [
        (TAPROOT, BTC_TAPROOT_REGNET, p2wpkh_script, "'s to make"),
        (BITCOIN, BTC_REGNET, p2tr_script, "'s to make"),
        (TAPROOT, BTC_REGNET, p2tr_script, "needs a KEY_TYPE_BITCOIN_SECP256K1 key"),
        (BITCOIN, BTC_TAPROOT_REGNET, p2tr_script, "needs a KEY_TYPE_TAPROOT_SECP256K1 key"),
    ],
)
def test_bitcoin_wallets__should_sign_for_their_own_kind_of_output(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    party: Account,
    secret: Secret,
    wallet_type: wire.WalletType,
    script_of: Callable[[bytes], bytes],
    why: str,
) -> None:
    """The same bytes are another signature for the other type, or none that anybody takes."""
    secret = Secret(secret.word, TAPROOT.seed)
    key = world.key(owner, workspace, keyring, party, secret)
    unsigned = taproot_payment(script_of(secret.public_key))
    with pytest.raises(InvalidArgument, match=why):
        ask(world, owner, [key], wallet_type, unsigned)


@pytest.mark.parametrize("chain_id", ["zrsign-local", "cosmoshub-4", "any-1"])
def test_native__should_sign_a_document_of_any_cosmos_chain(
    world: World, owner: Account, workspace: str, keyring: str, party: Account, chain_id: str
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    unsigned = cosmos_payment(ECDSA.public_key, chain_id=chain_id)
    answer = ask(world, owner, [key], NATIVE, unsigned)
    request = world.sign_request(answer.signature_request_id)
    assert list(request.data_for_signing) == [hashlib.sha256(unsigned).digest()]


def test_native__should_refuse_what_the_key_does_not_sign_alone(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    unsigned = cosmos_payment(ECDSA.public_key)
    for keys, document, why in (
        ([key], b"sign bytes", "names no chain"),
        ([key, key], unsigned, "one per signature"),
        ([key], cosmos_payment(), "'s to make"),
    ):
        with pytest.raises(InvalidArgument, match=why):
            ask(world, owner, keys, NATIVE, document)


def test_native__should_tell_a_policy_the_coins_that_it_sends() -> None:
    prepared = prepare_as_asked(NATIVE, cosmos_payment(value=77), None, [ALICE.public_key])
    assert prepared.policy_data()[TXVALUE] == b"77"


def test_request__should_link_transaction_and_signatures(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    created: list[int] = []

    class Hook:
        def key_request_ended(self, ctx: Context, req: Any) -> None: ...

        def sign_request_ended(self, ctx: Context, req: Any) -> None: ...

        def sign_transaction_created(self, ctx: Context, req: Any) -> None:
            created.append(req.id)

    key = world.key(owner, workspace, keyring, party, ECDSA)
    world.treasury.hooks.append(Hook())
    world.request_signature(owner, [key], b"\x11" * 32)
    metadata = wire.MetadataEthereum(chain_id=1)
    answer = ask(
        world, owner, [key], EVM, TRANSFER, metadata, no_broadcast=True, cache_id=b"c", mpc_btl=5
    )
    assert (answer.id, answer.signature_request_id) == (1, 2)
    assert created == [1]
    stored = world.treasury.sign_transaction_request(world.ctx(), 1)
    assert (stored.unsigned_transaction, stored.no_broadcast) == (TRANSFER, True)
    signing = world.sign_request(2)
    assert (signing.cache_id, signing.mpc_btl) == (b"c", world.height + 5)
    assert world.treasury.sign_transaction_by_sign_request(world.ctx(), 2) == stored
    assert world.treasury.sign_transaction_by_sign_request(world.ctx(), 1) is None
    with pytest.raises(NotFound):
        world.treasury.sign_transaction_request(world.ctx(), 2)


@pytest.mark.parametrize(
    ("wallet_type", "unsigned", "metadata", "why"),
    [
        (EVM, TRANSFER, None, "needs metadata of type /zrchain.treasury.MetadataEthereum"),
        (EVM, TRANSFER, REGNET, "needs metadata"),
        (EVM, TRANSFER, wire.MetadataEthereum(), "no chain_id"),
        (EVM, b"", wire.MetadataEthereum(chain_id=1), "1 to 131072 bytes"),
        (EVM, b"\x02" * 131_073, wire.MetadataEthereum(chain_id=1), "1 to 131072 bytes"),
        (EVM, b"\xff\xff", wire.MetadataEthereum(chain_id=1), "not a transaction for eip155:1"),
        (EVM, b"\x03\xc0", wire.MetadataEthereum(chain_id=1), "not a transaction"),
        (BTC_MAINNET, TRANSFER, None, "needs a KEY_TYPE_BITCOIN_SECP256K1 key"),
        (SOLANA, TRANSFER, REGNET, "needs a KEY_TYPE_EDDSA_ED25519 key"),
        (0, TRANSFER, None, "not one that signs transactions"),
        (77, TRANSFER, None, "not one that signs transactions"),
        (wire.WALLET_TYPE_ZCASH_MAINNET, TRANSFER, None, "not one that signs transactions"),
    ],
)
def test_request__should_refuse(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    party: Account,
    wallet_type: wire.WalletType,
    unsigned: bytes,
    metadata: Message | None,
    why: str,
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    with pytest.raises(InvalidArgument, match=why):
        ask(world, owner, [key], wallet_type, unsigned, metadata)
    assert world.escrow == 0


def test_request__should_refuse_undecodable_metadata(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    broken = any_pb2.Any(type_url="/zrchain.treasury.MetadataEthereum", value=b"\xff")
    message = wire.MsgNewSignTransactionRequest(
        creator=owner.address,
        key_ids=[key],
        wallet_type=EVM,
        unsigned_transaction=TRANSFER,
        metadata=broken,
    )
    with pytest.raises(InvalidArgument, match="does not decode"):
        world.do(message)


def test_request__should_read_an_older_clients_key_only_with_the_others(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    metadata = wire.MetadataEthereum(chain_id=1)
    with pytest.raises(InvalidArgument, match="name key 7 in key_ids"):
        ask(world, owner, [key], EVM, TRANSFER, metadata, key_id=7)
    assert ask(world, owner, [key], EVM, TRANSFER, metadata, key_id=key).id == 1


def test_typed_transaction__should_name_the_chain_of_its_metadata(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, ECDSA)
    to = "0xeA223Ca8968Ca59e0Bc79Ba331c2F6f636A3fB82"
    intent = Intent(to=to, value=1, data=b"", max_network_fee=10**18)
    unsigned = EvmChain("eip155:5").compose(
        intent, nonce=0, gas=21_000, max_fee=10**9, priority_fee=1
    )
    assert ask(world, owner, [key], EVM, unsigned, wire.MetadataEthereum(chain_id=5)).id == 1
    with pytest.raises(InvalidArgument, match="eip155:6"):
        ask(world, owner, [key], EVM, unsigned, wire.MetadataEthereum(chain_id=6))


def test_solana__should_name_its_network_and_its_signers(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    key = world.key(owner, workspace, keyring, party, ED25519)
    unsigned = solana_transfer(ED25519)
    assert ask(world, owner, [key], SOLANA, unsigned, REGNET).id == 1
    with pytest.raises(InvalidArgument, match="no known network"):
        ask(world, owner, [key], SOLANA, unsigned, wire.MetadataSolana())
    with pytest.raises(InvalidArgument, match="1 signatures to make, but 2 key ids"):
        ask(world, owner, [key, key], SOLANA, unsigned, REGNET)
    other = solana_transfer(Secret("ed25519", b"\x55" * 32))
    with pytest.raises(InvalidArgument, match="'s to make"):
        ask(world, owner, [key], SOLANA, other, REGNET)


def test_request__should_need_owner_keys_and_keyring(
    world: World, owner: Account, workspace: str, keyring: str, party: Account
) -> None:
    metadata = wire.MetadataEthereum(chain_id=1)
    with pytest.raises(NotFound):
        ask(world, owner, [1], EVM, TRANSFER, metadata)
    with pytest.raises(InvalidArgument):
        ask(world, owner, [], EVM, TRANSFER, metadata)
    key = world.key(owner, workspace, keyring, party, ECDSA)
    with pytest.raises(Unauthorized):
        ask(world, world.account(), [key], EVM, TRANSFER, metadata)
    world.treasury.reserve_key(world.ctx(), key, "authority")
    with pytest.raises(Unauthorized, match="reserved"):
        ask(world, owner, [key], EVM, TRANSFER, metadata)
    free = world.key(owner, workspace, keyring, party, ECDSA)
    world.do(identity.MsgDeactivateKeyring(creator=party.address, keyring_addr=keyring))
    with pytest.raises(KeyringInactive):
        ask(world, owner, [free], EVM, TRANSFER, metadata)


def test_policy__should_see_the_value_and_the_data(
    world: World, keyring: str, party: Account
) -> None:
    alice, bob = world.account(), world.account()
    # Alice alone up to one ether, exclusive; above it Bob too.
    definition = f"({alice.address} & (TXVALUE < 1000000000000000000)) | {bob.address} > 0"
    limited = world.new_policy(alice, definition, [alice.address, bob.address])
    workspace = world.workspace(alice, bob)
    key = world.key(alice, workspace, keyring, party, ECDSA)
    world.do(wire.MsgUpdateKeyPolicy(creator=alice.address, key_id=key, sign_policy_id=limited))
    metadata = wire.MetadataEthereum(chain_id=1)
    assert ask(world, alice, [key], EVM, TRANSFER, metadata).id == 0  # exactly one ether
    query = policy.QueryActionsRequest(status=policy.ACTION_STATUS_PENDING)
    (action,) = world.query("/zrchain.policy.Query/Actions", query).actions
    data = {item.key: item.value for item in action.policy_data}
    assert list(data) == ["DataForSigning", "TXVALUE"]
    assert data["TXVALUE"] == b"1000000000000000000"
    assert len(data["DataForSigning"]) == 64
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=action.id))
    assert world.treasury.sign_transaction_request(world.ctx(), 1).creator == alice.address
    less = TRANSFER.replace(
        bytes.fromhex("880de0b6b3a7640000"), bytes.fromhex("880de0b6b3a763ffff")
    )
    assert ask(world, alice, [key], EVM, less, metadata).id == 2
    # A bare hash has no known value, so the limit cannot be met without Bob.
    assert world.request_signature(alice, [key], b"\x11" * 32) == 0
