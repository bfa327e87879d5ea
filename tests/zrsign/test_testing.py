"""The fixtures for tests of dApps, used as a dApp's author does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hexbytes import HexBytes
from nacl.signing import VerifyKey

from zrsign.errors import TransactionReverted
from zrsign.sdk import BITCOIN_TEST, EVM, SOLANA, ContractMode
from zrsign.sdk.contract import SourceContract, connect
from zrsign.testing import SignerForTests, zrsign_anvil, zrsign_signer
from zrsign.testing.signer import _account
from zrsign_chains import (
    BITCOIN_REGTEST,
    SOLANA_LOCALNET,
    Intent,
    WalletType,
    chain_for,
    chain_hash,
    contract_abi,
)
from zrsign_chains.evm import EvmChain

__all__ = ["zrsign_anvil", "zrsign_signer"]
SOURCE = "eip155:31337"
DIRECT, OMNI = ContractMode.DIRECT, ContractMode.OMNI
USER = _account(3)


@pytest.fixture
async def direct(zrsign_signer: SignerForTests) -> AsyncIterator[SourceContract]:
    source = await connect(zrsign_signer.rpc_url, zrsign_signer.direct, USER, DIRECT)
    zrsign_signer.answer()
    yield source
    await source.close()


@pytest.fixture
async def omni(zrsign_signer: SignerForTests) -> AsyncIterator[SourceContract]:
    source = await connect(zrsign_signer.rpc_url, zrsign_signer.omni, USER, OMNI)
    zrsign_signer.answer()
    yield source
    await source.close()


async def ask_key(contract: SourceContract, wallet: WalletType) -> None:
    ask = {"owner": USER.address, "walletTypeId": wallet.id, "options": 1}
    await contract.send(contract_abi.function("zrKeyReq"), ask, await contract.fee_wei(1))


async def ask(contract: SourceContract, kind: str, wallet: WalletType, to: str, what: bytes) -> int:
    asked = {
        "walletTypeId": wallet.id,
        "walletIndex": 0,
        "dstChainId": chain_hash(to),
        "payload": what,
        "broadcast": False,
    }
    function = contract_abi.function(kind)
    ref = await contract.send(function, asked, await contract.fee_wei(1))
    assert ref.trace_id is not None
    return ref.trace_id


@pytest.mark.parametrize("wallet", [EVM, BITCOIN_TEST, SOLANA], ids=lambda wallet: wallet.name)
async def test_key__should_be_told_to_direct(
    direct: SourceContract, zrsign_signer: SignerForTests, wallet: WalletType
) -> None:
    await ask_key(direct, wallet)
    (done,) = zrsign_signer.answer()
    assert done.address == zrsign_signer.address(wallet, USER.address, done.index)
    assert (await direct.keys(wallet, USER.address))[done.index] == done.address
    assert zrsign_signer.answer() == []


async def test_data__should_be_signed_by_the_wallets_key(
    direct: SourceContract, zrsign_signer: SignerForTests
) -> None:
    await ask_key(direct, EVM)
    (wallet,) = zrsign_signer.answer()
    trace_id = await ask(direct, "zrSignData", EVM, SOURCE, b"hello")
    (done,) = zrsign_signer.answer()
    signer = Account.recover_message(encode_defunct(b"hello"), signature=done.signature)
    assert (done.trace_id, signer) == (
        trace_id,
        zrsign_signer.address(EVM, USER.address, 0),
    )
    state = await direct._contract.functions.getRequest(trace_id).call()
    assert state[0] == 2
    assert wallet.wallet is EVM


async def test_omni__should_get_its_answers_in_the_ledgers_form(
    omni: SourceContract, zrsign_signer: SignerForTests
) -> None:
    await ask_key(omni, EVM)
    zrsign_signer.answer()
    digest = bytes(range(32))
    await ask(omni, "zrSignHash", EVM, SOURCE, digest)
    (done,) = zrsign_signer.answer()
    assert done.contract == zrsign_signer.omni
    assert done.signature[64] in (0, 1)
    signature = done.signature[:64] + bytes([done.signature[64] + 27])
    assert Account._recover_hash(digest, signature=signature) == done.address


async def test_transaction__should_be_ready_to_send(
    direct: SourceContract, zrsign_signer: SignerForTests
) -> None:
    await ask_key(direct, EVM)
    zrsign_signer.answer()
    chain = EvmChain(SOURCE)
    intent = Intent(USER.address, 1, b"", max_network_fee=10**18)
    unsigned = chain.compose(intent, 0, gas=21_000, max_fee=2, priority_fee=1)
    await ask(direct, "zrSignTx", EVM, SOURCE, unsigned)
    (done,) = zrsign_signer.answer()
    ledger_form = done.signature[:64] + bytes([done.signature[64] - 27])
    signed = EvmChain(SOURCE).assemble(
        chain.parse(unsigned), [ledger_form], [key_of(EVM, zrsign_signer)]
    )
    assert Account.recover_transaction(signed) == done.address


def key_of(wallet: WalletType, signer: SignerForTests) -> bytes:
    from zrsign.testing.signer import _key

    return _key(wallet, USER.address, 0).public_key


async def test_request__should_be_found_by_its_transaction(
    direct: SourceContract, zrsign_signer: SignerForTests
) -> None:
    """However it came to the contract; a transaction that asked nothing is told apart."""
    ask = {"owner": USER.address, "walletTypeId": EVM.id, "options": 1}
    fee = await direct.fee_wei(1)
    ref = await direct.send(contract_abi.function("zrKeyReq"), ask, fee)
    assert await direct.request_of(ref.tx_hash) == ref
    zrsign_signer.answer()
    # The last transaction is the answer's.
    (answer,) = (await direct.w3.eth.get_block("latest"))["transactions"]
    assert isinstance(answer, HexBytes)
    with pytest.raises(TransactionReverted, match="asked nothing"):
        await direct.request_of(answer)


async def test_other_families__should_be_signed_as_the_network_does(
    direct: SourceContract, omni: SourceContract, zrsign_signer: SignerForTests
) -> None:
    for contract in (direct, omni):
        await ask_key(contract, SOLANA)
        await ask_key(contract, BITCOIN_TEST)
    zrsign_signer.answer()
    await ask(direct, "zrSignData", SOLANA, SOLANA_LOCALNET, b"hello")
    (solana,) = zrsign_signer.answer()
    VerifyKey(key_of(SOLANA, zrsign_signer)).verify(b"hello", solana.signature)
    await ask(direct, "zrSignData", BITCOIN_TEST, BITCOIN_REGTEST, b"hello")
    await ask(omni, "zrSignData", BITCOIN_TEST, BITCOIN_REGTEST, b"hello")
    told, kept = zrsign_signer.answer()
    assert (len(told.signature), kept.signature[0]) == (64, 0x30)
    assert told.address == chain_for(BITCOIN_REGTEST).address(key_of(BITCOIN_TEST, zrsign_signer))
