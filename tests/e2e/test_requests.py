"""Requests of contracts, from the source transaction to what the destination's own node answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from eth_account import Account as EvmAccount
from eth_account.messages import encode_defunct
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from tests.relayer.test_solana_tokens import DECIMALS, Purse, send
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.errors import RequestRejected, TransactionReverted, UsageError
from zrsign.local.demo import checks
from zrsign.local.network.manifest import Manifest
from zrsign.local.network.nodes import (
    LAMPORTS_PER_SOL,
    fund_evm,
    fund_solana,
)
from zrsign.local.network.rpc import Rpc
from zrsign.sdk import ContractMode, Options, ZrSign
from zrsign_chains import (
    BITCOIN,
    BITCOIN_REGTEST,
    BITCOIN_TEST,
    EVM,
    SOLANA,
    SOLANA_LOCALNET,
    Intent,
    contract_abi,
    evm,
)
from zrsign_chains.solana_tokens import payment
from zrsign_daemon.jsonrpc import JsonRpc

SOURCE, DESTINATION = "eip155:31337", "eip155:31338"
DIRECT, OMNI = ContractMode.DIRECT, ContractMode.OMNI
ETHER = 10**18

Client = Callable[[str, ContractMode], Awaitable[ZrSign]]


@pytest.fixture
async def evm_wallet(client: Client, network: Manifest) -> tuple[ZrSign, int, str]:
    """A fresh monitored EVM wallet of `user`, funded on the destination chain."""
    zr = await client("user", OMNI)
    answer = await (await zr.request_key(EVM, options=Options.MONITORING)).key()
    rpc = Rpc(network.chain(DESTINATION).rpc_url)
    await fund_evm(rpc, answer.address, ETHER)
    await rpc.close()
    return zr, answer.index, answer.address


async def composed(network: Manifest, sender: str, *, chain: str = DESTINATION) -> bytes:
    rpc = Rpc(network.chain(DESTINATION).rpc_url)
    nonce = await checks.evm_nonce(rpc, sender)
    await rpc.close()
    intent = Intent(EvmAccount.create().address, ETHER // 100, b"", max_network_fee=ETHER)
    return evm.EvmChain(chain).compose(
        intent, nonce, gas=21_000, max_fee=3 * 10**9, priority_fee=10**9
    )


async def test_key__should_be_the_same_wallet_through_both_contracts(
    client: Client, network: Manifest
) -> None:
    owner = "gas"
    omni, direct = await client(owner, OMNI), await client(owner, DIRECT)
    through_omni = await (await omni.request_key(EVM)).key()
    through_direct = await (await direct.request_key(EVM)).key()
    assert through_omni.address == through_direct.address
    assert await direct.contract.keys(EVM, network.account(owner).evm_address) == [
        through_omni.address
    ]


async def test_direct_data__should_be_signed_and_written_back(client: Client) -> None:
    zr = await client("deployer", DIRECT)
    wallet = (await (await zr.request_key(EVM)).key()).address
    request = await (await zr.sign_data(EVM, 0, SOURCE, b"hello")).request()
    signature = request.signatures[0][:64] + bytes([request.signatures[0][64] + 27])
    assert EvmAccount.recover_message(encode_defunct(b"hello"), signature=signature) == wallet
    assert request.status == wire.REQUEST_STATUS_CONFIRMED
    assert request.deliveries[0].kind == wire.DELIVERY_KIND_ANSWER


async def test_simple_evm_transaction__should_be_composed_and_confirmed(
    evm_wallet: tuple[ZrSign, int, str], network: Manifest
) -> None:
    zr, index, _ = evm_wallet
    recipient = EvmAccount.create().address
    answer = await (
        await zr.sign_simple_tx(EVM, index, DESTINATION, recipient, 12_345)
    ).transaction()
    rpc = Rpc(network.chain(DESTINATION).rpc_url)
    assert answer.tx_id is not None
    await checks.evm_receipt(rpc, answer.tx_id)
    assert await checks.evm_balance(rpc, recipient) == 12_345
    await rpc.close()


async def test_simple_evm_transactions__should_take_consecutive_nonces(
    evm_wallet: tuple[ZrSign, int, str], network: Manifest
) -> None:
    zr, index, _ = evm_wallet
    recipient = EvmAccount.create().address
    handles = [await zr.sign_simple_tx(EVM, index, DESTINATION, recipient, 7) for _ in range(4)]
    answers = await asyncio.gather(*(handle.transaction() for handle in handles))
    assert len({answer.tx_id for answer in answers}) == 4
    rpc = Rpc(network.chain(DESTINATION).rpc_url)
    assert await checks.evm_balance(rpc, recipient) == 28
    await rpc.close()


async def test_simple_solana_transaction__should_be_composed_and_confirmed(
    client: Client, network: Manifest
) -> None:
    zr = await client("user", OMNI)
    wallet = await (await zr.request_key(SOLANA, options=Options.MONITORING)).key()
    rpc = Rpc(network.chain(SOLANA_LOCALNET).rpc_url)
    await fund_solana(rpc, wallet.address, LAMPORTS_PER_SOL)
    recipient = str(Keypair().pubkey())
    answer = await (
        await zr.sign_simple_tx(SOLANA, wallet.index, SOLANA_LOCALNET, recipient, 5_000_000)
    ).transaction()
    assert answer.tx_id is not None
    await checks.solana_confirmed(rpc, answer.tx_id)
    assert await checks.solana_balance(rpc, recipient) == 5_000_000
    await rpc.close()


async def test_simple_solana_token_payment__should_make_the_recipients_account(
    client: Client, network: Manifest
) -> None:
    """A contract names the token's mint in the data; the wallet pays for the account too."""
    zr = await client("user", OMNI)
    wallet = await (await zr.request_key(SOLANA, options=Options.MONITORING)).key()
    rpc, node = Rpc(url := network.chain(SOLANA_LOCALNET).rpc_url), JsonRpc(url)
    await fund_solana(rpc, wallet.address, LAMPORTS_PER_SOL)
    issuer = await Purse.of(node)
    to_wallet = Intent(wallet.address, 400, issuer.mint, 0)
    public_keys = bytes(issuer.key.pubkey()), bytes(Pubkey.from_string(wallet.address))
    await send(node, payment(*public_keys, to_wallet, DECIMALS, create=True), issuer.key)
    recipient = str(Keypair().pubkey())
    asked = await zr.sign_simple_tx(
        SOLANA, wallet.index, SOLANA_LOCALNET, recipient, 250, data=issuer.mint
    )
    answer = await asked.transaction()
    assert answer.tx_id is not None
    await checks.solana_confirmed(rpc, answer.tx_id)
    assert await issuer.units(recipient) == 250
    assert await issuer.units(wallet.address) == 150
    await rpc.close()
    await node.close()


async def test_no_broadcast__should_sign_and_send_nothing(
    evm_wallet: tuple[ZrSign, int, str], network: Manifest
) -> None:
    zr, index, sender = evm_wallet
    unsigned = await composed(network, sender)
    answer = await (
        await zr.sign_tx(EVM, index, DESTINATION, unsigned, broadcast=False)
    ).transaction()
    assert answer.tx_id is None
    assert len(answer.signatures) == 1
    rpc = Rpc(network.chain(DESTINATION).rpc_url)
    assert await checks.evm_nonce(rpc, sender) == 0
    await rpc.close()


async def test_bitcoin_payment__should_be_refused_when_the_coins_do_not_suffice(
    client: Client,
) -> None:
    zr = await client("user", OMNI)
    wallet = await (await zr.request_key(BITCOIN_TEST, options=Options.MONITORING)).key()
    handle = await zr.sign_simple_tx(
        BITCOIN_TEST, wallet.index, BITCOIN_REGTEST, wallet.address, 5_000
    )
    with pytest.raises(RequestRejected) as raised:
        await handle.transaction()
    assert "insufficient" in raised.value.reason.lower()


@pytest.mark.parametrize("payload", [b"\x01" * 31, b"\x01" * 33, b""])
async def test_hash__should_be_refused_unless_it_has_32_bytes(
    evm_wallet: tuple[ZrSign, int, str], payload: bytes
) -> None:
    zr, index, _ = evm_wallet
    with pytest.raises(UsageError):
        await zr.sign_hash(EVM, index, SOURCE, payload)
    with pytest.raises(TransactionReverted, match="InvalidPayloadLength"):
        await zr._sign("zrSignHash", EVM, index, SOURCE, payload, broadcast=False)


async def test_transaction__should_be_rejected_when_it_does_not_parse(
    evm_wallet: tuple[ZrSign, int, str],
) -> None:
    zr, index, _ = evm_wallet
    payload = b"\x02 no transaction"
    with pytest.raises(UsageError):
        await zr.sign_tx(EVM, index, DESTINATION, payload)
    handle = await zr._sign("zrSignTx", EVM, index, DESTINATION, payload, broadcast=True)
    with pytest.raises(RequestRejected):
        await handle.request()


async def test_transaction__should_be_rejected_when_its_chain_contradicts_the_destination(
    evm_wallet: tuple[ZrSign, int, str], network: Manifest
) -> None:
    zr, index, sender = evm_wallet
    unsigned = await composed(network, sender, chain="eip155:1")
    with pytest.raises(UsageError):
        await zr.sign_tx(EVM, index, DESTINATION, unsigned)
    handle = await zr._sign("zrSignTx", EVM, index, DESTINATION, unsigned, broadcast=True)
    with pytest.raises(RequestRejected):
        await handle.request()


async def test_contract__should_refuse_what_it_does_not_support(
    evm_wallet: tuple[ZrSign, int, str],
) -> None:
    zr, index, _ = evm_wallet
    with pytest.raises(TransactionReverted, match="ChainIdNotSupported"):
        await zr.sign_hash(EVM, index, "eip155:424242", bytes(32))
    with pytest.raises(TransactionReverted, match="InvalidWalletIndex"):
        await zr._sign(
            "zrSignHash",
            BITCOIN,
            0,
            "bip122:000000000019d6689c085ae165831e93",
            bytes(32),
            broadcast=False,
        )
    ask = {"owner": zr.contract.account.address, "walletTypeId": EVM.id, "options": 1}
    key = contract_abi.function("zrKeyReq")
    with pytest.raises(TransactionReverted, match="InsufficientFee"):
        await zr.contract.send(key, ask, 0)
    with pytest.raises(TransactionReverted, match="WalletTypeNotSupported"):
        await zr.contract.send(key, {**ask, "walletTypeId": bytes(32)}, 10**17)


async def test_contract__should_refuse_a_wallet_that_the_caller_never_asked_for(
    client: Client,
) -> None:
    stranger = await client("deployer", OMNI)
    with pytest.raises(TransactionReverted, match="InvalidWalletIndex"):
        await stranger.sign_hash(EVM, 0, SOURCE, bytes(32))
