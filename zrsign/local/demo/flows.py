"""The flows. Each drives one request through the SDK, and ends with what the destination's node
answers.

A flow fills its row as it goes; it raises when anything is not as it must be. Rows are independent,
except that flows of
one scene run in order: they share a wallet, and so its nonce.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from eth_account import Account as EvmAccount
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak
from solders.keypair import Keypair

from zrchain_lite.client import Account
from zrsign.contracts import artifact
from zrsign.local.demo import checks
from zrsign.local.demo.rows import Row
from zrsign.local.demo.stage import DemoStage
from zrsign.local.network.nodes import (
    DESTINATION_CHAIN_ID,
    LAMPORTS_PER_SOL,
    SOURCE_CHAIN_ID,
    fund_evm,
    fund_solana,
)
from zrsign.sdk import ContractMode, Handle, Options, cosmos
from zrsign_chains import (
    BITCOIN_REGTEST,
    BITCOIN_TEST,
    COSMOS,
    COSMOS_LOCAL,
    EVM,
    SOLANA,
    SOLANA_LOCALNET,
    Intent,
    WalletType,
    evm,
    solana,
)

SOURCE = f"eip155:{SOURCE_CHAIN_ID}"
DESTINATION = f"eip155:{DESTINATION_CHAIN_ID}"
OMNI, DIRECT = ContractMode.OMNI, ContractMode.DIRECT
USER = "user"
# Its ledger account gives coins away.
FUNDER = "user"
ETHER = 10**18
VALUE_WEI = ETHER // 4
VALUE_SATS = 1_500_000
VALUE_LAMPORTS = LAMPORTS_PER_SOL // 5
VALUE_UROCK = 1_250_000
CALL_GAS = 100_000
CREATE_GAS = 1_000_000
MESSAGE = b"zrSign: one contract, every chain"

Flow = Callable[[DemoStage, Row], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """Flows that run one after the other; scenes of one act run side by side."""

    flows: tuple[tuple[Row, Flow], ...]


def note(row: Row, handle: Handle) -> None:
    """Put the source's ids into the row: the trace id, or the event's place for key requests."""
    row.trace_id = str(handle.ref if handle.ref.trace_id is None else handle.ref.trace_id)


async def request_key(
    stage: DemoStage, row: Row, *, wallet: WalletType, options: Options, account: str = USER
) -> None:
    """Omni: the answer stays on the ledger."""
    handle = await (await stage.zrsign(account, OMNI)).request_key(wallet, options=options)
    note(row, handle)
    answer = await handle.key()
    row.ledger_request, row.detail = answer.request_id, answer.address


async def request_key_direct(stage: DemoStage, row: Row) -> None:
    """Direct: the relayer writes the answer back, and the contract itself hands it out."""
    client = await stage.zrsign(USER, DIRECT)
    handle = await client.request_key(EVM)
    note(row, handle)
    request = await handle.request()
    row.ledger_request = request.id
    row.destination_tx = request.deliveries[-1].tx_id
    await checks.evm_receipt(stage.network.rpc(SOURCE), row.destination_tx)
    keys = await client.contract.keys(EVM, client.contract.account.address)
    if keys != [request.wallet]:
        raise checks.NotConfirmed(f"getZrKeys answers {keys}, the ledger {request.wallet}")
    row.detail = request.wallet


async def sign_data(stage: DemoStage, row: Row) -> None:
    """EIP-191 over a message; eth-account recovers the wallet's address."""
    handle = await (await stage.zrsign(USER, OMNI)).sign_data(EVM, 0, SOURCE, MESSAGE)
    note(row, handle)
    answer = await handle.signature()
    row.ledger_request = answer.request_id
    address, _ = await stage.wallet(USER, EVM)
    recovered = EvmAccount.recover_message(
        encode_defunct(MESSAGE), signature=evm_signature(answer.signature)
    )
    expect_signer(recovered, address)
    row.detail = f"signed by {address}"


async def sign_hash_direct(stage: DemoStage, row: Row) -> None:
    """A digest as it is; the signature is also written back to the contract."""
    handle = await (await stage.zrsign(USER, DIRECT)).sign_hash(EVM, 0, SOURCE, keccak(MESSAGE))
    note(row, handle)
    request = await handle.request()
    row.ledger_request = request.id
    row.destination_tx = request.deliveries[-1].tx_id
    await checks.evm_receipt(stage.network.rpc(SOURCE), row.destination_tx)
    address, _ = await stage.wallet(USER, EVM)
    signature = evm_signature(request.signatures[0])
    expect_signer(EvmAccount._recover_hash(keccak(MESSAGE), signature=signature), address)
    row.detail = f"signed by {address}"


def evm_signature(signature: bytes) -> bytes:
    """r||s||v with v 27 or 28, as eth-account reads it."""
    return signature[:64] + bytes([signature[64] + 27])


def expect_signer(recovered: str, address: str) -> None:
    """Raises NotConfirmed unless the signature recovers to the wallet's address."""
    if recovered != address:
        raise checks.NotConfirmed(f"the signature is {recovered}'s, not {address}'s")


async def transfer(stage: DemoStage, row: Row, *, account: str = USER) -> None:
    """A value transfer on the other EVM chain, from a whole unsigned transaction."""
    rpc = stage.network.rpc(DESTINATION)
    sender, _ = await stage.wallet(account, EVM)
    if await checks.evm_balance(rpc, sender) < VALUE_WEI:
        await fund_evm(rpc, sender, ETHER)
    recipient = EvmAccount.create().address
    unsigned = await compose_evm(stage, sender, recipient, VALUE_WEI, b"")
    await deliver(stage, row, EVM, DESTINATION, unsigned, account=account)
    await checks.evm_receipt(rpc, row.destination_tx)
    if await checks.evm_balance(rpc, recipient) != VALUE_WEI:
        raise checks.NotConfirmed(f"{recipient} did not receive {VALUE_WEI} wei")
    row.detail = f"{VALUE_WEI / ETHER} ETH to {recipient}"


async def contract_call(stage: DemoStage, row: Row) -> None:
    """A contract call on the other EVM chain; the contract's own state shows it."""
    counter = await deploy_counter(stage)
    sender, _ = await stage.wallet(USER, EVM)
    unsigned = await compose_evm(stage, sender, counter, 0, keccak(text="increment()")[:4])
    await deliver(stage, row, EVM, DESTINATION, unsigned)
    rpc = stage.network.rpc(DESTINATION)
    await checks.evm_receipt(rpc, row.destination_tx)
    call = {"to": counter, "data": "0x" + keccak(text="number()")[:4].hex()}
    number = int(await rpc.call("eth_call", call, "latest"), 16)
    if number != 1:
        raise checks.NotConfirmed(f"the counter shows {number}, not 1")
    row.detail = "counter: 0 to 1"


async def deploy_counter(stage: DemoStage) -> str:
    """Create the example counter on the destination chain. Returns its address."""
    rpc = stage.network.rpc(DESTINATION)
    deployer = stage.network.manifest.account("deployer").evm()
    created = deployer.sign_transaction(
        {
            "chainId": DESTINATION_CHAIN_ID,
            "nonce": await checks.evm_nonce(rpc, deployer.address),
            "gas": CREATE_GAS,
            "gasPrice": int(await rpc.call("eth_gasPrice"), 16) * 2,
            "data": artifact("Counter").link(),
        }
    )
    tx_hash = await rpc.call("eth_sendRawTransaction", created.raw_transaction.to_0x_hex())
    return str((await checks.evm_receipt(rpc, tx_hash))["contractAddress"])


async def compose_evm(stage: DemoStage, sender: str, to: str, value: int, data: bytes) -> bytes:
    """An unsigned EIP-1559 transaction of `value` wei with the sender's next nonce."""
    rpc = stage.network.rpc(DESTINATION)
    base_fee = int((await rpc.call("eth_getBlockByNumber", "latest", False))["baseFeePerGas"], 16)
    tip = 10**9
    return evm.EvmChain(DESTINATION).compose(
        Intent(to, value, data, max_network_fee=ETHER),
        nonce=await checks.evm_nonce(rpc, sender),
        gas=CALL_GAS,
        max_fee=2 * base_fee + tip,
        priority_fee=tip,
    )


async def deliver(
    stage: DemoStage,
    row: Row,
    wallet: WalletType,
    chain: str,
    unsigned: bytes,
    *,
    account: str = USER,
) -> None:
    """zrSignTx with broadcast, until the ledger has it confirmed."""
    handle = await (await stage.zrsign(account, OMNI)).sign_tx(wallet, 0, chain, unsigned)
    note(row, handle)
    answer = await handle.transaction()
    row.ledger_request, row.destination_tx = answer.request_id, answer.tx_id or ""


async def bitcoin_payment(stage: DemoStage, row: Row) -> None:
    """SimpleTx.

    Recipient and value only; the proxy finds coins and fee, the ledger verifies them.
    """
    bitcoin = stage.network.bitcoin
    sender, _ = await stage.wallet(USER, BITCOIN_TEST)
    await bitcoin.fund(sender, 10 * VALUE_SATS)
    recipient = await bitcoin.wallet("getnewaddress", "recipient", "bech32")
    handle = await (await stage.zrsign(USER, OMNI)).sign_simple_tx(
        BITCOIN_TEST, 0, BITCOIN_REGTEST, recipient, VALUE_SATS
    )
    note(row, handle)
    answer = await handle.transaction()
    row.ledger_request, row.destination_tx = answer.request_id, answer.tx_id or ""
    await checks.bitcoin_paid(bitcoin.rpc, row.destination_tx, recipient, VALUE_SATS)
    row.detail = f"{VALUE_SATS} sats to {recipient}"


async def cosmos_payment(stage: DemoStage, row: Row) -> None:
    """SimpleTx on the ledger itself, which is a Cosmos chain; its bank shows the coins."""
    ledger = stage.ledger(FUNDER)
    sender, _ = await stage.wallet(USER, COSMOS)
    await fund_ledger(stage, sender)
    recipient = Account.generate().address
    handle = await (await stage.zrsign(USER, OMNI)).sign_simple_tx(
        COSMOS, 0, COSMOS_LOCAL, recipient, VALUE_UROCK
    )
    note(row, handle)
    answer = await handle.transaction()
    row.ledger_request, row.destination_tx = answer.request_id, answer.tx_id or ""
    if await checks.ledger_balance(ledger, recipient) != VALUE_UROCK:
        raise checks.NotConfirmed(f"{recipient} did not receive {VALUE_UROCK} urock")
    row.detail = f"{VALUE_UROCK / 10**6} ROCK to {recipient}"


async def cosmos_workspace(stage: DemoStage, row: Row) -> None:
    """A contract's wallet opens a workspace on the ledger, as any account there may."""
    client = await stage.zrsign(USER, OMNI)
    owner, _ = await stage.wallet(USER, COSMOS)
    await fund_ledger(stage, owner)
    handle = await client.sign_ledger_tx(0, cosmos.new_workspace(owner))
    note(row, handle)
    answer = await handle.transaction()
    row.ledger_request, row.destination_tx = answer.request_id, answer.tx_id or ""
    found = await checks.workspaces_of(stage.ledger(FUNDER), owner)
    if len(found) != 1:
        raise checks.NotConfirmed(f"{owner} owns {len(found)} workspaces, not 1")
    row.detail = f"{found[0]} of {owner}"


async def fund_ledger(stage: DemoStage, address: str) -> None:
    """Give an address of the ledger coins, unless it has some."""
    ledger = stage.ledger(FUNDER)
    if await checks.ledger_balance(ledger, address) < VALUE_UROCK:
        chain = await cosmos.ledger_chain(ledger)
        await ledger.broadcast(
            cosmos.bank_send(chain, ledger.account.address, address, 10 * VALUE_UROCK)
        )


async def solana_transfer(stage: DemoStage, row: Row) -> None:
    """A Solana transfer, from a whole unsigned message."""
    rpc = stage.network.rpc(SOLANA_LOCALNET)
    sender, public_key = await stage.wallet(USER, SOLANA)
    await fund_solana(rpc, sender, LAMPORTS_PER_SOL)
    recipient = str(Keypair().pubkey())
    latest = await rpc.call("getLatestBlockhash", {"commitment": "confirmed"})
    unsigned = solana.SolanaChain(SOLANA_LOCALNET).compose(
        Intent(recipient, VALUE_LAMPORTS, b"", max_network_fee=LAMPORTS_PER_SOL),
        from_public_key=public_key,
        blockhash=latest["value"]["blockhash"],
    )
    await deliver(stage, row, SOLANA, SOLANA_LOCALNET, unsigned)
    await checks.solana_confirmed(rpc, row.destination_tx)
    if await checks.solana_balance(rpc, recipient) != VALUE_LAMPORTS:
        raise checks.NotConfirmed(f"{recipient} did not receive {VALUE_LAMPORTS} lamports")
    row.detail = f"{VALUE_LAMPORTS / LAMPORTS_PER_SOL} SOL to {recipient}"
