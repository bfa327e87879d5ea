"""What stands in for the network in a dApp's tests: both contracts, and fixed keys that answer.

The contracts are the real ones, so fees, checks, events and deliveries are too. The keys follow
from owner, wallet type and index, and are known to everybody who reads this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.abi import event_abi_to_log_topic
from web3 import AsyncHTTPProvider, AsyncWeb3, HTTPProvider, Web3
from web3.contract import Contract

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.contracts import artifact
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import Mode, Plan
from zrsign.errors import TransactionReverted
from zrsign.sdk.blocking import own_loop
from zrsign.sdk.request import ContractMode
from zrsign_chains import Chain, WalletType, chain_by_hash, chain_for, wallet_type_by_id
from zrsign_chains.ecdsa import N
from zrsign_chains.hashing import keccak256
from zrsign_chains.wallets import KeyAlgorithm
from zrsign_dev_keyring.keys import SecretKey
from zrsign_receiver.answers import authority

MNEMONIC = "test test test test test test test test test test test junk"
"""What the accounts of every development chain follow from."""
KINDS = (
    wire.REQUEST_KIND_HASH,
    wire.REQUEST_KIND_TX,
    wire.REQUEST_KIND_SIMPLE_TX,
    wire.REQUEST_KIND_DATA,
)
"""The kinds of requests by the contracts' numbers of them."""
ANSWER_GAS = 1_000_000


@dataclass(frozen=True)
class Answered:
    """One request and its answer: a wallet's address, or a signature.

    It has the form that Direct is told (v 27 or 28), or that the ledger keeps for Omni (v 0 or 1).
    """

    contract: str
    owner: str
    wallet: WalletType
    index: int
    address: str
    trace_id: int | None = None
    signature: bytes = b""


@dataclass
class SignerForTests:
    """Answers what both contracts are asked, with fixed keys: for tests, and for nothing else.

    A simple transaction is not composed: the digest of its payload is signed.
    """

    rpc_url: str
    contracts: Mapping[ContractMode, ChecksumAddress]
    submitter: LocalAccount
    next_block: int = field(default=0)

    @classmethod
    def deploy(cls, rpc_url: str) -> SignerForTests:
        """Deploy both contracts with the first account of the chain. Raises DeployError."""
        first, second, authority_account = _account(0), _account(1), _authority()

        async def run() -> dict[ContractMode, ChecksumAddress]:
            w3 = AsyncWeb3(AsyncHTTPProvider(rpc_url))
            try:
                plans = [
                    Plan(mode, authority_account.address, second.address, safety=None)
                    for mode in Mode
                ]
                made = [await deploy(w3, first, plan) for plan in plans]
            finally:
                await w3.provider.disconnect()
            return {ContractMode(one.mode): one.address for one in made}

        with own_loop() as on_loop:
            return cls(rpc_url, on_loop(run()), first)

    @property
    def direct(self) -> ChecksumAddress:
        """The Direct contract's address."""
        return self.contracts[ContractMode.DIRECT]

    @property
    def omni(self) -> ChecksumAddress:
        """The Omni contract's address."""
        return self.contracts[ContractMode.OMNI]

    def address(
        self, wallet: WalletType, owner: str, index: int, chain: Chain | None = None
    ) -> str:
        """The address of a wallet, whether it was asked for or not."""
        found = chain or chain_for(wallet.network)
        return found.address(_key(wallet, owner, index).public_key)

    def answer(self) -> list[Answered]:
        """Answer what was asked since the last call; Direct is told, Omni's answers are returned.

        Raises TransactionReverted when a contract refuses its answer.
        """
        last = self._w3.eth.block_number
        if last < self.next_block:
            return []
        logs = self._w3.eth.get_logs(
            {
                "address": list(self.contracts.values()),
                "fromBlock": self.next_block,
                "toBlock": last,
            }
        )
        self.next_block = last + 1
        return [done for log in logs if (done := self._answer(log)) is not None]

    @cached_property
    def _w3(self) -> Web3:
        return Web3(HTTPProvider(self.rpc_url))

    @cached_property
    def _direct(self) -> Contract:
        return self._w3.eth.contract(self.direct, abi=artifact("ZrSign").abi)

    def _answer(self, log: Any) -> Answered | None:
        events = self._direct.events
        asked = ((events.ZrKeyRequest(), self._key), (events.ZrSigRequest(), self._signature))
        for event, answer in asked:
            if bytes(log["topics"][0]) == event_abi_to_log_topic(event.abi):
                return answer(log["address"], event.process_log(log)["args"])
        return None

    def _key(self, contract: str, asked: Any) -> Answered:
        wallet = wallet_type_by_id(asked["walletTypeId"])
        owner, index, options = asked["owner"], asked["walletIndex"], asked["options"]
        address = self.address(wallet, owner, index)
        if contract == self.direct:
            event = self._event(owner)
            event.key.wallet_type_id, event.key.wallet_index = wallet.id, index
            told = wire.Answer(
                wallet_type_id=wallet.id,
                wallet_index=index,
                wallet=address,
                options=options,
                owner=owner,
            )
            signature = self._authorised(event, told)
            fields = (wallet.id, owner, index, address, options, signature)
            self._send(self._direct.functions.zrKeyRes(fields))
        return Answered(contract, owner, wallet, index, address)

    def _signature(self, contract: str, asked: Any) -> Answered:
        params = asked["params"]
        wallet = wallet_type_by_id(params["walletTypeId"])
        owner, index, payload = params["owner"], params["walletIndex"], params["payload"]
        kind, trace_id = KINDS[params["zrSignReqType"]], asked["traceId"]
        chain = chain_for(chain_by_hash(params["dstChainId"]))
        key = _key(wallet, owner, index)
        form = _told if contract == self.direct else _kept
        signature = b"".join(
            form(key.algorithm, key.sign(each)) for each in _signed(chain, kind, payload)
        )
        if contract == self.direct:
            event = self._event(owner)
            event.sign.wallet_type_id, event.sign.wallet_index = wallet.id, index
            event.sign.dst_chain_id, event.sign.payload = params["dstChainId"], payload
            event.sign.kind = kind
            is_transaction = kind in (wire.REQUEST_KIND_TX, wire.REQUEST_KIND_SIMPLE_TX)
            told = wire.Answer(
                trace_id=trace_id.to_bytes(32, "big"),
                meta_data=payload if is_transaction else b"",
                signature=signature,
                broadcast=params["broadcast"],
                owner=owner,
            )
            signed = self._authorised(event, told)
            fields = (trace_id, owner, told.meta_data, signature, told.broadcast, signed)
            self._send(self._direct.functions.zrSignRes(fields))
        address = self.address(wallet, owner, index, chain)
        return Answered(contract, owner, wallet, index, address, trace_id, signature)

    def _event(self, owner: str) -> wire.SourceEvent:
        source = wire.SourceId(chain=f"eip155:{self._w3.eth.chain_id}", contract=self.direct)
        return wire.SourceEvent(id=source, owner=owner)

    def _authorised(self, event: wire.SourceEvent, told: wire.Answer) -> bytes:
        """What the contract takes as the authority's signature, bound to the request."""
        told.context = authority.context(event)
        key = SecretKey(KeyAlgorithm.ECDSA_SECP256K1, bytes(_authority().key))
        return authority.authorisation(told, key.sign(authority.digest(event.id, told)))

    def _send(self, call: Any) -> None:
        w3, sender = self._w3, self.submitter.address
        nonce = w3.eth.get_transaction_count(sender, "pending")
        built = call.build_transaction({"from": sender, "nonce": nonce, "gas": ANSWER_GAS})
        signed = self.submitter.sign_transaction(built)
        receipt = w3.eth.wait_for_transaction_receipt(
            w3.eth.send_raw_transaction(signed.raw_transaction), poll_latency=0.02
        )
        if receipt["status"] != 1:
            raise TransactionReverted(
                f"The contract refused the answer of {call.fn_name}.",
                "Was it cancelled, or answered by somebody else?",
            )


def _signed(chain: Chain, kind: int, payload: bytes) -> tuple[bytes, ...]:
    """What the wallet signs for a request."""
    match kind:
        case wire.REQUEST_KIND_HASH:
            return (payload,)
        case wire.REQUEST_KIND_DATA:
            return (chain.message_digest(payload),)
        case wire.REQUEST_KIND_TX:
            return chain.sighashes(chain.parse(payload))
    return (keccak256(payload),)


def _told(algorithm: KeyAlgorithm, signature: bytes) -> bytes:
    """A signature as contracts are told: v 27 or 28 of EVM wallets, r and s of Bitcoin's."""
    if algorithm is KeyAlgorithm.ECDSA_SECP256K1:
        return authority.recoverable(signature)
    return signature[:64]


def _kept(algorithm: KeyAlgorithm, signature: bytes) -> bytes:
    """A signature as the ledger keeps it: v 0 or 1 of EVM wallets, DER of Bitcoin's."""
    if algorithm is not KeyAlgorithm.BITCOIN_SECP256K1:
        return signature
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:64]))
    return encode_dss_signature(r, s)


def _key(wallet: WalletType, owner: str, index: int) -> SecretKey:
    """The wallet's fixed key."""
    seed = b"zrSign test wallet" + wallet.id + bytes.fromhex(owner[2:]) + index.to_bytes(32, "big")
    secret = int.from_bytes(keccak256(seed), "big") % (N - 1) + 1
    return SecretKey(wallet.key_algorithm, secret.to_bytes(32, "big"))


def _authority() -> LocalAccount:
    account: LocalAccount = Account.from_key(keccak256(b"zrSign test authority"))
    return account


def _account(place: int) -> LocalAccount:
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{place}")
    return account
