"""The zrSign contract as one account sees it: calls go out, source events come back.

The contract is the authority on fees and checks; a refusal arrives here as TransactionReverted with
the custom error's
name and values (selectors: the ABI's `errors`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import ClientError
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress, HexAddress, HexStr
from eth_utils.abi import event_abi_to_log_topic
from hexbytes import HexBytes
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.exceptions import (
    BadFunctionCallOutput,
    ContractCustomError,
    ContractLogicError,
    Web3Exception,
    Web3RPCError,
)
from web3.types import TxParams, TxReceipt, Wei
from yarl import URL

from zrsign.contracts import artifact
from zrsign.errors import ContractError, NetworkError, TransactionReverted, ZrSignError
from zrsign.sdk import preflight
from zrsign.sdk.request import ContractMode, RequestRef
from zrsign.sdk.reverts import explain
from zrsign_chains.contract_abi import Function
from zrsign_chains.wallets import WalletType

# The base fee may rise by 12.5 % a block (EIP-1559); what is not used comes back with the answer.
FEE_MARGIN_PERCENT = 150
RECEIPT_TIMEOUT_S = 120
POLL_S = 0.02
NODE_ERRORS = (ClientError, Web3Exception, OSError, ValueError)
"""What a call raises where something else than an EVM node answers, or nothing does."""


class SourceContract:
    """One deployed contract, called by one account.

    Transactions of the account are sent one at a time.
    """

    _nonce_locks: ClassVar[dict[tuple[int, str], asyncio.Lock]] = {}

    def __init__(
        self,
        w3: AsyncWeb3[AsyncHTTPProvider],
        address: ChecksumAddress,
        account: LocalAccount,
        chain_id: int,
        mode: ContractMode,
    ) -> None:
        self.w3 = w3
        self.address = address
        self.account = account
        self.chain_id = chain_id
        self.mode = mode
        name = "ZrSign" if mode is ContractMode.DIRECT else "ZrSignOmni"
        self._contract = w3.eth.contract(address=address, abi=artifact(name).abi)
        self._lock = self._nonce_locks.setdefault((chain_id, account.address), asyncio.Lock())

    async def fee_wei(self, options: int) -> int:
        """Return what a request costs now, with a margin for a rising base fee."""
        functions = self._contract.functions
        mpc = int(await functions.getMPCFee().call()) * options
        if self.mode is ContractMode.OMNI:
            return mpc
        gas, buffer_percent = await asyncio.gather(
            functions.getRespGas().call(), functions.getRespGasPriceBuffer().call()
        )
        base_fee = (await self.w3.eth.get_block("latest"))["baseFeePerGas"]
        response = gas * (base_fee * buffer_percent // 100)
        return int(mpc + response * FEE_MARGIN_PERCENT // 100)

    async def options_of(self, wallet: WalletType, index: int) -> int:
        """Return the options that the account's wallet was requested with; 1 when it never was."""
        registry = await self._contract.functions.getWalletRegistry(
            wallet.id, index, self.account.address
        ).call()
        return max(1, int(registry[1]))

    async def keys(self, wallet: WalletType, owner: str) -> list[str]:
        """List the wallets that a Direct contract itself holds for `owner`."""
        return list(await self._contract.functions.getZrKeys(wallet.id, owner).call())

    async def send(self, function: Function, ask: Mapping[str, Any], value_wei: int) -> RequestRef:
        """Call a request function and return what its event says.

        `ask` names the fields of the function's struct. Raises TransactionReverted.
        """
        call = self._contract.get_function_by_signature(function.signature)
        return self._request_in(await self._transact(call(*function.arguments(ask)), value_wei))

    async def request_of(self, tx_hash: bytes) -> RequestRef:
        """Return the first request that a transaction made, of whatever contract it called.

        Raises TransactionReverted when it reverted, or asked this contract for nothing.
        """
        return self._request_in(await self._receipt(HexBytes(tx_hash)))

    def _request_in(self, receipt: TxReceipt) -> RequestRef:
        events = (self._contract.events.ZrKeyRequest(), self._contract.events.ZrSigRequest())
        for log in receipt["logs"]:
            for event in events:
                topic = event_abi_to_log_topic(event.abi)
                if log["address"] == self.address and log["topics"][0] == topic:
                    return RequestRef(
                        chain=f"eip155:{self.chain_id}",
                        contract=self.address,
                        tx_hash=bytes(receipt["transactionHash"]),
                        log_index=log["logIndex"],
                        trace_id=event.process_log(log)["args"].get("traceId"),
                    )
        raise TransactionReverted(
            f"0x{receipt['transactionHash'].hex()} asked nothing of {self.address}.",
            "Does the contract that it called ask this zrSign contract?",
        )

    async def close(self) -> None:
        """Close the connection to the node."""
        await self.w3.provider.disconnect()

    async def _transact(self, function: Any, value_wei: int) -> TxReceipt:
        call: TxParams = {"from": self.account.address, "value": Wei(value_wei)}
        try:
            async with self._lock:
                nonce = await self.w3.eth.get_transaction_count(self.account.address, "pending")
                built = await function.build_transaction({**call, "nonce": nonce})
                signed = self.account.sign_transaction(built)
                tx_hash = await self.w3.eth.send_raw_transaction(signed.raw_transaction)
        except ContractCustomError as error:
            raise TransactionReverted(*explain(bytes.fromhex(str(error.data)[2:]))) from None
        except ContractLogicError as error:
            raise TransactionReverted(str(error), "Nothing was sent.") from None
        except Web3RPCError as error:
            raise TransactionReverted(
                f"The node refused the transaction: {error.message}",
                f"Does {self.account.address} have ether for value and gas?",
            ) from None
        return await self._receipt(tx_hash)

    async def _receipt(self, tx_hash: HexBytes) -> TxReceipt:
        receipt = await self.w3.eth.wait_for_transaction_receipt(
            tx_hash, timeout=RECEIPT_TIMEOUT_S, poll_latency=POLL_S
        )
        if receipt["status"] != 1:
            raise TransactionReverted(
                f"0x{tx_hash.hex()} reverted.", "Estimate the fee again and retry."
            )
        return receipt


async def connect(
    rpc_url: str, address: str, account: LocalAccount, mode: ContractMode
) -> SourceContract:
    """Connect to a deployed contract; the node says which chain it is on.

    Raises UsageError for what is no address, NetworkError, and ContractError unless the contract
    is a zrSign contract of this mode.
    """
    checked = ChecksumAddress(HexAddress(HexStr(preflight.address(address))))
    w3 = AsyncWeb3(AsyncHTTPProvider(rpc_url))
    try:
        chain_id, found = await w3.eth.chain_id, await mode_of(w3, checked)
        if found is not mode:
            raise ContractError(
                f"{checked} is a contract of the mode {found}, not {mode}.",
                f"Use mode {found}, or the address of the {mode} contract.",
            )
        return SourceContract(w3, checked, account, chain_id, mode)
    except NODE_ERRORS as error:
        await w3.provider.disconnect()
        raise NetworkError(
            f"No EVM node answers at {host_of(rpc_url)}: {type(error).__name__}.",
            "Is the URL that of the chain's JSON-RPC, and does the node run?",
        ) from None
    except ZrSignError:
        await w3.provider.disconnect()
        raise


def host_of(url: str) -> str:
    """Host and port of a URL: its user, password and path are where providers put their keys."""
    try:
        parsed = URL(url)
    except ValueError:
        return "what is no URL"
    return f"{parsed.host}:{parsed.port}" if parsed.host else "what is no URL"


async def mode_of(w3: AsyncWeb3[AsyncHTTPProvider], address: str) -> ContractMode:
    """The mode of the zrSign contract at an address. Raises ContractError where there is none."""
    place = ChecksumAddress(HexAddress(HexStr(address)))
    contract = w3.eth.contract(place, abi=artifact("ZrSign").abi)
    if await _answers(contract.functions.getMPCFee()):
        has_answers = await _answers(contract.functions.getRespGas())
        return ContractMode.DIRECT if has_answers else ContractMode.OMNI
    if await w3.eth.get_code(place):
        raise ContractError(
            f"The contract at {address} is no zrSign contract.",
            "Ask who deployed it for the proxy's address.",
        )
    raise ContractError(
        f"There is no contract at {address} on chain {await w3.eth.chain_id}.",
        "Is it the address of another chain, or the RPC that of another?",
    )


async def _answers(function: Any) -> bool:
    """Whether the contract has this view function."""
    try:
        await function.call()
    except (ContractLogicError, BadFunctionCallOutput):
        return False
    return True
