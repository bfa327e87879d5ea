"""Transactions of a contract's wallet on a Cosmos chain: what its key is asked to sign.

A wallet's account acts there like any other: it sends coins, opens workspaces, votes. On the ledger
itself, `ZrSign.sign_ledger_tx` does all of this in one call.
"""

from __future__ import annotations

from decimal import ROUND_CEILING

from google.protobuf.message import Message

from zrchain_lite.client import LedgerClient, ObjectNotFound
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.zrchain.identity.identity_pb2 import MsgNewWorkspace
from zrsign.errors import UsageError
from zrsign_chains.cosmos import CosmosChain, caip2_of
from zrsign_chains.cosmos_transactions import Charge, CosmosMessage, CosmosSigner, encode
from zrsign_chains.cosmos_transactions import Coin as ChargedCoin

GAS_LIMIT = 400_000
"""Gas that a transaction may use when nothing else is said: twice that of a new workspace."""


async def ledger_chain(client: LedgerClient) -> CosmosChain:
    """Return the ledger as a chain that its own wallets sign for. Raises UnknownChain."""
    return CosmosChain(caip2_of(await client.chain_id()))


async def signer_of(client: LedgerClient, public_key: bytes) -> CosmosSigner:
    """Return where the key's account stands on the ledger.

    Raises UsageError while it never held a coin: the ledger does not know it then.
    """
    address = (await ledger_chain(client)).address(public_key)
    try:
        answer = await client.query(
            "/cosmos.auth.v1beta1.Query/AccountInfo",
            auth.QueryAccountInfoRequest(address=address),
            auth.QueryAccountInfoResponse,
        )
    except ObjectNotFound:
        raise UsageError(
            f"{address} has no account on the ledger yet.", "Send it some coins first."
        ) from None
    return CosmosSigner(public_key, answer.info.account_number, answer.info.sequence)


def bank_send(chain: CosmosChain, sender: str, to: str, amount: int) -> MsgSend:
    """Build the message that sends `amount` of the chain's own coin, in its smallest unit."""
    coins = [Coin(denom=chain.network.denom, amount=str(amount))]
    return MsgSend(from_address=sender, to_address=chain.validate_address(to), amount=coins)


def new_workspace(
    creator: str,
    *,
    additional_owners: tuple[str, ...] = (),
    admin_policy_id: int = 0,
    sign_policy_id: int = 0,
) -> MsgNewWorkspace:
    """Build the message that opens a workspace on the ledger, owned by its creator."""
    return MsgNewWorkspace(
        creator=creator,
        additional_owners=additional_owners,
        admin_policy_id=admin_policy_id,
        sign_policy_id=sign_policy_id,
    )


def sign_doc(
    chain: CosmosChain,
    signer: CosmosSigner,
    *messages: Message,
    gas_limit: int = GAS_LIMIT,
    memo: str = "",
) -> bytes:
    """Build the SignDoc of these messages, for `ZrSign.sign_tx`; the fee is the chain's least.

    Raises ChainError when the wallet could not sign it.
    """
    price = chain.network.gas_price
    fee = int((price * gas_limit).to_integral_value(ROUND_CEILING))
    packed = [
        CosmosMessage(
            "/" + message.DESCRIPTOR.full_name, message.SerializeToString(deterministic=True)
        )
        for message in messages
    ]
    charge = Charge((ChargedCoin(chain.network.denom, fee),), gas_limit)
    payload = encode(chain.chain_id, signer, packed, charge, memo)
    chain.parse(payload)
    return payload
