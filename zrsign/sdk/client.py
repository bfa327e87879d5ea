"""ZrSign: one contract, one account, and the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount
from google.protobuf.message import Message

from zrchain_lite.client import ClientError, LedgerClient, TrustSettings
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.errors import NetworkError, UsageError
from zrsign.networks.network import Network
from zrsign.sdk import answers, cosmos, preflight
from zrsign.sdk.answers import KeyAnswer, SignatureAnswer, TransactionAnswer
from zrsign.sdk.contract import SourceContract, connect
from zrsign.sdk.ledger import Receiver
from zrsign.sdk.request import ContractMode, Options, RequestRef
from zrsign.sdk.roots import rooted
from zrsign.sdk.waiting import Tell
from zrsign_chains import COSMOS, contract_abi, simple_tx
from zrsign_chains.caip import chain_hash
from zrsign_chains.wallets import WalletType

ANSWER_TIMEOUT_S = 60.0
LEDGER_ATTEMPTS = 3
"""How often the ledger is tried when the SDK connects: it may just restart."""


@dataclass(frozen=True)
class Handle:
    """A request on its way.

    Its answer can be awaited, by this process or by any other that knows `ref`.
    """

    ref: RequestRef
    receiver: Receiver

    @rooted
    async def request(
        self, timeout_s: float = ANSWER_TIMEOUT_S, *, tell: Tell | None = None
    ) -> wire.Request:
        """Wait for the ledger's whole record, once the request is final.

        `tell` hears what it waits for meanwhile, such as approvals. Raises RequestRejected, and
        AnswerTimeout, which says it as well.
        """
        return answers.checked(await self.receiver.wait(self.ref, timeout_s, tell=tell))

    async def key(
        self, timeout_s: float = ANSWER_TIMEOUT_S, *, tell: Tell | None = None
    ) -> KeyAnswer:
        """Wait for the wallet that was asked for.

        Raises RequestRejected, AnswerTimeout."""
        return answers.key_answer(await self.request(timeout_s, tell=tell))

    async def signature(
        self, timeout_s: float = ANSWER_TIMEOUT_S, *, tell: Tell | None = None
    ) -> SignatureAnswer:
        """Wait for the signature of a hash or of data.

        Raises RequestRejected, AnswerTimeout."""
        return answers.signature_answer(await self.request(timeout_s, tell=tell))

    async def transaction(
        self, timeout_s: float = ANSWER_TIMEOUT_S, *, tell: Tell | None = None
    ) -> TransactionAnswer:
        """Wait for the signed transaction, and for its delivery where it is to be sent.

        Raises RequestRejected, AnswerTimeout."""
        return answers.transaction_answer(await self.request(timeout_s, tell=tell))


class ZrSign:
    """Requests of one account to one contract.

    Every call returns once the source transaction is in a block.
    """

    def __init__(self, contract: SourceContract, receiver: Receiver) -> None:
        self.contract = contract
        self.receiver = receiver

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        rpc_url: str,
        contract: str,
        account: LocalAccount,
        *,
        ledger: str,
        trust: TrustSettings | None = None,
        ca: Path | None = None,
        mode: ContractMode = ContractMode.OMNI,
    ) -> AsyncIterator[ZrSign]:
        """Connect to a contract and the ledger; `ledger` is host and port of a node's gRPC.

        With `trust`, what the ledger says is verified from the root that it names. Over TLS
        (`https://…`) the node is verified by the certificates in `ca`, else the system's.

        Raises NetworkError unless both answer, ContractError unless the contract is a zrSign
        contract of this mode, UsageError for what is no address.
        """
        await _answering(ledger, ca)
        async with LedgerClient(ledger, trust=trust, ca=ca) as client:
            source = await connect(rpc_url, contract, account, mode)
            try:
                yield cls(source, Receiver(client))
            finally:
                await source.close()

    @classmethod
    def of(
        cls, network: Network, account: str = "user", *, mode: ContractMode = ContractMode.OMNI
    ) -> AbstractAsyncContextManager[ZrSign]:
        """Connect one of a network's accounts to its contract of this mode.

        `zrsign.sdk.load_network` finds networks. Raises ManifestError for what it does not have.
        """
        entry, ledger = network.contract(mode), network.ledger
        return cls.connect(
            network.chain(entry.chain).rpc_url,
            entry.address,
            network.account(account).evm(),
            ledger=ledger.grpc,
            trust=ledger.trust(),
            ca=ledger.ca,
            mode=mode,
        )

    @rooted
    async def request_key(
        self, wallet: WalletType, *, options: Options = Options.NORMAL, owner: str | None = None
    ) -> Handle:
        """Ask for the owner's next wallet of a type; the owner is this account unless named."""
        preflight.wallet(wallet)
        ask = {
            "owner": preflight.address(owner or self.contract.account.address),
            "walletTypeId": wallet.id,
            "options": int(options),
        }
        fee = await self.contract.fee_wei(options)
        function = contract_abi.function("zrKeyReq")
        return self._handle(await self.contract.send(function, ask, fee))

    @rooted
    async def sign_hash(self, wallet: WalletType, index: int, chain: str, digest: bytes) -> Handle:
        """Ask for a signature of a 32-byte digest, as it is."""
        preflight.place(wallet, index, chain)
        preflight.digest(digest)
        return await self._sign("zrSignHash", wallet, index, chain, digest)

    @rooted
    async def sign_data(self, wallet: WalletType, index: int, chain: str, data: bytes) -> Handle:
        """Ask for a signature of a message: EIP-191 for EVM wallets."""
        preflight.place(wallet, index, chain)
        preflight.payload(data, "Data")
        return await self._sign("zrSignData", wallet, index, chain, data)

    @rooted
    async def sign_tx(
        self, wallet: WalletType, index: int, chain: str, unsigned: bytes, *, broadcast: bool = True
    ) -> Handle:
        """Ask for the signature of a whole unsigned transaction, and for its delivery."""
        preflight.place(wallet, index, chain)
        preflight.transaction(chain, unsigned)
        return await self._sign("zrSignTx", wallet, index, chain, unsigned, broadcast=broadcast)

    @rooted
    async def sign_simple_tx(
        self,
        wallet: WalletType,
        index: int,
        chain: str,
        to: str,
        value: int,
        data: bytes = b"",
        *,
        broadcast: bool = True,
    ) -> Handle:
        """Ask for a payment (value in the chain's smallest unit).

        The network finds nonce, fees and inputs.
        """
        preflight.place(wallet, index, chain)
        preflight.payment(chain, to, value, data)
        payload = simple_tx.encode(simple_tx.SimpleTx(to, value, data))
        return await self._sign(
            "zrSignSimpleTx", wallet, index, chain, payload, broadcast=broadcast
        )

    @rooted
    async def request_of(self, tx_hash: bytes) -> Handle:
        """Find the request that a transaction to a contract of yours made, and wait for it here.

        Raises TransactionReverted when it reverted, or asked nothing of this zrSign contract.
        """
        return self._handle(await self.contract.request_of(tx_hash))

    @rooted
    async def wallet_address(self, wallet: WalletType, index: int) -> str:
        """Return the address of one of this account's wallets; raises UsageError without one."""
        return (await self._wallet(wallet, index)).address

    @rooted
    async def sign_ledger_tx(
        self, index: int, *messages: Message, memo: str = "", broadcast: bool = True
    ) -> Handle:
        """Ask for a transaction of a Cosmos wallet's own account on the ledger.

        `messages` name the wallet's address as their signer (`zrsign.sdk.cosmos` builds some).
        Raises UsageError when there is no such wallet, or its account never held a coin.
        """
        client = self.receiver.client
        wallet = await self._wallet(COSMOS, index)
        chain = await cosmos.ledger_chain(client)
        signer = await cosmos.signer_of(client, wallet.public_key)
        unsigned = cosmos.sign_doc(chain, signer, *messages, memo=memo)
        return await self.sign_tx(COSMOS, index, chain.caip2, unsigned, broadcast=broadcast)

    async def _wallet(self, wallet: WalletType, index: int) -> wire.Wallet:
        owner = self.contract.account.address
        for each in await self.receiver.wallets(owner):
            if (each.coin_type, each.index) == (wallet.coin_type, index):
                return each
        raise UsageError(
            f"{owner} has no {wallet.name} wallet {index}.",
            f"Ask for one: zrsign request key {wallet.word}",
        )

    async def _sign(
        self,
        function: str,
        wallet: WalletType,
        index: int,
        chain: str,
        payload: bytes,
        **more: object,
    ) -> Handle:
        fee = await self.contract.fee_wei(await self.contract.options_of(wallet, index))
        ask = {
            "walletTypeId": wallet.id,
            "walletIndex": index,
            "dstChainId": chain_hash(chain),
            "payload": payload,
            **more,
        }
        return self._handle(await self.contract.send(contract_abi.function(function), ask, fee))

    def _handle(self, ref: RequestRef) -> Handle:
        return Handle(ref, self.receiver)


async def _answering(ledger: str, ca: Path | None) -> None:
    """Raise NetworkError unless a ledger answers: a request without one would cost money."""
    try:
        async with LedgerClient(ledger, ca=ca, attempts=LEDGER_ATTEMPTS) as client:
            await client.chain_id()
    except (ClientError, OSError) as error:
        raise NetworkError(
            f"No ledger answers at {ledger}: {error}",
            "Is this its gRPC address, as host:port or https://host:port? zrsign status",
        ) from error
